"""Machines and alerts of Defender for Endpoint. Shapes after learn.microsoft.com/defender-endpoint/api."""

from __future__ import annotations

from typing import Any

from runafter.connectors import odata
from runafter.connectors.answers import ok, refuse
from runafter.connectors.instants import TICKS_PER_SECOND, iso_fraction
from runafter.connectors.seedshape import ANY, SCALAR, TEXT
from runafter.connectors.spec import Call, Row, Store, Surroundings
from runafter.protocol.events import Outcome

MACHINES, ALERTS, ACTIONS, STATISTICS = "machines", "alerts", "actions", "statistics"
ACTION_S = 60.0
"""How long a machine action is Pending in the emulation."""
_FIELDS = ("status", "assignedTo", "classification", "determination")
_CHOICES = {
    "status": ("New", "InProgress", "Resolved"),
    "classification": ("TruePositive", "InformationalExpectedActivity", "FalsePositive", "Unknown"),
}


def _machine(call: Call) -> Row:
    wanted = call.text("MachineId").lower()
    for key, row in call.store.rows(MACHINES):
        if wanted in (key, str(row["computerDnsName"]).lower()):
            return row
    raise refuse(404, "ResourceNotFound", f"Machine {call.text('MachineId')} was not found")


def _page(call: Call, rows: list[Row]) -> Outcome:
    page = odata.page(rows, odata.query_of(call.arguments), page_size=10_000)
    shown = [odata.selected(row, call.text("$select")) for row in page.rows]
    return ok({"@odata.count": page.total, "value": shown} if call.text("$count") == "true" else {"value": shown})


def list_machines(call: Call) -> Outcome:
    return _page(call, [row for _, row in call.store.rows(MACHINES)])


def get_machine(call: Call) -> Outcome:
    return ok(_machine(call))


def machine_alerts(call: Call) -> Outcome:
    ident = _machine(call)["id"]
    return ok({"value": [row for _, row in call.store.rows(ALERTS) if row.get("machineId") == ident]})


def tag_machine(call: Call) -> Outcome:
    row, given = _machine(call), call.record("body")
    value, action = str(given.get("Value")), str(given.get("Action"))
    if action not in ("Add", "Remove"):
        raise refuse(400, "InvalidInput", f"The action '{action}' is neither Add nor Remove")
    kept = [tag for tag in row["machineTags"] if tag != value]
    changed = {**row, "machineTags": [*kept, value] if action == "Add" else kept}
    call.store.put(MACHINES, str(row["id"]).lower(), changed)
    return ok(changed)


# -- actions -------------------------------------------------------------------------------------------------------------


def _shown_action(row: Row, now: int) -> dict[str, Any]:
    done = now >= row["ends"]
    out = {key: value for key, value in row.items() if key != "ends"}
    out["status"] = "Succeeded" if done else "Pending"
    out["lastUpdateDateTimeUtc"] = iso_fraction(row["ends"] if done else now)
    return out


def _start(call: Call, kind: str) -> Row:
    machine, given = _machine(call), call.record("body")
    pending = [
        row
        for _, row in call.store.rows(ACTIONS)
        if row["machineId"] == machine["id"] and row["type"] == kind and call.now < row["ends"]
    ]
    if pending:
        raise refuse(400, "ActiveRequestAlreadyExists", "Action is already in progress")
    ident = call.around.new_id()
    row = {
        "id": ident,
        "type": kind,
        "scope": given.get("IsolationType") or given.get("ScanType"),
        "requestor": call.user,
        "requestorComment": given.get("Comment"),
        "machineId": machine["id"],
        "computerDnsName": machine["computerDnsName"],
        "creationDateTimeUtc": iso_fraction(call.now),
        "ends": call.now + round(ACTION_S * TICKS_PER_SECOND),
    }
    call.store.put(ACTIONS, ident, row)
    return row


def act(call: Call) -> Outcome:
    return ok(_shown_action(_start(call, call.text("actionType")), call.now), status=201)


def start_investigation(call: Call) -> Outcome:
    row = _start(call, "StartInvestigation")
    number = call.store.next_number("investigation")
    return ok(
        {
            "id": str(number),
            "startTime": row["creationDateTimeUtc"],
            "endTime": None,
            "state": "Running",
            "machineId": row["machineId"],
            "computerDnsName": row["computerDnsName"],
            "triggeringAlertId": None,
        },
        status=201,
    )


def list_actions(call: Call) -> Outcome:
    return _page(call, [_shown_action(row, call.now) for _, row in call.store.rows(ACTIONS)])


