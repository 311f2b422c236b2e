"""Sentinel's incidents, comments, entities and watchlists.

A tenant without seeded incidents makes one for whatever id it is asked; with
seeds, unknown ones are 404. Shapes after learn.microsoft.com/connectors/azuresentinel
and the SecurityInsights REST API 2023-11-01.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

from runafter.connectors.answers import entries, failure, ok, refuse
from runafter.connectors.instants import iso
from runafter.connectors.seedshape import ANY, NUMBER, TEXT
from runafter.connectors.spec import Call, Row, Store, Surroundings
from runafter.protocol.events import Outcome

INCIDENTS = "incidents"
STATUSES = ("New", "Active", "Closed")
SEVERITIES = ("High", "Medium", "Low", "Informational")
_ROOT = "/subscriptions/{s}/resourceGroups/{g}/providers/Microsoft.OperationalInsights/workspaces/{w}/providers/Microsoft.SecurityInsights/Incidents/{n}"

KINDS: Mapping[str, tuple[str, str, str]] = {
    "account": ("Accounts", "account", "Name"),
    "host": ("Hosts", "host", "HostName"),
    "ip": ("IPs", "ip", "Address"),
    "url": ("URLs", "url", "Url"),
    "filehash": ("Filehashes", "filehash", "Value"),
    "dnsresolution": ("Dnsresolutions", "dns", "DomainName"),
}
"""By path: the answer's list, the entity type, the field that names an entity."""


def _make(store: Store, around: Surroundings, now: int, arm_id: str, fields: Mapping[str, Any], *, seeded: bool) -> Row:
    number = store.next_number("incident")
    properties = {
        "title": fields.get("title", f"Incident {number}"),
        "description": fields.get("description", ""),
        "severity": fields.get("severity", "Medium"),
        "status": fields.get("status", "New"),
        "classification": fields.get("classification"),
        "owner": fields.get("owner")
        or {"objectId": None, "email": None, "assignedTo": None, "userPrincipalName": None},
        "labels": [{"labelName": label, "labelType": "User"} for label in fields.get("labels") or []],
        "incidentNumber": int(fields.get("incidentNumber", number)),
        "createdTimeUtc": iso(now),
        "lastModifiedTimeUtc": iso(now),
        "incidentUrl": f"https://portal.azure.com/#incident{arm_id}",
        "providerName": "Azure Sentinel",
        "relatedEntities": list(fields.get("entities") or []),
        "alerts": list(fields.get("alerts") or []),
        "comments": [],
        "additionalData": {
            "alertsCount": len(fields.get("alerts") or []),
            "tactics": list(fields.get("tactics") or []),
        },
    }
    row = {
        "id": arm_id,
        "name": arm_id.rsplit("/", 1)[-1],
        "etag": f'"{number}"',
        "type": "Microsoft.SecurityInsights/Incidents",
        "properties": properties,
    }
    store.put(INCIDENTS, arm_id.lower(), {**row, "seeded": seeded})
    return store.get(INCIDENTS, arm_id.lower()) or row


def _incident(call: Call, arm_id: str) -> Row:
    row = call.store.get(INCIDENTS, arm_id.lower())
    if row is not None:
        return row
    for _, candidate in call.store.rows(INCIDENTS):
        if arm_id and arm_id.rsplit("/", 1)[-1].lower() in (
            candidate["name"].lower(),
            str(candidate["properties"]["incidentNumber"]),
        ):
            return candidate
    if arm_id and not any(candidate.get("seeded") for _, candidate in call.store.rows(INCIDENTS)):
        return _make(call.store, call.around, call.now, arm_id, {}, seeded=False)
    raise refuse(404, "NotFound", f"Incident '{arm_id}' was not found.")


