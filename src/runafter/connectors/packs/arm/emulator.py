"""Azure's resources by id, deployments that succeed, and automation jobs with seeded output.

A tenant without seeded resources knows any resource it is asked for; with seeds, others are 404.
Shapes: learn.microsoft.com/rest/api/resources and rest/api/automation/job, read 2026-11-21.
"""

from __future__ import annotations

from typing import Any

from runafter.connectors.answers import failure, ok
from runafter.connectors.instants import iso
from runafter.connectors.spec import Call, Row, Store, Surroundings
from runafter.protocol.events import Outcome

_ZERO = "00000000-0000-0000-0000-000000000000"


def _group(call: Call) -> str:
    return call.text("resourceGroupName") or call.text("resourceGroup")


def _id(call: Call) -> str:
    tail = call.text("shortResourceId").strip("/")
    return f"/subscriptions/{call.text('subscriptionId')}/resourceGroups/{_group(call)}/providers/{call.text('resourceProviderNamespace')}/{tail}"


def _resource(ident: str, body: dict[str, Any]) -> Row:
    provider, _, rest = ident.partition("/providers/")[2].partition("/")
    kinds = rest.split("/")[0::2]
    base = {
        "id": ident,
        "name": ident.rsplit("/", 1)[-1],
        "type": f"{provider}/{'/'.join(kinds)}",
        "location": "westeurope",
        "tags": {},
    }
    properties = {"provisioningState": "Succeeded", **(body.get("properties") or {})}
    return {**base, **{k: v for k, v in body.items() if k != "id"}, "properties": properties}


def subscriptions_list(call: Call) -> Outcome:
    rows = call.store.rows("subscriptions") or [(_ZERO, {"displayName": "Emulated"})]
    return ok(
        {
            "value": [
                {
                    "id": f"/subscriptions/{key}",
                    "subscriptionId": key,
                    "displayName": row["displayName"],
                    "state": "Enabled",
                }
                for key, row in rows
            ]
        }
    )


def resource_groups_list(call: Call) -> Outcome:
    prefix = f"/subscriptions/{call.text('subscriptionId')}/resourcegroups/".lower()
    names = {row["id"].split("/")[4] for key, row in call.store.rows("resources") if key.startswith(prefix)}
    return ok(
        {
            "value": [
                {
                    "id": f"/subscriptions/{call.text('subscriptionId')}/resourceGroups/{name}",
                    "name": name,
                    "location": "westeurope",
                    "properties": {"provisioningState": "Succeeded"},
                }
                for name in sorted(names)
            ]
        }
    )


def resources_get(call: Call) -> Outcome:
    ident = _id(call)
    row = call.store.get("resources", ident.lower())
    if row is None and not call.store.rows("resources"):
        row = _resource(ident, {})
    if row is None:
        text = (
            f"The Resource '{ident.partition('/providers/')[2]}' under resource group '{_group(call)}' was not found."
        )
        return failure(404, "ResourceNotFound", text)
    return ok(row)


def resources_create_or_update(call: Call) -> Outcome:
    ident = _id(call)
    existed = call.store.get("resources", ident.lower()) is not None
    row = _resource(ident, call.record("body"))
    call.store.put("resources", ident.lower(), row)
    return ok(row, status=200 if existed else 201)


def resources_delete(call: Call) -> Outcome:
    existed = call.store.delete("resources", _id(call).lower())
    return ok(None, status=200 if existed else 204)


def resources_invoke(call: Call) -> Outcome:
    ident, action = _id(call), call.text("actionName")
    row = call.store.get("resources", ident.lower())
    if row is None and call.store.rows("resources"):
        return failure(404, "ResourceNotFound", f"The Resource '{ident}' was not found.")
    call.store.put(
        "actions",
        call.around.new_id(),
        {"resource": ident, "action": action, "body": call.arguments.get("body"), "at": iso(call.now)},
    )
    power = {"start": "running", "deallocate": "deallocated", "powerOff": "stopped", "restart": "running"}.get(action)
    if row is not None and power is not None:
        call.store.put("resources", ident.lower(), {**row, "properties": {**row["properties"], "powerState": power}})
    return ok(None, status=202)


