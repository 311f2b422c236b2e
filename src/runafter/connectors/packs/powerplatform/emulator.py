"""The platform's own management. Shapes after the `ResourceArray` answers of the connectors' pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from runafter.connectors import odata
from runafter.connectors.answers import no_content, ok, refuse
from runafter.connectors.instants import TICKS_PER_SECOND, iso_fraction
from runafter.connectors.seedshape import ANY, TEXT
from runafter.connectors.spec import Call, Row, Store, Surroundings
from runafter.protocol.events import Outcome

ENVIRONMENTS, APPS, FLOWS = "environments", "apps", "flows"
CONNECTIONS, CONNECTORS, POLICIES, ROLES = "connections", "connectors", "policies", "roles"
REFRESHES = "refreshes"
PAGE_SIZE = 250
REFRESH_S = 60.0
_TYPES = {
    ENVIRONMENTS: "Microsoft.BusinessAppPlatform/scopes/environments",
    APPS: "Microsoft.PowerApps/scopes/apps",
    FLOWS: "Microsoft.ProcessSimple/environments/flows",
    CONNECTIONS: "Microsoft.PowerApps/scopes/apis/connections",
    CONNECTORS: "Microsoft.PowerApps/apis",
}
_CODES = {
    ENVIRONMENTS: "EnvironmentNotFound",
    APPS: "AppNotFound",
    FLOWS: "FlowNotFound",
    CONNECTIONS: "ConnectionNotFound",
    POLICIES: "PolicyNotFound",
}


def merged(row: Mapping[str, Any], change: Mapping[str, Any]) -> Row:
    """Return `row` with the change laid over it, objects within objects."""
    out = dict(row)
    for key, value in change.items():
        below = out.get(key)
        out[key] = merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return out


def _environment(call: Call) -> str:
    wanted = call.text("environment") or call.text("environmentName")
    return next((key for key, _ in call.store.rows(ENVIRONMENTS) if key.lower() == wanted.lower()), wanted)


def _found(call: Call, table: str, key: str) -> Row:
    row = call.store.get(table, key)
    if row is None:
        name = key.rsplit("/", 1)[-1]
        raise refuse(404, _CODES[table], f"Could not find '{name}' among the {table}.")
    return row


def _within(call: Call, table: str) -> list[Row]:
    environment = _environment(call)
    _found(call, ENVIRONMENTS, environment)
    return [row for key, row in call.store.rows(table) if key.startswith(f"{environment}/")]


def _listed(call: Call, rows: list[Row], *, test: Callable[[Row], bool] | None = None) -> Outcome:
    """Answer one page; the next one is asked for by `$skiptoken`."""
    kept = rows if test is None else [row for row in rows if test(row)]
    start = call.number("$skiptoken") or 0
    size = call.number("$top") or PAGE_SIZE
    body: dict[str, Any] = {"value": kept[start : start + size]}
    if start + size < len(kept):
        path = call.operation.facts.path or ""
        body["nextLink"] = f"https://api.powerapps.com{path}?$top={size}&$skiptoken={start + size}"
    return ok(body)


# -- environments --------------------------------------------------------------------------------------------------------


def list_environments(call: Call) -> Outcome:
    rows = [row for _, row in call.store.rows(ENVIRONMENTS)]
    written = call.text("$filter")
    return _listed(call, rows, test=odata.predicate(written) if written else None)


def get_environment(call: Call) -> Outcome:
    return ok(_found(call, ENVIRONMENTS, _environment(call)))


def new_environment(call: Call) -> Outcome:
    name = call.around.new_id()
    row = _resource(ENVIRONMENTS, name, call.record("body"), call.now)
    call.store.put(ENVIRONMENTS, name, row)
    return ok(row, status=201)


def update_environment(call: Call) -> Outcome:
    name = _environment(call)
    row = merged(_found(call, ENVIRONMENTS, name), call.record("body"))
    call.store.put(ENVIRONMENTS, name, row)
    return ok(row)


def remove_environment(call: Call) -> Outcome:
    name = _environment(call)
    _found(call, ENVIRONMENTS, name)
    call.store.delete(ENVIRONMENTS, name)
    for table in (APPS, FLOWS, CONNECTIONS, CONNECTORS):
        for key, _ in call.store.rows(table):
            if key.startswith(f"{name}/"):
                call.store.delete(table, key)
    return ok(None, status=202)


def provision_instance(call: Call) -> Outcome:
    name, given = _environment(call), call.record("body")
    row = _found(call, ENVIRONMENTS, name)
    if row["properties"].get("linkedEnvironmentMetadata", {}).get("instanceUrl"):
        raise refuse(409, "InstanceAlreadyProvisioned", f"The environment '{name}' has a Dataverse instance already.")
    linked = {
        "resourceId": call.around.new_id(),
        "instanceUrl": f"https://{name[:8].lower()}.crm.dynamics.com/",
        "domainName": name[:8].lower(),
        "baseLanguage": given.get("baseLanguage", 1033),
        "instanceState": "Ready",
    }
    call.store.put(ENVIRONMENTS, name, merged(row, {"properties": {"linkedEnvironmentMetadata": linked}}))
    return ok(None, status=202)


# -- apps, flows, connections --------------------------------------------------------------------------------------------


def _key(call: Call, *names: str) -> str:
    name = next((call.text(argument) for argument in names if call.text(argument)), "")
    return f"{_environment(call)}/{name}"


def list_apps(call: Call) -> Outcome:
    return _listed(call, _within(call, APPS))


def get_app(call: Call) -> Outcome:
    return ok(_found(call, APPS, _key(call, "app")))


def _remove(call: Call, table: str, key: str) -> Outcome:
    _found(call, table, key)
    call.store.delete(table, key)
    return ok(None)


def remove_app(call: Call) -> Outcome:
    return _remove(call, APPS, _key(call, "app"))


def _own_app(call: Call) -> str:
    wanted = call.text("app")
    return next((key for key, _ in call.store.rows(APPS) if key.rsplit("/", 1)[-1] == wanted), wanted)


def list_my_apps(call: Call) -> Outcome:
    written = call.text("$filter")
    rows = [row for _, row in call.store.rows(APPS)]
    return _listed(call, rows, test=_in_environment(written) if written else None)


def get_my_app(call: Call) -> Outcome:
    return ok(_found(call, APPS, _own_app(call)))


def remove_my_app(call: Call) -> Outcome:
    return _remove(call, APPS, _own_app(call))


def set_app_owner(call: Call) -> Outcome:
    key, given = _key(call, "app"), call.record("body")
    row = _found(call, APPS, key)
    former = row["properties"].get("owner", {})
    owner = {"id": given.get("newAppOwner"), "type": "User"}
    _assign(call, key, {"properties": {"principal": owner, "roleName": "Owner"}})
    if former.get("id"):
        role = given.get("roleForOldAppOwner")
        if role:
            _assign(call, key, {"properties": {"principal": former, "roleName": role}})
        else:
            call.store.delete(ROLES, f"{key}/{former['id']}")
    call.store.put(APPS, key, merged(row, {"properties": {"owner": owner}}))
    return ok(call.store.get(APPS, key))


def set_quarantine(call: Call) -> Outcome:
    key = _key(call, "app")
    status = str(call.record("body").get("quarantineStatus"))
    if status not in ("Quarantined", "Unquarantined"):
        raise refuse(400, "InvalidQuarantineStatus", f"'{status}' is neither Quarantined nor Unquarantined.")
    change = {"properties": {"executionRestrictions": {"appQuarantineState": {"quarantineStatus": status}}}}
    call.store.put(APPS, key, merged(_found(call, APPS, key), change))
    return ok(call.store.get(APPS, key))


def list_connections(call: Call) -> Outcome:
    written = call.text("$filter")
    return _listed(call, _within(call, CONNECTIONS), test=odata.predicate(written) if written else None)


def remove_connection(call: Call) -> Outcome:
    return _remove(call, CONNECTIONS, _key(call, "connectionName"))


def _in_environment(written: str) -> Callable[[Row], bool]:
    def environment_of(row: Mapping[str, Any], path: str) -> Any:
        if path == "environment":
            return row["properties"].get("environment", {}).get("name")
        return odata.plain_field(row, path)

    return odata.predicate(written, environment_of)


def list_custom_connectors(call: Call) -> Outcome:
    return _listed(call, [row for row in _within(call, CONNECTORS) if row["properties"].get("isCustomApi", True)])


def list_connectors(call: Call) -> Outcome:
    written = call.text("$filter")
    rows = [row for _, row in call.store.rows(CONNECTORS)]
    return _listed(call, rows, test=_in_environment(written) if written else None)


def list_flows(call: Call) -> Outcome:
    return _listed(call, _within(call, FLOWS))


def list_my_flows(call: Call) -> Outcome:
    mine = [
        row
        for row in _within(call, FLOWS)
        if row["properties"].get("creator", {}).get("userPrincipalName") in (None, call.user)
    ]
    return _listed(call, mine)


def get_flow(call: Call) -> Outcome:
    return ok(_found(call, FLOWS, _key(call, "flowName", "flow")))


def _set_state(call: Call, state: str) -> Outcome:
    key = _key(call, "flowName", "flow")
    change = {"properties": {"state": state, "lastModifiedTime": iso_fraction(call.now)}}
    call.store.put(FLOWS, key, merged(_found(call, FLOWS, key), change))
    return ok(None)


def start_flow(call: Call) -> Outcome:
    return _set_state(call, "Started")


def stop_flow(call: Call) -> Outcome:
    return _set_state(call, "Stopped")


def remove_flow(call: Call) -> Outcome:
    return _remove(call, FLOWS, _key(call, "flow", "flowName"))


# -- who may do what -----------------------------------------------------------------------------------------------------


def _principal(entry: Mapping[str, Any]) -> str:
    principal = entry.get("properties", {}).get("principal", {})
    return str(principal.get("id") or principal.get("email") or entry.get("id") or "").rsplit("/", 1)[-1]


def _unflattened(entry: Any) -> Row:
    """Return an entry whose keys are written with slashes (`properties/roleName`) as an object."""
    out: Row = {}
    for key, value in (entry if isinstance(entry, Mapping) else {}).items():
        place = out
        *above, last = str(key).split("/")
        for name in above:
            place = place.setdefault(name, {})
        place[last] = value
    return out


def _assign(call: Call, of: str, entry: Row) -> None:
    ident = _principal(entry)
    if not ident:
        raise refuse(400, "InvalidPrincipal", "A role assignment needs the id or email of a principal.")
    call.store.put(ROLES, f"{of}/{ident}", {"id": f"/{of}/{ident}", "name": ident, **entry})


def _edit(call: Call, of: str) -> Outcome:
    given = call.record("body")
    changed = list[Row]()
    for entry in (*(given.get("put") or []), *(given.get("add") or [])):
        row = _unflattened(entry)
        _assign(call, of, row)
        changed.append(row)
    for entry in (*(given.get("delete") or []), *(given.get("remove") or [])):
        call.store.delete(ROLES, f"{of}/{_principal(_unflattened(entry))}")
    return ok({"put": changed} if changed else None)


def _roles(call: Call, of: str) -> Outcome:
    depth = of.count("/") + 1
    rows = [row for key, row in call.store.rows(ROLES) if key.startswith(f"{of}/") and key.count("/") == depth]
    return _listed(call, rows)


def list_app_roles(call: Call) -> Outcome:
    _found(call, APPS, _key(call, "app"))
    return _roles(call, _key(call, "app"))


def edit_app_roles(call: Call) -> Outcome:
    _found(call, APPS, _key(call, "app"))
    return _edit(call, _key(call, "app"))


def list_flow_roles(call: Call) -> Outcome:
    _found(call, FLOWS, _key(call, "flow"))
    return _roles(call, _key(call, "flow"))


def edit_flow_roles(call: Call) -> Outcome:
    _found(call, FLOWS, _key(call, "flow"))
    return _edit(call, _key(call, "flow"))


def list_environment_roles(call: Call) -> Outcome:
    _found(call, ENVIRONMENTS, _environment(call))
    return _roles(call, _environment(call))


def edit_environment_roles(call: Call) -> Outcome:
    _found(call, ENVIRONMENTS, _environment(call))
    return _edit(call, _environment(call))


# -- data policies -------------------------------------------------------------------------------------------------------


def list_policies(call: Call) -> Outcome:
    return _listed(call, [row for _, row in call.store.rows(POLICIES)])


def get_policy(call: Call) -> Outcome:
    return ok(_found(call, POLICIES, call.text("policy")))


def create_policy(call: Call) -> Outcome:
    name = call.around.new_id()
    row = {"name": name, "createdTime": iso_fraction(call.now), **call.record("body")}
    call.store.put(POLICIES, name, row)
    return ok(row, status=201)


def update_policy(call: Call) -> Outcome:
    name = call.text("policy")
    change = {**call.record("body"), "lastModifiedTime": iso_fraction(call.now)}
    call.store.put(POLICIES, name, {**_found(call, POLICIES, name), **change})
    return ok(call.store.get(POLICIES, name))


def delete_policy(call: Call) -> Outcome:
    _found(call, POLICIES, call.text("policy"))
    call.store.delete(POLICIES, call.text("policy"))
    return no_content()


# -- dataflows -----------------------------------------------------------------------------------------------------------


def refresh_dataflow(call: Call) -> Outcome:
    """Start a refresh, which takes `REFRESH_S` of the tenant's clock; a second one meanwhile is refused."""
    name = call.text("dataflowIdForRefreshDataflow")
    last = call.store.get(REFRESHES, name)
    if last is not None and call.now < last["ends"]:
        raise refuse(409, "DataflowRefreshInProgress", f"The dataflow '{name}' is being refreshed.")
    ends = call.now + round(REFRESH_S * TICKS_PER_SECOND)
    call.store.put(REFRESHES, name, {"id": call.around.new_id(), "began": call.now, "ends": ends, "seen": []})
    return ok(None)