def _save(call: Call, row: Row, **properties: Any) -> Row:
    changed = {
        **row,
        "etag": f'"{call.store.next_number("etag")}"',
        "properties": {**row["properties"], **properties, "lastModifiedTimeUtc": iso(call.now)},
    }
    call.store.put(INCIDENTS, row["id"].lower(), changed)
    _tell(call, changed, "updated")
    return changed


def shown(row: Row) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != "seeded"}


def _tell(call: Call, row: Row, what: str) -> None:
    for _, subscription in call.store.rows("subscriptions"):
        if subscription["on"] == what:
            call.around.signal(subscription["callback_url"], {"headers": {}, "body": {"object": shown(row)}})


def subscribe(call: Call) -> Outcome:
    """Register a playbook: it is called for each incident that `raise_incident` makes."""
    ident = call.around.new_id()
    url = call.callback_url or str(call.record("body").get("callback_url") or f"subscription:{ident}")
    call.store.put("subscriptions", ident, {"callback_url": url, "on": "created"})
    return ok(None, status=201, headers={"Location": f"/subscriptions/{ident}"})


def raise_incident(store: Store, around: Surroundings, now: int, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Make an incident and call every playbook that waits for one."""
    name = str(fields.get("name") or around.new_id())
    arm_id = _ROOT.format(s="00000000-0000-0000-0000-000000000000", g="rg", w="workspace", n=name)
    row = _make(store, around, now, str(fields.get("id") or arm_id), fields, seeded=True)
    for _, subscription in store.rows("subscriptions"):
        around.signal(subscription["callback_url"], {"headers": {}, "body": {"object": shown(row)}})
    return shown(row)


def add_comment(call: Call) -> Outcome:
    body = call.record("body")
    return _comment(call, str(body.get("incidentArmId") or ""), str(body.get("message") or ""))


def add_legacy_comment(call: Call) -> Outcome:
    body = call.arguments.get("body")
    message = body.get("Value") if isinstance(body, dict) else body
    return _comment(call, call.text("number") or call.text("identifier"), str(message or ""))


def _comment(call: Call, arm_id: str, message: str) -> Outcome:
    if not message:
        return failure(400, "BadRequest", "The comment is empty.")
    if len(message) > 30_000:
        return failure(400, "BadRequest", "The comment is longer than 30,000 characters.")
    row = _incident(call, arm_id)
    name = call.around.new_id()
    comment = {
        "id": f"{row['id']}/Comments/{name}",
        "name": name,
        "properties": {
            "message": message,
            "createdTimeUtc": iso(call.now),
            "author": {"name": call.user, "email": call.user},
        },
    }
    _save(call, row, comments=[*row["properties"]["comments"], comment])
    return ok(comment, status=201)


def update_incident(call: Call) -> Outcome:
    body = call.record("body")
    row = _incident(call, str(body.get("incidentArmId") or ""))
    changes: dict[str, Any] = {}
    for name, allowed in (("status", STATUSES), ("severity", SEVERITIES)):
        value = body.get(name)
        if value:
            if value not in allowed:
                return failure(400, "BadRequest", f"'{value}' is no {name}; there are {', '.join(allowed)}.")
            changes[name] = value
    for name in ("title", "description"):
        if body.get(name):
            changes[name] = body[name]
    classification = body.get("classification")
    if isinstance(classification, dict):
        reason = classification.get("ClassificationAndReason") or classification.get("classificationAndReason")
        changes |= {
            "classification": str(reason or "").split(" - ")[0] or None,
            "classificationComment": classification.get("ClassificationReasonText"),
        }
    elif classification:
        changes["classification"] = classification
    if changes.get("status") == "Closed" and not (
        changes.get("classification") or row["properties"].get("classification")
    ):
        return failure(400, "BadRequest", "A closed incident needs a classification.")
    labels = {entry["labelName"] for entry in row["properties"]["labels"]}
    labels |= {_tag(entry) for entry in _tags(body.get("tagsToAdd"))}
    labels -= {_tag(entry) for entry in _tags(body.get("tagsToRemove"))}
    changes["labels"] = [{"labelName": label, "labelType": "User"} for label in sorted(labels)]
    if body.get("ownerAction") == "Unassign":
        changes["owner"] = {"objectId": None, "email": None, "assignedTo": None, "userPrincipalName": None}
    elif body.get("owner"):
        changes["owner"] = {
            "objectId": None,
            "email": body["owner"],
            "assignedTo": body["owner"],
            "userPrincipalName": body["owner"],
        }
    return ok(shown(_save(call, row, **changes)))


def _tags(value: Any) -> list[Any]:
    found = value.get("TagsToAdd", value.get("TagsToRemove")) if isinstance(value, dict) else value
    return found if isinstance(found, list) else []


def _tag(entry: Any) -> str:
    return str(entry.get("Tag", "")) if isinstance(entry, dict) else str(entry)


def get_incident(call: Call) -> Outcome:
    return ok(shown(_incident(call, str(call.record("body").get("incidentArmId") or ""))))


def get_incident_by_alert(call: Call) -> Outcome:
    alert = call.text("systemAlertId")
    for _, row in call.store.rows(INCIDENTS):
        if any(
            alert in (entry, entry.get("SystemAlertId") if isinstance(entry, dict) else None)
            for entry in row["properties"]["alerts"]
        ):
            return ok(shown(row))
    arm_id = _ROOT.format(
        s=call.text("subscriptionId"), g=call.text("resourceGroup"), w=call.text("workspaceId"), n=alert
    )
    return ok(shown(_incident(call, arm_id)))


def _change(call: Call, **properties: Any) -> Outcome:
    return ok(shown(_save(call, _incident(call, call.text("number") or call.text("identifier")), **properties)))


def _value(call: Call) -> Any:
    body = call.arguments.get("body")
    return body.get("Value") if isinstance(body, dict) else body


def change_severity(call: Call) -> Outcome:
    return _change(call, severity=call.text("severity"))


def change_status(call: Call) -> Outcome:
    body = call.record("body")
    return _change(
        call,
        status=call.text("status"),
        classification=body.get("CloseReason"),
        classificationComment=body.get("CloseReasonText"),
    )


def change_title(call: Call) -> Outcome:
    return _change(call, title=_value(call))


def change_description(call: Call) -> Outcome:
    return _change(call, description=_value(call))


def add_labels(call: Call) -> Outcome:
    labels = entries(call.record("body").get("Labels"))
    row = _incident(call, call.text("number") or call.text("identifier"))
    names = [entry["labelName"] for entry in row["properties"]["labels"]]
    names += [_tag(entry.get("Label", entry) if isinstance(entry, dict) else entry) for entry in labels]
    return _change(call, labels=[{"labelName": name, "labelType": "User"} for name in dict.fromkeys(names)])


# -- entities ------------------------------------------------------------------------------------------------------------------


def get_entities(call: Call) -> Outcome:
    """Pick the entities of one kind out of a list of entities (JSON text or array), as the service does."""
    kind = KINDS.get(call.text("kind").lower())
    if kind is None:
        return failure(404, "NotFound", f"There are no entities of kind '{call.text('kind')}'.")
    title, wanted, name = kind
    given = call.arguments.get("body")
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            return failure(400, "BadRequest", "The list of entities is no JSON.")
    if isinstance(given, dict):
        given = [given]
    found = list[dict[str, Any]]()
    for entity in given if isinstance(given, list) else []:
        if not isinstance(entity, dict):
            continue
        properties = entity.get("properties") if isinstance(entity.get("properties"), dict) else entity
        type_name = str(entity.get("kind") or entity.get("Type") or entity.get("type") or "").lower()
        if type_name.replace("-", "").startswith(wanted) and isinstance(properties, dict):
            # The service answers in Pascal case, whichever case the entity came in.
            out = {key[:1].upper() + key[1:]: value for key, value in properties.items()}
            out.setdefault(name, properties.get(name[:1].lower() + name[1:]))
            out.setdefault("Type", wanted)
            found.append(out)
    return ok({title: found})


def create_relation(call: Call) -> Outcome:
    body = call.record("body")
    row = _incident(call, str(body.get("incidentArmId") or ""))
    related = str(body.get("relatedResourceId") or "")
    _save(call, row, alerts=[*[a for a in row["properties"]["alerts"] if a != related], related])
    name = call.around.new_id()
    return ok(
        {"id": f"{row['id']}/relations/{name}", "name": name, "properties": {"relatedResourceId": related}}, status=201
    )


# -- watchlists ----------------------------------------------------------------------------------------------------------------


def create_watchlist(call: Call) -> Outcome:
    body, alias = call.record("body"), call.text("watchlistAlias")
    row = {"name": alias, "properties": {**body, "watchlistAlias": alias, "created": iso(call.now)}}
    call.store.put("watchlists", alias, row)
    raw = "\n".join(str(body.get("rawContent") or "").splitlines()[int(body.get("numberOfLinesToSkip") or 0) :])
    for item in csv.DictReader(io.StringIO(raw)) if raw else ():
        call.store.put(f"watchlist|{alias}", call.around.new_id(), dict(item))
    return ok(row)


def _watchlist(call: Call) -> Row:
    row = call.store.get("watchlists", call.text("watchlistAlias"))
    if row is None:
        raise refuse(404, "NotFound", f"The watchlist '{call.text('watchlistAlias')}' does not exist.")
    return row


def get_watchlist(call: Call) -> Outcome:
    return ok(_watchlist(call))


def delete_watchlist(call: Call) -> Outcome:
    row = _watchlist(call)
    for key, _ in call.store.rows(f"watchlist|{row['name']}"):
        call.store.delete(f"watchlist|{row['name']}", key)
    call.store.delete("watchlists", row["name"])
    return ok(None)


def add_watchlist_item(call: Call) -> Outcome:
    alias, ident = call.text("watchlistAlias"), call.around.new_id()
    if call.store.get("watchlists", alias) is None:
        if any(row.get("seeded") for _, row in call.store.rows(INCIDENTS)):
            _watchlist(call)
        call.store.put("watchlists", alias, {"name": alias, "properties": {"watchlistAlias": alias}})
    given = call.arguments.get("body")
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            return failure(400, "BadRequest", "The watchlist item is no JSON.")
    call.store.put(f"watchlist|{alias}", ident, given if isinstance(given, dict) else {"value": given})
    return ok({"name": ident, "properties": {"itemsKeyValue": given, "watchlistItemId": ident}})


def list_watchlist_items(call: Call) -> Outcome:
    rows = call.store.rows(f"watchlist|{_watchlist(call)['name']}")
    return ok(
        {"value": [{"name": key, "properties": {"itemsKeyValue": row, "watchlistItemId": key}} for key, row in rows]}
    )


SEED = {
    "incidents": [
        {
            "id": TEXT,
            "name": TEXT,
            "title": TEXT,
            "description": TEXT,
            "severity": TEXT,
            "status": TEXT,
            "classification": TEXT,
            "owner": {"*": ANY},
            "labels": [TEXT],
            "incidentNumber": NUMBER,
            "entities": [{"*": ANY}],
            "alerts": [ANY],
            "tactics": [TEXT],
        }
    ]
}


def seed(store: Store, value: Any, around: Surroundings, now: int) -> None:
    """Fill `incidents: [{id?, name?, title, severity, status, labels, alerts, entities}]`."""
    for entry in value.get("incidents") or []:
        name = str(entry.get("name") or around.new_id())
        arm_id = entry.get("id") or _ROOT.format(
            s="00000000-0000-0000-0000-000000000000", g="rg", w="workspace", n=name
        )
        _make(store, around, now, str(arm_id), entry, seeded=True)