def deployments_create_or_update(call: Call) -> Outcome:
    name = call.text("deploymentName")
    given = call.record("body").get("properties") or {}
    ident = f"/subscriptions/{call.text('subscriptionId')}/resourceGroups/{_group(call)}/providers/Microsoft.Resources/deployments/{name}"
    template = given.get("template")
    for entry in template.get("resources") or [] if isinstance(template, dict) else []:
        kind, resource = str(entry.get("type", "")), str(entry.get("name", ""))
        provider, _, rest = kind.partition("/")
        target = f"/subscriptions/{call.text('subscriptionId')}/resourceGroups/{_group(call)}/providers/{provider}/{rest}/{resource}"
        call.store.put(
            "resources",
            target.lower(),
            _resource(target, {k: entry[k] for k in ("location", "tags", "properties") if k in entry}),
        )
    properties = {
        "provisioningState": "Succeeded",
        "timestamp": iso(call.now),
        "mode": given.get("mode", "Incremental"),
        "outputs": {},
        "parameters": given.get("parameters") or {},
    }
    row = {"id": ident, "name": name, "properties": properties}
    call.store.put("deployments", ident.lower(), row)
    return ok(row, status=201)


def providers_register(call: Call) -> Outcome:
    namespace = call.text("resourceProviderNamespace")
    call.store.put("providers", namespace.lower(), {"namespace": namespace})
    return ok(
        {
            "id": f"/subscriptions/{call.text('subscriptionId')}/providers/{namespace}",
            "namespace": namespace,
            "registrationState": "Registered",
            "resourceTypes": [],
        }
    )


# -- automation -------------------------------------------------------------------------------------------------------------


def create_job(call: Call) -> Outcome:
    """Start a job. It is completed at once; its output is the seed's for the runbook, else empty."""
    runbook = call.text("runbookName")
    seeded = call.store.get("runbooks", runbook.lower())
    if seeded is None and call.store.rows("runbooks"):
        return failure(404, "NotFound", f"Runbook '{runbook}' was not found.")
    ident = call.around.new_id()
    given = call.record("body").get("properties") or {}
    status = (seeded or {}).get("status", "Completed")
    properties = {"jobId": ident, "creationTime": iso(call.now), "startTime": iso(call.now), "endTime": iso(call.now), "status": status,
                  "provisioningState": "Succeeded", "runbook": {"name": runbook}, "parameters": given.get("parameters") or call.record("jobParameters") or call.record("runbookParameters"),
                  "exception": (seeded or {}).get("exception")}  # fmt: skip
    row = {"id": f"/jobs/{ident}", "name": ident, "properties": properties}
    call.store.put("jobs", ident, {**row, "$output": (seeded or {}).get("output", "")})
    return ok(row, status=201)


def _job(call: Call) -> Row | None:
    return call.store.get("jobs", call.text("jobId"))


def get_job(call: Call) -> Outcome:
    row = _job(call)
    if row is None:
        return failure(404, "NotFound", f"The job '{call.text('jobId')}' was not found.")
    return ok({key: value for key, value in row.items() if not key.startswith("$")})


def get_job_output(call: Call) -> Outcome:
    row = _job(call)
    if row is None:
        return failure(404, "NotFound", f"The job '{call.text('jobId')}' was not found.")
    return ok(str(row["$output"]), headers={"Content-Type": "text/plain; charset=utf-8"})


def seed(store: Store, value: Any, around: Surroundings, now: int) -> None:
    """Fill `subscriptions: {id: name}`, `resources: [{id, location, properties}]`, `runbooks: {name: {output, status, exception}}`."""
    for ident, name in (value.get("subscriptions") or {}).items():
        store.put("subscriptions", str(ident), {"displayName": name})
    for entry in value.get("resources") or []:
        store.put("resources", str(entry["id"]).lower(), _resource(str(entry["id"]), entry))
    for name, entry in (value.get("runbooks") or {}).items():
        store.put("runbooks", name.lower(), entry or {})
