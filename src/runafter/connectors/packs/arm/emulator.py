"""Resources by their ids. Shapes after learn.microsoft.com/rest/api/resources."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from runafter.connectors import odata
from runafter.connectors.answers import no_content, ok, refuse
from runafter.connectors.instants import iso_fraction
from runafter.connectors.seedshape import ANY, TEXT
from runafter.connectors.spec import Call, Row, Store, Surroundings
from runafter.protocol.events import Outcome

SUBSCRIPTIONS, GROUPS, RESOURCES = "subscriptions", "groups", "resources"
DEPLOYMENTS, PROVIDERS = "deployments", "providers"
_NAMED = re.compile(r"^\[(parameters|variables)\('([^']+)'\)\]$")
_POWER = {"start": "running", "restart": "running", "powerOff": "stopped", "deallocate": "deallocated"}


def _subscription(call: Call) -> str:
    wanted = call.text("subscriptionId").lower()
    row = call.store.get(SUBSCRIPTIONS, wanted)
    if row is None:
        raise refuse(
            404, "SubscriptionNotFound", f"The subscription '{call.text('subscriptionId')}' could not be found."
        )
    return str(row["subscriptionId"])


def _group(call: Call) -> str:
    path = f"/subscriptions/{_subscription(call)}/resourceGroups/{call.text('resourceGroupName')}"
    row = call.store.get(GROUPS, path.lower())
    if row is None:
        name = call.text("resourceGroupName")
        raise refuse(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.")
    return str(row["id"])


def _path(call: Call) -> str:
    return f"{_group(call)}/providers/{call.text('resourceProviderNamespace')}/{call.text('shortResourceId')}"


def _resource(call: Call, path: str) -> Row:
    row = call.store.get(RESOURCES, path.lower())
    if row is None:
        where, _, what = path.partition("/providers/")
        text = f"The Resource '{what}' under resource group '{where.rsplit('/', 1)[-1]}' was not found."
        raise refuse(404, "ResourceNotFound", text)
    return row


def _rows(store: Store, table: str, below: str) -> list[Row]:
    return [row for key, row in store.rows(table) if key.startswith(f"{below.lower()}/")]


def _page(call: Call, rows: list[Row]) -> Outcome:
    written = call.text("$filter").replace("resourceType", "type")
    kept = [row for row in rows if odata.predicate(written)(row)] if written else rows
    return ok({"value": kept[: call.number("$top") or len(kept)]})


# -- subscriptions and groups --------------------------------------------------------------------------------------------


def list_subscriptions(call: Call) -> Outcome:
    return ok({"value": [row for _, row in call.store.rows(SUBSCRIPTIONS)]})


def get_subscription(call: Call) -> Outcome:
    return ok(call.store.get(SUBSCRIPTIONS, _subscription(call).lower()))


def list_groups(call: Call) -> Outcome:
    return _page(call, _rows(call.store, GROUPS, f"/subscriptions/{_subscription(call)}"))


def get_group(call: Call) -> Outcome:
    return ok(call.store.get(GROUPS, _group(call).lower()))


def put_group(call: Call) -> Outcome:
    given = call.record("body")
    if not given.get("location"):
        raise refuse(400, "LocationRequired", "The location property is required for this definition.")
    row = add_group(call.store, _subscription(call), call.text("resourceGroupName"), given)
    return ok(row)


def add_group(store: Store, subscription: str, name: str, given: Mapping[str, Any]) -> Row:
    path = f"/subscriptions/{subscription}/resourceGroups/{name}"
    row = {
        "id": path,
        "name": name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": given.get("location", "westeurope"),
        "tags": given.get("tags") or {},
        "properties": {"provisioningState": "Succeeded"},
    }
    store.put(GROUPS, path.lower(), row)
    return row


def delete_group(call: Call) -> Outcome:
    path = _group(call)
    for table in (RESOURCES, DEPLOYMENTS):
        for row in _rows(call.store, table, path):
            call.store.delete(table, str(row["id"]).lower())
    call.store.delete(GROUPS, path.lower())
    return ok(None, status=202)


# -- resources -----------------------------------------------------------------------------------------------------------


def list_resources(call: Call) -> Outcome:
    below = _group(call) if call.text("resourceGroupName") else f"/subscriptions/{_subscription(call)}"
    return _page(call, _rows(call.store, RESOURCES, below))


def get_resource(call: Call) -> Outcome:
    return ok(_resource(call, _path(call)))


def add_resource(store: Store, path: str, given: Mapping[str, Any]) -> Row:
    """Keep a resource under its full id; the type is read from the id."""
    provider, *pairs = path.partition("/providers/")[2].split("/")
    row = {
        **given,
        "id": path,
        "name": pairs[-1] if pairs else provider,
        "type": "/".join([provider, *pairs[0::2]]),
        "properties": {**(given.get("properties") or {}), "provisioningState": "Succeeded"},
    }
    store.put(RESOURCES, path.lower(), row)
    return row


def put_resource(call: Call) -> Outcome:
    path = _path(call)
    known = call.store.get(RESOURCES, path.lower()) is not None
    return ok(add_resource(call.store, path, call.record("body")), status=200 if known else 201)


def delete_resource(call: Call) -> Outcome:
    path = _path(call)
    if not call.store.delete(RESOURCES, path.lower()):
        return no_content()
    for row in _rows(call.store, RESOURCES, path):
        call.store.delete(RESOURCES, str(row["id"]).lower())
    return ok(None)


def invoke(call: Call) -> Outcome:
    """Answer by the tenant's handler `arm/<action>`; the power actions of virtual machines are known."""
    row, action = _resource(call, _path(call)), call.text("actionName")
    handler = call.around.handler(f"arm/{action}")
    if handler is not None:
        return ok(handler({"resource": row, "body": call.arguments.get("body")}))
    if row["type"].lower() == "microsoft.compute/virtualmachines" and action in _POWER:
        return _power(call, row, action)
    raise refuse(400, "InvalidOperation", f"The emulated resource '{row['name']}' has no operation '{action}'.")


