"""Jobs of runbooks; they end by the tenant's clock. Shapes after learn.microsoft.com/rest/api/automation/job."""

from __future__ import annotations

from typing import Any

from runafter.connectors.answers import ok, refuse
from runafter.connectors.instants import TICKS_PER_SECOND, iso_fraction
from runafter.connectors.seedshape import NUMBER, SCALAR
from runafter.connectors.spec import Call, Row, Store, Surroundings
from runafter.protocol.events import Outcome

RUNBOOKS, JOBS = "runbooks", "jobs"


def _job_path(call: Call) -> str:
    account = f"/subscriptions/{call.text('subscriptionId')}/resourceGroups/{call.text('resourceGroup')}"
    return f"{account}/providers/Microsoft.Automation/automationAccounts/{call.text('automationAccount')}/jobs"


def _shown(row: Row, now: int) -> dict[str, Any]:
    done = now >= row["ends"]
    status = ("Failed" if row["error"] else "Completed") if done else "Running"
    properties = {
        "jobId": row["id"],
        "creationTime": iso_fraction(row["began"]),
        "startTime": iso_fraction(row["began"]),
        "endTime": iso_fraction(row["ends"]) if done else None,
        "lastModifiedTime": iso_fraction(min(now, row["ends"])),
        "status": status,
        "exception": row["error"] if done else None,
        "provisioningState": "Succeeded" if status == "Completed" else "Failed" if done else "Processing",
        "runbook": {"name": row["runbook"]},
        "parameters": row["parameters"],
        "runOn": row["run_on"],
    }
    return {"id": f"{row['path']}/{row['id']}", "name": row["id"], "properties": properties}


def create_job(call: Call) -> Outcome:
    """Start a runbook. With `wait` the answer is the finished job, as the connector polls for it."""
    name = call.text("runbookName")
    runbook = call.store.get(RUNBOOKS, name.lower())
    handler = call.around.handler(f"azureautomation/{name}")
    if runbook is None and handler is None:
        raise refuse(404, "NotFound", f"The runbook '{name}' cannot be found.")
    given = call.record("body").get("properties") or {}
    parameters = given.get("parameters") or call.record("runbookParameters")
    known = runbook or {"output": "", "seconds": 0, "error": None}
    waits = "true" in (call.text("wait"), call.text("waitForJob"))
    ident = call.around.new_id()
    row = {
        "id": ident,
        "path": _job_path(call),
        "runbook": name,
        "parameters": parameters,
        "run_on": given.get("runOn") or call.text("hybridWorkerGroup"),
        "began": call.now,
        "ends": call.now + (0 if waits else round(float(known["seconds"]) * TICKS_PER_SECOND)),
        "output": str(handler(parameters)) if handler is not None else known["output"],
        "error": known["error"],
    }
    call.store.put(JOBS, ident, row)
    return ok(_shown(row, call.now), status=201)


def _found(call: Call) -> Row:
    row = call.store.get(JOBS, call.text("jobId"))
    if row is None:
        raise refuse(404, "NotFound", f"The job '{call.text('jobId')}' cannot be found.")
    return row


def get_job(call: Call) -> Outcome:
    return ok(_shown(_found(call), call.now))


def get_output(call: Call) -> Outcome:
    row = _found(call)
    return ok(row["output"] if call.now >= row["ends"] else "")


SEED = {"runbooks": {"*": ({"output": SCALAR, "seconds": NUMBER, "error": SCALAR}, SCALAR)}}


def seed(store: Store, value: Any, around: Surroundings, now: int) -> None:
    """Fill `runbooks: {name: {output: text, seconds: 30, error: text}}`; a text alone is the output."""
    for name, entry in (value.get("runbooks") or {}).items():
        given = entry if isinstance(entry, dict) else {"output": str(entry or "")}
        row = {"name": name, "output": str(given.get("output", "")), "seconds": given.get("seconds", 0)}
        store.put(RUNBOOKS, str(name).lower(), {**row, "error": given.get("error")})
