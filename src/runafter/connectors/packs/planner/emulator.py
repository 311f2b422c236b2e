"""Planner tasks and To Do lists. Shapes after learn.microsoft.com/connectors/planner and connectors/todo."""

from __future__ import annotations

from typing import Any

from runafter.connectors import odata
from runafter.connectors.answers import failure, no_content, ok
from runafter.connectors.instants import iso
from runafter.connectors.seedshape import ANY, NUMBER, SCALAR, TEXT
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


def delete_task(call: Call) -> Outcome:
    found = call.store.delete("tasks", call.text("id"))
    call.store.delete("details", call.text("id"))
    return no_content() if found else _missing("task", call.text("id"))


def _reassigned(call: Call, *, adds: bool) -> Outcome:
    row = call.store.get("tasks", call.text("id"))
    if row is None:
        return _missing("task", call.text("id"))
    named = _assigned(call.record("body").get("assignments"))
    left = [each for each in row.get("assignments") or [] if each not in named]
    return _change(call, {"assignments": [*left, *named] if adds else left})


def assign_users(call: Call) -> Outcome:
    return _reassigned(call, adds=True)


def unassign_users(call: Call) -> Outcome:
    return _reassigned(call, adds=False)


def get_task_details(call: Call) -> Outcome:
    ident = call.text("id")
    if call.store.get("tasks", ident) is None:
        return _missing("task", ident)
    empty = {"description": "", "previewType": "automatic", "references": [], "checklist": []}
    return ok({"id": ident, **empty, **(call.store.get("details", ident) or {})})


def update_task_details(call: Call) -> Outcome:
    ident = call.text("id")
    if call.store.get("tasks", ident) is not None:
        call.store.put("details", ident, {**(call.store.get("details", ident) or {}), **call.record("body")})
    return get_task_details(call)


def list_group_plans(call: Call) -> Outcome:
    rows = [row for _, row in call.store.rows("plans") if row.get("owner") in (None, call.text("groupId"))]
    return ok({"value": rows})


def _to_do(call: Call) -> Row | None:
    row = call.store.get("to-dos", call.text("id"))
    return row if row is not None and row["list"] == call.text("folderId") else None


def _shown_to_do(row: Row) -> Row:
    return {key: value for key, value in row.items() if key != "list"}


def list_to_dos(call: Call) -> Outcome:
    rows = [_shown_to_do(row) for _, row in call.store.rows("to-dos") if row["list"] == call.text("folderId")]
    return ok(odata.page(rows, odata.query_of(call.arguments), page_size=1000).rows)


def get_to_do(call: Call) -> Outcome:
    row = _to_do(call)
    return _missing("to-do", call.text("id")) if row is None else ok(_shown_to_do(row))


def update_to_do(call: Call) -> Outcome:
    row = _to_do(call)
    if row is None:
        return _missing("to-do", call.text("id"))
    changed = {**row, **call.record("body"), "id": row["id"], "list": row["list"]}
    call.store.put("to-dos", row["id"], changed)
    return ok(_shown_to_do(changed))


def delete_to_do(call: Call) -> Outcome:
    row = _to_do(call)
    if row is None:
        return _missing("to-do", call.text("id"))
    call.store.delete("to-dos", row["id"])
    return no_content()


_TASK = {"id!": SCALAR, "planId!": SCALAR, "title": TEXT, "bucketId": SCALAR, "percentComplete": NUMBER, "*": ANY}
SEED = {
    "plans": [{"id!": SCALAR, "owner": SCALAR, "title": TEXT, "*": ANY}],
    "buckets": [{"id!": SCALAR, "planId!": SCALAR, "name": TEXT, "*": ANY}],
    "tasks": [_TASK],
    "lists": {"*": TEXT},
}


def seed(store: Store, value: Any, around: Surroundings, now: int) -> None:
    """Fill `plans: [{id, owner, title}]`, `buckets: [{id, planId, name}]`, `tasks: [{id, planId, title}]`, `lists: {id: name}`."""
    for entry in value.get("plans") or []:
        store.put("plans", str(entry["id"]), entry)
    for entry in value.get("buckets") or []:
        store.put("buckets", str(entry["id"]), entry)
    for entry in value.get("tasks") or []:
        base = {"percentComplete": 0, "createdDateTime": iso(now), "bucketId": None, "assignments": []}
        store.put("tasks", str(entry["id"]), {**base, **entry})
    for ident, name in (value.get("lists") or {}).items():
        store.put("lists", ident, {"displayName": name})