# -- deployments ---------------------------------------------------------------------------------------------------------


def _deployment_path(call: Call) -> str:
    return f"{_group(call)}/providers/Microsoft.Resources/deployments/{call.text('deploymentName')}"


def list_deployments(call: Call) -> Outcome:
    return _page(call, _rows(call.store, DEPLOYMENTS, _group(call)))


def get_deployment(call: Call) -> Outcome:
    row = call.store.get(DEPLOYMENTS, _deployment_path(call).lower())
    if row is None:
        raise refuse(404, "DeploymentNotFound", f"Deployment '{call.text('deploymentName')}' could not be found.")
    return ok(row)


def deploy(call: Call) -> Outcome:
    """Create the template's resources; the names of parameters and variables are put in, other expressions stay."""
    given = call.record("body").get("properties") or {}
    template = given.get("template") or {}
    values = {("parameters", k): (v or {}).get("defaultValue") for k, v in (template.get("parameters") or {}).items()}
    values |= {("parameters", k): (v or {}).get("value") for k, v in (given.get("parameters") or {}).items()}
    values |= {("variables", k): v for k, v in (template.get("variables") or {}).items()}

    def filled(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: filled(item) for key, item in value.items()}
        if isinstance(value, list):
            return [filled(item) for item in value]
        named = _NAMED.match(value) if isinstance(value, str) else None
        if named is None:
            return value
        if (named[1], named[2]) not in values:
            text = f"Deployment template validation failed: the template {named[1][:-1]} '{named[2]}' is not found."
            raise refuse(400, "InvalidTemplate", text)
        return filled(values[named[1], named[2]])

    group, made = _group(call), list[Row]()
    resources = template.get("resources") or []
    for resource in resources if isinstance(resources, list) else resources.values():
        if "copy" in resource or "condition" in resource or resource.get("type") == "Microsoft.Resources/deployments":
            text = "The emulated deployment takes no copy loops, conditions or nested templates."
            raise refuse(400, "InvalidTemplate", text)
    for resource in resources if isinstance(resources, list) else resources.values():
        entry = filled(resource)
        provider, *kinds = str(entry.get("type", "")).split("/")
        names = str(entry.get("name", "")).split("/")
        pairs = "/".join(f"{kind}/{name}" for kind, name in zip(kinds, names, strict=False))
        shown = {
            key: entry[key] for key in ("location", "tags", "sku", "kind", "properties", "identity") if key in entry
        }
        made.append(add_resource(call.store, f"{group}/providers/{provider}/{pairs}", shown))
    path = _deployment_path(call)
    row = {
        "id": path,
        "name": call.text("deploymentName"),
        "type": "Microsoft.Resources/deployments",
        "properties": {
            "provisioningState": "Succeeded",
            "mode": given.get("mode", "Incremental"),
            "timestamp": iso_fraction(call.now),
            "correlationId": call.around.new_id(),
            "parameters": given.get("parameters") or {},
            "outputs": {
                key: {"type": (entry or {}).get("type"), "value": filled((entry or {}).get("value"))}
                for key, entry in (template.get("outputs") or {}).items()
            },
            "outputResources": [{"id": resource["id"]} for resource in made],
        },
    }
    call.store.put(DEPLOYMENTS, path.lower(), row)
    return ok(row)


