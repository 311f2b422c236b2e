"""The inventory of a Power Platform tenant: environments, policies, apps, flows, connections, connectors, dataflows.

A tenant without a seeded inventory knows every environment, app and flow it is asked for; with one, others are 404.
Shapes: learn.microsoft.com/connectors/powerplatformforadmins, powerappsforadmins and flowmanagement, read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runafter.connectors import odata
from runafter.connectors.answers import failure, ok, refuse
from runafter.connectors.instants import iso, iso_fraction
from runafter.connectors.spec import Call, Row, Store, Surroundings
from runafter.protocol.events import Outcome

TYPES = {
    "environments": "Microsoft.BusinessAppPlatform/scopes/environments",
    "apps": "Microsoft.PowerApps/apps",
    "flows": "Microsoft.ProcessSimple/environments/flows",
    "connections": "Microsoft.PowerApps/apis/connections",
    "connectors": "Microsoft.PowerApps/apis",
}
_WORDS = {
    "environments": "environment",
    "apps": "app",
    "flows": "flow",
    "connections": "connection",
    "connectors": "connector",
}
_CODES = {
    "environments": "EnvironmentNotFound",
    "apps": "AppNotFound",
    "flows": "FlowNotFound",
    "connections": "ConnectionNotFound",
}


def _make(store: Store, now: int, kind: str, name: str, fields: Mapping[str, Any], *, seeded: bool) -> Row:
    given = {key: value for key, value in fields.items() if key not in ("name", "environment", "roles")}
    environment = str(fields.get("environment") or "Default")
    properties: dict[str, Any] = {"displayName": given.pop("displayName", name), "createdTime": iso_fraction(now)}
    match kind:
        case "environments":
            properties |= {"environmentSku": "Production", "provisioningState": "Succeeded", "isDefault": name.startswith("Default"),
                           "createdBy": {"type": "User"}, "linkedEnvironmentMetadata": {"resourceId": name, "instanceUrl": "https://contoso.crm.dynamics.com/"},
                           "states": {"management": {"id": "Ready"}, "runtime": {"id": "Enabled"}}}  # fmt: skip
        case "apps":
            properties |= {"owner": {"type": "User", "id": "", "email": ""}, "appVersion": iso_fraction(now), "sharedUsersCount": 0,
                           "environment": {"name": environment}, "lastModifiedTime": iso_fraction(now), "quarantineState": "Unquarantined"}  # fmt: skip
        case "flows":
            properties |= {"state": "Started", "creator": {"userId": "", "objectId": ""}, "environment": {"name": environment},
                           "lastModifiedTime": iso_fraction(now), "flowSuspensionReason": "None", "definitionSummary": {"triggers": [], "actions": []}}  # fmt: skip
        case _:
            properties |= {"environment": {"name": environment}, "statuses": [{"status": "Connected"}]}
    properties |= given
    row: Row = {
        "id": f"/providers/{TYPES[kind]}/{name}",
        "name": name,
        "type": TYPES[kind],
        "location": "europe",
        "properties": properties,
    }
    row |= {"$environment": environment, "$roles": list(fields.get("roles") or []), "$seeded": seeded}
    store.put(kind, name, row)
    return row


def _need(call: Call, kind: str, name: str, environment: str = "") -> Row:
    row = call.store.get(kind, name)
    if row is None and name and not any(other["$seeded"] for _, other in call.store.rows(kind)):
        row = _make(call.store, call.now, kind, name, {"environment": environment}, seeded=False)
    if row is None or (
        environment and row["$seeded"] and kind != "environments" and row["$environment"] != environment
    ):
        raise refuse(404, _CODES.get(kind, "NotFound"), f"Could not find {_WORDS[kind]} '{name}'.")
    return row


def _shown(row: Row) -> dict[str, Any]:
    return {key: value for key, value in row.items() if not key.startswith("$")}


def _list(call: Call, kind: str, environment: str = "") -> Outcome:
    rows = [_shown(row) for _, row in call.store.rows(kind) if not environment or row["$environment"] == environment]
    page = odata.page(rows, odata.query_of({"$top": call.arguments.get("$top")}), page_size=1000)
    return ok({"value": page.rows})


def _save(call: Call, kind: str, row: Row, **properties: Any) -> Row:
    changed = {**row, "properties": {**row["properties"], **properties}}
    call.store.put(kind, row["name"], changed)
    return changed


# -- environments -------------------------------------------------------------------------------------------------------


def list_environments(call: Call) -> Outcome:
    return _list(call, "environments")


def get_environment(call: Call) -> Outcome:
    return ok(_shown(_need(call, "environments", call.text("environment"))))


def new_environment(call: Call) -> Outcome:
    body = call.record("body")
    properties = body.get("properties") or {}
    row = _make(call.store, call.now, "environments", call.around.new_id(), properties, seeded=True)
    return ok(_shown({**row, "location": body.get("location")}), status=201)


def update_environment(call: Call) -> Outcome:
    row = _need(call, "environments", call.text("environment"))
    given = call.record("body").get("properties") or {}
    linked = {**row["properties"]["linkedEnvironmentMetadata"], **(given.get("linkedEnvironmentMetadata") or {})}
    return ok(_shown(_save(call, "environments", row, **{**given, "linkedEnvironmentMetadata": linked})), status=202)


def remove_environment(call: Call) -> Outcome:
    row = _need(call, "environments", call.text("environment"))
    call.store.delete("environments", row["name"])
    return ok(None, status=202)


def provision(call: Call) -> Outcome:
    row = _need(call, "environments", call.text("environment"))
    body = call.record("body")
    return ok(
        _shown(
            _save(
                call,
                "environments",
                row,
                provisioningState="Succeeded",
                databaseType="CommonDataService",
                baseLanguage=body.get("baseLanguage"),
            )
        ),
        status=202,
    )


def _edit_roles(call: Call, kind: str, row: Row, put: Any, delete: Any) -> Row:
    roles = [role for role in row["$roles"] if role.get("id") not in {str(entry.get("id")) for entry in delete or []}]
    for entry in put or []:
        properties = entry.get("properties") or entry
        principal = properties.get("principal") or {}
        ident = str(principal.get("id") or principal.get("email") or call.around.new_id())
        roles = [role for role in roles if role["id"] != ident]
        roles.append({"id": ident, "name": ident, "type": f"{TYPES[kind]}/permissions", "properties": properties})
    changed = {**row, "$roles": roles}
    call.store.put(kind, row["name"], changed)
    return changed


def edit_environment_roles(call: Call) -> Outcome:
    body = call.record("body")
    row = _need(call, "environments", call.text("environment"))
    changed = _edit_roles(call, "environments", row, body.get("add"), body.get("remove"))
    return ok({"add": [{"httpStatus": "OK", "roleAssignment": role} for role in changed["$roles"]]})


# -- policies -----------------------------------------------------------------------------------------------------------


def list_policies(call: Call) -> Outcome:
    return ok({"value": [row for _, row in call.store.rows("policies")]})


def _policy(call: Call) -> Row:
    row = call.store.get("policies", call.text("policy"))
    if row is None:
        if call.store.rows("policies"):
            raise refuse(404, "PolicyNotFound", f"Could not find policy '{call.text('policy')}'.")
        row = {
            "name": call.text("policy"),
            "displayName": call.text("policy"),
            "connectorGroups": [],
            "environments": [],
            "environmentType": "AllEnvironments",
        }
    return row


def get_policy(call: Call) -> Outcome:
    return ok(_policy(call))


def create_policy(call: Call) -> Outcome:
    name = call.around.new_id()
    row = {"name": name, "createdTime": iso(call.now), "connectorGroups": [], "environments": [], **call.record("body")}
    call.store.put("policies", name, row)
    return ok(row, status=201)


def update_policy(call: Call) -> Outcome:
    row = {**_policy(call), **call.record("body"), "lastModifiedTime": iso(call.now)}
    call.store.put("policies", row["name"], row)
    return ok(row)


def delete_policy(call: Call) -> Outcome:
    call.store.delete("policies", _policy(call)["name"])
    return ok(None)


# -- apps ---------------------------------------------------------------------------------------------------------------


def _app(call: Call) -> Row:
    return _need(call, "apps", call.text("app"), call.text("environment"))


def list_apps(call: Call) -> Outcome:
    return _list(call, "apps", call.text("environment"))


def get_app(call: Call) -> Outcome:
    return ok(_shown(_app(call)))


def remove_app(call: Call) -> Outcome:
    call.store.delete("apps", _app(call)["name"])
    return ok(None)


def app_roles(call: Call) -> Outcome:
    return ok({"value": _app(call)["$roles"]})


def edit_app_roles(call: Call) -> Outcome:
    body = call.record("body")
    changed = _edit_roles(call, "apps", _app(call), body.get("put"), body.get("delete"))
    return ok({"put": changed["$roles"], "delete": body.get("delete") or []})


def set_app_owner(call: Call) -> Outcome:
    body = call.record("body")
    owner = {"type": "User", "id": body.get("newAppOwner"), "email": body.get("newAppOwner")}
    return ok(_shown(_save(call, "apps", _app(call), owner=owner)))


def set_quarantine(call: Call) -> Outcome:
    state = str(call.record("body").get("quarantineStatus"))
    if state not in ("Quarantined", "Unquarantined"):
        return failure(400, "InvalidQuarantineStatus", f"'{state}' is neither Quarantined nor Unquarantined.")
    return ok(_shown(_save(call, "apps", _app(call), quarantineState=state)))


def list_connections(call: Call) -> Outcome:
    return _list(call, "connections", call.text("environment"))


def remove_connection(call: Call) -> Outcome:
    call.store.delete(
        "connections", _need(call, "connections", call.text("connectionName"), call.text("environment"))["name"]
    )
    return ok(None)


def list_connectors(call: Call) -> Outcome:
    return _list(call, "connectors", call.text("environment"))


# -- flows --------------------------------------------------------------------------------------------------------------


def _flow(call: Call) -> Row:
    return _need(
        call,
        "flows",
        call.text("flowName") or call.text("flow"),
        call.text("environmentName") or call.text("environment"),
    )


def list_flows(call: Call) -> Outcome:
    return _list(call, "flows", call.text("environmentName"))


def get_flow(call: Call) -> Outcome:
    return ok(_shown(_flow(call)))


def start_flow(call: Call) -> Outcome:
    _save(call, "flows", _flow(call), state="Started")
    return ok(None)


def stop_flow(call: Call) -> Outcome:
    _save(call, "flows", _flow(call), state="Stopped")
    return ok(None)


def remove_flow(call: Call) -> Outcome:
    call.store.delete("flows", _flow(call)["name"])
    return ok(None)


def flow_roles(call: Call) -> Outcome:
    return ok({"value": _flow(call)["$roles"]})


def edit_flow_roles(call: Call) -> Outcome:
    body = call.record("body")
    changed = _edit_roles(call, "flows", _flow(call), body.get("put"), body.get("delete"))
    return ok({"put": changed["$roles"], "delete": body.get("delete") or []})


# -- dataflows ----------------------------------------------------------------------------------------------------------


def refresh_dataflow(call: Call) -> Outcome:
    ident, number = call.text("dataflowIdForRefreshDataflow"), call.store.next_number("refresh")
    row = {
        "dataflowId": ident,
        "startTime": iso(call.now),
        "endTime": iso(call.now),
        "status": "Success",
        "refreshType": "OnDemand",
    }
    call.store.put("refreshes", str(number), row)
    return ok(None)


def refreshes(call: Call) -> Outcome:
    ident = call.text("dataflowIdForOnRefreshComplete")
    found = [row for _, row in call.store.rows("refreshes") if row["dataflowId"] == ident]
    return ok({"value": list(reversed(found))}) if found else ok(None, status=202)


def seed(store: Store, value: Any, around: Surroundings, now: int) -> None:
    """Fill `environments`, `apps`, `flows`, `connections`, `connectors` and `policies`: lists of tables with `name`, `environment` and properties."""
    for kind in TYPES:
        for entry in value.get(kind) or []:
            _make(store, now, kind, str(entry["name"]), entry, seeded=True)
    for entry in value.get("policies") or []:
        store.put("policies", str(entry["name"]), {"connectorGroups": [], "environments": [], **entry})
