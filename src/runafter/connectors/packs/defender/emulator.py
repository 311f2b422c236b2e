"""Defender for Endpoint: machines, what was done to them, alerts. Shapes: learn.microsoft.com/defender-endpoint/api, read 2026-11-21."""

from __future__ import annotations

from typing import Any

from runafter.connectors import odata
from runafter.connectors.answers import failure, ok
from runafter.connectors.instants import iso
from runafter.connectors.spec import Call, Row, Store, Surroundings
from runafter.protocol.events import Outcome

ACTIONS = {
    "isolate": "Isolate",
    "unisolate": "Unisolate",
    "runantivirusscan": "RunAntiVirusScan",
    "restrictcodeexecution": "RestrictCodeExecution",
    "unrestrictcodeexecution": "UnrestrictCodeExecution",
    "collectinvestigationpackage": "CollectInvestigationPackage",
    "startinvestigation": "StartInvestigation",
    "offboard": "Offboard",
    "stopandquarantinefile": "StopAndQuarantineFile",
}


def _machine(call: Call, ident: str) -> Row | None:
    row = call.store.get("machines", ident)
    if row is None and ident and not call.store.rows("machines"):
        return {
            "id": ident,
            "computerDnsName": ident,
            "osPlatform": "Windows11",
            "healthStatus": "Active",
            "riskScore": "None",
            "lastSeen": iso(call.now),
        }
    return row


def _missing(what: str, ident: str) -> Outcome:
    return failure(404, "ResourceNotFound", f"{what} {ident} was not found.")


def get_machines(call: Call) -> Outcome:
    page = odata.page([row for _, row in call.store.rows("machines")], odata.query_of(call.arguments), page_size=10_000)
    return ok({"@odata.context": "https://api.securitycenter.microsoft.com/api/$metadata#Machines", "value": page.rows})


def get_machine(call: Call) -> Outcome:
    row = _machine(call, call.text("id"))
    return _missing("Machine", call.text("id")) if row is None else ok(row)


def machine_action(call: Call) -> Outcome:
    kind = ACTIONS.get(call.text("action").lower())
    if kind is None:
        return failure(404, "ResourceNotFound", f"There is no machine action '{call.text('action')}'.")
    machine = _machine(call, call.text("id"))
    if machine is None:
        return _missing("Machine", call.text("id"))
    body = call.record("body")
    if not body.get("Comment") and not body.get("comment"):
        return failure(400, "BadRequest", "The comment of a machine action is required.")
    ident = call.around.new_id()
    row = {"id": ident, "type": kind, "requestor": call.user, "requestorComment": body.get("Comment") or body.get("comment"), "status": "Succeeded",
           "machineId": machine["id"], "creationDateTimeUtc": iso(call.now), "lastUpdateDateTimeUtc": iso(call.now), "scope": body.get("IsolationType") or body.get("ScanType")}  # fmt: skip
    call.store.put("actions", ident, row)
    return ok(row, status=201)


def get_machine_action(call: Call) -> Outcome:
    row = call.store.get("actions", call.text("id"))
    return _missing("Machine action", call.text("id")) if row is None else ok(row)


def get_package_uri(call: Call) -> Outcome:
    row = call.store.get("actions", call.text("id"))
    if row is None or row["type"] != "CollectInvestigationPackage":
        return _missing("Investigation package", call.text("id"))
    return ok({"value": f"https://packages.example/{row['id']}.zip"})


def _alert(call: Call) -> Row | None:
    row = call.store.get("alerts", call.text("id"))
    if row is None and call.text("id") and not call.store.rows("alerts"):
        return {
            "id": call.text("id"),
            "status": "New",
            "severity": "Medium",
            "classification": None,
            "determination": None,
        }
    return row


def get_alert(call: Call) -> Outcome:
    row = _alert(call)
    return _missing("Alert", call.text("id")) if row is None else ok(row)


def update_alert(call: Call) -> Outcome:
    row = _alert(call)
    if row is None:
        return _missing("Alert", call.text("id"))
    changed = {**row, **call.record("body")}
    call.store.put("alerts", row["id"], changed)
    return ok(changed)


def get_statistics(call: Call) -> Outcome:
    kind = call.text("kind").lower()
    name = {"domains": "host", "files": "sha1", "ips": "ipAddress"}.get(kind)
    if name is None:
        return failure(404, "ResourceNotFound", f"There are no statistics of '{kind}'.")
    seeded = call.store.get(f"stats|{kind}", call.text("indicator")) or {}
    base = {name: call.text("indicator"), "orgPrevalence": "0", "orgFirstSeen": None, "orgLastSeen": None}
    return ok({**base, **seeded})


def seed(store: Store, value: Any, around: Surroundings, now: int) -> None:
    """Fill `machines: [{id, ...}]`, `alerts: [{id, ...}]`, `stats: {domains: {name: {orgPrevalence}}}`."""
    for table in ("machines", "alerts"):
        for entry in value.get(table) or []:
            store.put(table, str(entry["id"]), entry)
    for kind, entries in (value.get("stats") or {}).items():
        for name, entry in entries.items():
            store.put(f"stats|{kind}", name, entry)