def _action(call: Call) -> Row:
    row = call.store.get(ACTIONS, call.text("MachineActionId"))
    if row is None:
        raise refuse(404, "ResourceNotFound", f"Machine action {call.text('MachineActionId')} was not found")
    return row


def get_action(call: Call) -> Outcome:
    return ok(_shown_action(_action(call), call.now))


def get_package(call: Call) -> Outcome:
    row = _action(call)
    if row["type"] != "CollectInvestigationPackage" or call.now < row["ends"]:
        raise refuse(404, "ResourceNotFound", f"There is no investigation package of machine action {row['id']}")
    return ok({"value": f"https://packages.securitycenter.example/{row['id']}.zip"})


# -- alerts and statistics -----------------------------------------------------------------------------------------------


def list_alerts(call: Call) -> Outcome:
    return _page(call, [row for _, row in call.store.rows(ALERTS)])


def _alert(call: Call) -> Row:
    row = call.store.get(ALERTS, call.text("AlertId"))
    if row is None:
        raise refuse(404, "ResourceNotFound", f"Alert {call.text('AlertId')} was not found")
    return row


def get_alert(call: Call) -> Outcome:
    return ok(_alert(call))


def update_alert(call: Call) -> Outcome:
    row, given = _alert(call), call.record("body")
    for name, choices in _CHOICES.items():
        if given.get(name) is not None and given[name] not in choices:
            raise refuse(
                400, "InvalidInput", f"Invalid {name} value '{given[name]}'; it is one of {', '.join(choices)}"
            )
    comments = row.get("comments", [])
    if given.get("comment"):
        added = {"comment": given["comment"], "createdBy": call.user, "createdTime": iso_fraction(call.now)}
        comments = [*comments, added]
    fields: Row = {key: given[key] for key in _FIELDS if key in given}
    changed: Row = {**row, **fields, "comments": comments, "lastUpdateTime": iso_fraction(call.now)}
    call.store.put(ALERTS, str(row["id"]), changed)
    return ok(changed)


def _statistics(call: Call, name: str, shown: str, **more: Any) -> Outcome:
    row = call.store.get(STATISTICS, call.text(name).lower()) or {}
    counts: Row = {"organizationPrevalence": 0, "orgFirstSeen": None, "orgLastSeen": None}
    return ok({shown: call.text(name), **counts, **more, **row})


def file_statistics(call: Call) -> Outcome:
    world: Row = {"globallyPrevalence": 0, "globalFirstObserved": None, "globalLastObserved": None, "topFileNames": []}
    return _statistics(call, "FileId", "sha1", **world)


def domain_statistics(call: Call) -> Outcome:
    return _statistics(call, "DomainName", "host")


def ip_statistics(call: Call) -> Outcome:
    return _statistics(call, "IpAddress", "ipAddress")


def hunt(call: Call) -> Outcome:
    handler = call.around.handler("wdatp/hunt")
    if handler is None:
        raise refuse(400, "BadRequest", "The emulated tenant hunts only by the handler 'wdatp/hunt'.")
    rows = handler(call.record("body"))
    names = list(rows[0]) if rows else []
    return ok({"Stats": {}, "Schema": [{"Name": name, "Type": "String"} for name in names], "Results": rows})


SEED = {
    "machines": [{"id": SCALAR, "computerDnsName": TEXT, "machineTags": [TEXT], "healthStatus": TEXT, "*": ANY}],
    "alerts": [{"id!": SCALAR, "machineId": SCALAR, "status": TEXT, "severity": TEXT, "title": TEXT, "*": ANY}],
    "statistics": {"*": {"*": ANY}},
}


def seed(store: Store, value: Any, around: Surroundings, now: int) -> None:
    """Fill `machines: [{computerDnsName, ...}]`, `alerts: [{id, machineId, ...}]`, `statistics: {1.2.3.4: {...}}`."""
    for entry in value.get("machines") or []:
        ident = str(entry.get("id") or around.new_id().replace("-", ""))
        row = {"healthStatus": "Active", "riskScore": "None", "machineTags": [], "lastSeen": iso_fraction(now)}
        store.put(MACHINES, ident.lower(), {**row, "computerDnsName": ident, **entry, "id": ident})
    for entry in value.get("alerts") or []:
        row = {"status": "New", "severity": "Medium", "comments": [], "alertCreationTime": iso_fraction(now)}
        store.put(ALERTS, str(entry["id"]), {**row, **entry})
    for name, entry in (value.get("statistics") or {}).items():
        store.put(STATISTICS, str(name).lower(), dict(entry))