def on_refresh_complete(call: Call) -> Outcome:
    """Answer a poll: the last refresh, once per connection, when it is done."""
    name = call.text("dataflowIdForOnRefreshComplete")
    last = call.store.get(REFRESHES, name)
    if last is None or call.now < last["ends"] or call.connection in last["seen"]:
        return ok(None, status=202)
    call.store.put(REFRESHES, name, {**last, "seen": [*last["seen"], call.connection]})
    body = {
        "Dataflow Id": name,
        "Refresh Id": last["id"],
        "Refresh Status": "Success",
        "Start Time": iso_fraction(last["began"]),
        "End Time": iso_fraction(last["ends"]),
    }
    return ok(body)


# -- seeds ---------------------------------------------------------------------------------------------------------------


def _resource(table: str, name: str, entry: Mapping[str, Any], now: int, environment: str = "") -> Row:
    given = dict(entry.get("properties") or {})
    known = {"name", "id", "location", "type", "properties", "tags", *(_SEEDED)}
    given |= {key: value for key, value in entry.items() if key not in known}
    given.setdefault("displayName", name)
    given.setdefault("createdTime", iso_fraction(now))
    given.setdefault("lastModifiedTime", given["createdTime"])
    if table == FLOWS:
        given.setdefault("state", "Started")
    if environment:
        given["environment"] = {"id": f"/providers/Microsoft.PowerApps/environments/{environment}", "name": environment}
    row = {"name": name, "id": f"/providers/{_TYPES[table]}/{name}", "type": _TYPES[table], "properties": given}
    return {**row, **{key: entry[key] for key in ("location", "tags") if key in entry}}


_SEEDED = (APPS, FLOWS, CONNECTIONS, CONNECTORS)


SEED = {
    "environments": {
        "*": {"displayName": TEXT, **{table: {"*": {"displayName": TEXT, "*": ANY}} for table in _SEEDED}, "*": ANY}
    },
    "policies": {"*": {"*": ANY}},
}


def seed(store: Store, value: Any, around: Surroundings, now: int) -> None:
    """Fill `environments: {name: {displayName, apps: {name: {...}}, flows: {...}, connections, connectors}}`, `policies`.

    Fields that are no `properties` of a resource become some.
    """
    for name, entry in (value.get("environments") or {}).items():
        store.put(ENVIRONMENTS, name, _resource(ENVIRONMENTS, name, entry or {}, now))
        for table in _SEEDED:
            for key, below in ((entry or {}).get(table) or {}).items():
                store.put(table, f"{name}/{key}", _resource(table, key, below or {}, now, name))
    for name, entry in (value.get("policies") or {}).items():
        store.put(POLICIES, name, {"name": name, "createdTime": iso_fraction(now), **(entry or {})})
