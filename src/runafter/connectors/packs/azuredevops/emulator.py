"""Azure DevOps work items. Shapes after learn.microsoft.com/rest/api/azure/devops/wit (7.1)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from runafter.connectors.answers import data_of, failure, ok
from runafter.connectors.instants import iso, moment
from runafter.connectors.seedshape import ANY, SCALAR, TEXT
from runafter.connectors.spec import Call, Row, Store, Surroundings
from runafter.protocol.events import Outcome

_FIELDS = {
    "title": "System.Title",
    "description": "System.Description",
    "area": "System.AreaPath",
    "iteration": "System.IterationPath",
    "priority": "Microsoft.VSTS.Common.Priority",
    "severity": "Microsoft.VSTS.Common.Severity",
    "state": "System.State",
    "assignedTo": "System.AssignedTo",
}


def _fields(given: Mapping[str, Any]) -> dict[str, Any]:
    out = {_FIELDS[name]: value for name, value in given.items() if name in _FIELDS and value is not None}
    dynamic = given.get("dynamicFields")
    if isinstance(dynamic, Mapping):
        out |= {str(name): value for name, value in dynamic.items()}
    return out | {name: value for name, value in given.items() if "." in name}


def create(store: Store, now: int, project: str, kind: str, fields: Mapping[str, Any], user: str) -> Row:
    """Make a work item."""
    number = store.next_number("work item")
    base = {"System.TeamProject": project, "System.WorkItemType": kind, "System.State": "New", "System.AreaPath": project,
            "System.IterationPath": project, "System.CreatedDate": iso(now), "System.ChangedDate": iso(now), "System.CreatedBy": user}  # fmt: skip
    row = {
        "id": number,
        "rev": 1,
        "fields": {**base, **fields},
        "url": f"https://dev.azure.com/_apis/wit/workItems/{number}",
    }
    store.put("work_items", str(number), row)
    return row


def _update(call: Call, row: Row, fields: Mapping[str, Any]) -> Row:
    changed = {**row, "rev": row["rev"] + 1, "fields": {**row["fields"], **fields, "System.ChangedDate": iso(call.now)}}
    call.store.put("work_items", str(row["id"]), changed)
    return changed


def _missing(ident: str) -> Outcome:
    return failure(
        404,
        "WorkItemNotFound",
        f"TF401232: Work item {ident} does not exist, or you do not have permissions to read it.",
    )


def create_work_item(call: Call) -> Outcome:
    given = call.record("workItem")
    fields = _fields(given)
    if not fields.get("System.Title"):
        return failure(
            400, "RuleValidationException", "TF401320: Rule Error for field Title. Error code: Required, InvalidEmpty."
        )
    return ok(create(call.store, call.now, call.text("project"), call.text("type"), fields, call.user))


def get_work_item_details(call: Call) -> Outcome:
    row = call.store.get("work_items", call.text("id"))
    return _missing(call.text("id")) if row is None else ok(row)


def update_work_item(call: Call) -> Outcome:
    row = call.store.get("work_items", call.text("id"))
    return _missing(call.text("id")) if row is None else ok(_update(call, row, _fields(call.record("workItem"))))


def list_iterations(call: Call) -> Outcome:
    rows = [row for _, row in call.store.rows("iterations")]
    if call.text("timeframe").lower() == "current":
        today = iso(call.now)
        rows = [row for row in rows if row["attributes"]["startDate"] <= today <= row["attributes"]["finishDate"]]
    return ok({"count": len(rows), "value": rows})


def work_items_changed(call: Call) -> Outcome:
    rows = [
        row for _, row in call.store.rows("work_items") if row["fields"]["System.TeamProject"] == call.text("project")
    ]
    for name in ("System.AssignedTo", "System.WorkItemType", "System.AreaPath", "System.IterationPath"):
        wanted = call.text("wiql__" + name.replace(".", "_"))
        rows = [row for row in rows if not wanted or row["fields"].get(name) == wanted]
    return ok({"value": sorted(rows, key=lambda row: str(row["fields"]["System.ChangedDate"]), reverse=True)})


# -- raw requests -----------------------------------------------------------------------------------------------------------


def http_request(call: Call) -> Outcome:
    given = call.record("parameters")
    method = str(given.get("Method", "GET")).upper()
    address = str(given.get("Uri", ""))
    path, _, query = re.sub(r"^https?://[^/]+/", "", address).partition("?")
    options = dict(parse_qsl(query, True))
    try:
        body = json.loads(data_of(given.get("Body")) or b"null")
    except ValueError:
        return failure(400, "VssPropertyValidationException", "The body is no JSON.")
    found = re.search(r"_apis/wit/(?P<rest>.*)", unquote(path), re.IGNORECASE)
    project = unquote(path).split("/_apis")[0].strip("/").split("/")[-1]
    if found is None:
        return failure(404, "ResourceNotFound", f"The emulated Azure DevOps has no {method} {path}.")
    return _work_items(call, method, found["rest"].strip("/"), project, options, body)


def _work_items(call: Call, method: str, rest: str, project: str, options: Mapping[str, str], body: Any) -> Outcome:
    lowered = rest.lower()
    if lowered == "wiql" and method == "POST":
        return _wiql(call, str((body or {}).get("query") or ""))
    if lowered == "workitemsbatch" and method == "POST":
        rows = [call.store.get("work_items", str(ident)) for ident in (body or {}).get("ids") or []]
        return ok({"count": len(rows), "value": [row for row in rows if row is not None]})
    if (created := re.fullmatch(r"workitems/\$(.+)", rest, re.IGNORECASE)) is not None and method in ("POST", "PATCH"):
        return ok(create(call.store, call.now, project, created[1], _patched(body), call.user))
    if (one := re.fullmatch(r"workitems/(\d+)", rest, re.IGNORECASE)) is not None:
        row = call.store.get("work_items", one[1])
        if row is None:
            return _missing(one[1])
        match method:
            case "GET":
                return ok(row)
            case "PATCH":
                return ok(_update(call, row, _patched(body)))
            case "DELETE":
                call.store.delete("work_items", one[1])
                return ok({"id": row["id"], "code": 200})
    if lowered == "workitems" and method == "GET":
        rows = [call.store.get("work_items", ident.strip()) for ident in options.get("ids", "").split(",")]
        known = [row for row in rows if row is not None]
        return ok({"count": len(known), "value": known})
    if lowered.startswith("classificationnodes") and method == "GET":
        nodes = [
            {"id": 1, "name": row["name"], "path": row["path"], "attributes": row["attributes"]}
            for _, row in call.store.rows("iterations")
        ]
        return ok(
            {
                "count": 1,
                "value": [
                    {
                        "id": 0,
                        "name": project,
                        "structureType": "iteration",
                        "hasChildren": bool(nodes),
                        "children": nodes,
                    }
                ],
            }
        )
    return failure(404, "ResourceNotFound", f"The emulated Azure DevOps has no {method} _apis/wit/{rest}.")


def _patched(body: Any) -> dict[str, Any]:
    operations = body if isinstance(body, list) else []
    return {
        str(entry["path"]).removeprefix("/fields/"): entry.get("value")
        for entry in operations
        if isinstance(entry, dict)
        and str(entry.get("path", "")).startswith("/fields/")
        and entry.get("op") in ("add", "replace", "test")
    }


_TERM = re.compile(
    r"\[(?P<field>[\w.]+)\]\s*(?P<op>=|<>|>=|<=|>|<|contains|under|in)\s*(?P<value>'[^']*'|\([^)]*\)|[@\w.+\- ]+?)\s*(?=$|\band\b)",
    re.IGNORECASE,
)


def _wiql(call: Call, text: str) -> Outcome:
    """Answer a WIQL query whose conditions are joined by AND; OR and unknown conditions are refused by name."""
    where = re.search(r"\bwhere\b(?P<where>.*?)(?:\border by\b.*)?$", text, re.IGNORECASE | re.DOTALL)
    rows = [row for _, row in call.store.rows("work_items")]
    condition = where["where"].strip() if where else ""
    if re.search(r"\bor\b", condition, re.IGNORECASE):
        return failure(400, "WiqlSyntaxError", "The emulator cannot run WIQL with OR.")
    for part in [p.strip() for p in re.split(r"\band\b", condition, flags=re.IGNORECASE) if p.strip()]:
        term = _TERM.fullmatch(part)
        if term is None:
            return failure(400, "WiqlSyntaxError", f"The emulator cannot read the WIQL condition '{part}'.")
        rows = [row for row in rows if _holds(row, term, call)]
    return ok(
        {
            "queryType": "flat",
            "asOf": iso(call.now),
            "workItems": [{"id": row["id"], "url": row["url"]} for row in rows],
        }
    )


def _holds(row: Row, term: re.Match[str], call: Call) -> bool:
    held = str(row["fields"].get(term["field"], row["id"] if term["field"] == "System.Id" else "")).lower()
    raw = term["value"].strip().strip("'").lower()
    wanted = {"@me": call.user.lower(), "@today": moment(call.now).strftime("%Y-%m-%d")}.get(raw, raw)
    match term["op"].lower():
        case "=":
            return held == wanted
        case "<>":
            return held != wanted
        case "contains":
            return wanted in held
        case "under":
            return held == wanted or held.startswith(wanted + "\\")
        case "in":
            return held in [part.strip().strip("'") for part in wanted.strip("()").split(",")]
        case ">=":
            return held >= wanted
        case "<=":
            return held <= wanted
        case ">":
            return held > wanted
        case _:
            return held < wanted


SEED = {
    "work_items": [{"project": TEXT, "type": TEXT, "fields": {"*": ANY}}],
    "iterations": [{"name!": TEXT, "path": TEXT, "start!": SCALAR, "finish!": SCALAR}],
}


def seed(store: Store, value: Any, around: Surroundings, now: int) -> None:
    """Fill `work_items: [{project, type, fields}]` and `iterations: [{name, start, finish}]`."""
    for entry in value.get("work_items") or []:
        create(
            store,
            now,
            str(entry.get("project", "")),
            str(entry.get("type", "Task")),
            entry.get("fields") or {},
            "seed@contoso.example",
        )
    for entry in value.get("iterations") or []:
        attributes = {"startDate": str(entry["start"]), "finishDate": str(entry["finish"]), "timeFrame": "current"}
        store.put(
            "iterations",
            str(entry["name"]),
            {
                "id": around.new_id(),
                "name": entry["name"],
                "path": entry.get("path", entry["name"]),
                "attributes": attributes,
            },
        )