def delete_deployment(call: Call) -> Outcome:
    return ok(None, status=202) if call.store.delete(DEPLOYMENTS, _deployment_path(call).lower()) else no_content()


# -- providers -----------------------------------------------------------------------------------------------------------


def _set_registration(call: Call, state: str) -> Outcome:
    name = call.text("resourceProviderNamespace")
    path = f"/subscriptions/{_subscription(call)}/providers/{name}"
    row = {"id": path, "namespace": name, "registrationState": state, "resourceTypes": []}
    call.store.put(PROVIDERS, path.lower(), row)
    return ok(row)


def register(call: Call) -> Outcome:
    return _set_registration(call, "Registered")


def unregister(call: Call) -> Outcome:
    return _set_registration(call, "Unregistered")


def list_providers(call: Call) -> Outcome:
    return _page(call, _rows(call.store, PROVIDERS, f"/subscriptions/{_subscription(call)}/providers"))


# -- virtual machines ----------------------------------------------------------------------------------------------------


def _machine(call: Call) -> Row:
    return _resource(
        call, f"{_group(call)}/providers/Microsoft.Compute/virtualMachines/{call.text('virtualMachineName')}"
    )


def get_machine(call: Call) -> Outcome:
    return ok(_machine(call))


def list_machines(call: Call) -> Outcome:
    return ok({"value": _rows(call.store, RESOURCES, f"{_group(call)}/providers/microsoft.compute/virtualmachines")})


def _power(call: Call, row: Row, action: str) -> Outcome:
    state = {"code": f"PowerState/{_POWER[action]}", "displayStatus": f"VM {_POWER[action]}", "level": "Info"}
    properties = {**row["properties"], "instanceView": {"statuses": [state]}}
    call.store.put(RESOURCES, str(row["id"]).lower(), {**row, "properties": properties})
    return ok(None, status=202)


def set_power(call: Call) -> Outcome:
    return _power(call, _machine(call), call.text("powerAction"))


_GROUP = {"location": TEXT, "tags": {"*": ANY}, "resources": {"*": {"*": ANY}}}
SEED = {"subscriptions": {"*": {"displayName": TEXT, "state": TEXT, "groups": {"*": _GROUP}}}}


def seed(store: Store, value: Any, around: Surroundings, now: int) -> None:
    """Fill `subscriptions: {id: {displayName, groups: {name: {location, resources: {Microsoft.X/kind/name: {...}}}}}}`."""
    for ident, entry in (value.get("subscriptions") or {}).items():
        given = entry or {}
        row = {
            "id": f"/subscriptions/{ident}",
            "subscriptionId": ident,
            "displayName": given.get("displayName", ident),
            "state": given.get("state", "Enabled"),
        }
        store.put(SUBSCRIPTIONS, str(ident).lower(), row)
        for name, group in (given.get("groups") or {}).items():
            path = add_group(store, str(ident), name, group or {})["id"]
            for short, resource in ((group or {}).get("resources") or {}).items():
                add_resource(store, f"{path}/providers/{short}", resource or {})
