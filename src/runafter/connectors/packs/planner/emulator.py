"""Planner tasks and To Do lists. Shapes after learn.microsoft.com/connectors/planner and connectors/todo."""

from __future__ import annotations

from typing import Any

from runafter.connectors.answers import failure, ok
from runafter.connectors.instants import iso
from runafter.connectors.spec import Call, Row, Store, Surroundings
from runafter.protocol.events import Outcome


def _assigned(value: Any) -> list[dict[str, str]]:
    names = value if isinstance(value, list) else [part.strip() for part in str(value or "").split(";")]
    return [{"userId": str(name), "value": str(name)} for name in names if name]


def _missing(what: str, ident: str) -> Outcome:
    return failure(404, "NotFound", f"The requested {what} '{ident}' is not found.")


def create_task(call: Call) -> Outcome:
    given = call.record("body")
    bucket = given.get("bucketId")
    if bucket and call.store.rows("buckets") and call.store.get("buckets", str(bucket)) is None:
        return _missing("bucket", str(bucket))
    ident = call.around.new_id()
    row: Row = {
        "id": ident,
        "planId": given.get("planId"),
        "bucketId": bucket,
        "title": given.get("title"),
        "percentComplete": 0,
        "createdDateTime": iso(call.now),
        "startDateTime": given.get("startDateTime"),
        "dueDateTime": given.get("dueDateTime"),
        "completedDateTime": None,
        "priority": given.get("priority", 5),
        "assignments": _assigned(given.get("assignments")),
        "_assignments": _assigned(given.get("assignments")),
        "createdBy": {"user": {"id": call.user}},
        "hasDescription": bool(given.get("description")),
        "referenceCount": 0,
        "appliedCategories": given.get("appliedCategories") or {},
    }
    call.store.put("tasks", ident, row)
    return ok(row, status=201)


def get_task(call: Call) -> Outcome:
    row = call.store.get("tasks", call.text("id"))
    return _missing("task", call.text("id")) if row is None else ok(row)


def _change(call: Call, fields: Row) -> Outcome:
    row = call.store.get("tasks", call.text("id"))
    if row is None:
        return _missing("task", call.text("id"))
    call.store.put("tasks", row["id"], {**row, **fields})
    return ok(call.store.get("tasks", row["id"]))


def update_task(call: Call) -> Outcome:
    fields = {key: value for key, value in call.record("body").items() if key != "id"}
    if "assignments" in fields:
        fields["assignments"] = _assigned(fields["assignments"])
    return _change(call, fields)


def complete_task(call: Call) -> Outcome:
    return _change(call, {"percentComplete": 100, "completedDateTime": iso(call.now)})


def list_tasks(call: Call) -> Outcome:
    return ok({"value": [row for _, row in call.store.rows("tasks") if row["planId"] == call.text("id")]})


def create_bucket(call: Call) -> Outcome:
    given, ident = call.record("body"), call.around.new_id()
    row = {"id": ident, "name": given.get("name"), "planId": given.get("planId"), "orderHint": given.get("orderHint")}
    call.store.put("buckets", ident, row)
    return ok(row, status=201)


def list_buckets(call: Call) -> Outcome:
    return ok({"value": [row for _, row in call.store.rows("buckets") if row["planId"] == call.text("id")]})


def create_to_do(call: Call) -> Outcome:
    given, ident = call.record("body"), call.around.new_id()
    row = {"id": ident, "list": call.text("folderId"), "status": "notStarted", "importance": "normal", **given}
    row["createdDateTime"] = iso(call.now)
    call.store.put("to-dos", ident, row)
    return ok({key: value for key, value in row.items() if key != "list"}, status=201)


def get_to_do_lists(call: Call) -> Outcome:
    rows = call.store.rows("lists") or [("tasks", {"displayName": "Tasks"})]
    return ok([{"id": key, "displayName": row["displayName"], "isOwner": True, "isShared": False} for key, row in rows])


def seed(store: Store, value: Any, around: Surroundings, now: int) -> None:
    """Fill `buckets: [{id, planId, name}]`, `tasks: [{id, planId, title}]`, `lists: {id: name}`."""
    for entry in value.get("buckets") or []:
        store.put("buckets", str(entry["id"]), entry)
    for entry in value.get("tasks") or []:
        base = {"percentComplete": 0, "createdDateTime": iso(now), "bucketId": None, "assignments": []}
        store.put("tasks", str(entry["id"]), {**base, **entry})
    for ident, name in (value.get("lists") or {}).items():
        store.put("lists", ident, {"displayName": name})
