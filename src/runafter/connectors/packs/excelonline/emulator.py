"""Tables of workbooks. Shapes after learn.microsoft.com/connectors/excelonlinebusiness."""

from __future__ import annotations

from typing import Any

from runafter.connectors import odata
from runafter.connectors.answers import failure, ok
from runafter.connectors.seedshape import ANY
from runafter.connectors.spec import Call, Row, Store, Surroundings
from runafter.protocol.events import Outcome

PAGE_SIZE = 256


def _table(call: Call) -> str:
    return f"{call.text('file').strip('/').rsplit('/', 1)[-1].lower()}|{call.text('table').strip('{}').lower()}"


def _shown(key: str, row: Row) -> dict[str, Any]:
    return {"@odata.etag": "", "ItemInternalId": key, **row}


def get_items(call: Call) -> Outcome:
    rows = [_shown(key, row) for key, row in call.store.rows(_table(call))]
    wanted = call.settings.get("minimum_items")
    size = max(PAGE_SIZE, wanted) if isinstance(wanted, int) else PAGE_SIZE
    page = odata.page(rows, odata.query_of(call.arguments), page_size=size)
    body: dict[str, Any] = {
        "value": [odata.selected(row, call.text("$select"), always=("ItemInternalId",)) for row in page.rows]
    }
    if page.next_skip is not None:
        body["@odata.nextLink"] = f"/tables/{call.text('table')}/items?$skip={page.next_skip}"
    return ok(body)


def _find(call: Call) -> tuple[str, Row] | None:
    column, wanted = call.text("idColumn"), call.text("id")
    for key, row in call.store.rows(_table(call)):
        held = row.get(column) if column else next(iter(row.values()), None)
        if str(held) == wanted or (not column and key == wanted):
            return key, row
    return None


def _missing(call: Call) -> Outcome:
    return failure(404, "ItemNotFound", f"No row was found with Id '{call.text('id')}'.")


def get_item(call: Call) -> Outcome:
    found = _find(call)
    return _missing(call) if found is None else ok(_shown(*found))


def add_row(call: Call) -> Outcome:
    table = _table(call)
    columns = [name for _, row in call.store.rows(table)[:1] for name in row]
    item = call.record("item")
    unknown = [name for name in item if columns and name not in columns]
    if unknown:
        return failure(400, "InvalidArgument", f"The table has no column '{unknown[0]}'.")
    key = call.around.new_id()
    row = {**dict.fromkeys(columns, ""), **item}
    call.store.put(table, key, row)
    return ok(_shown(key, row), status=201)


def patch_item(call: Call) -> Outcome:
    found = _find(call)
    if found is None:
        return _missing(call)
    changed = {**found[1], **call.record("item")}
    call.store.put(_table(call), found[0], changed)
    return ok(_shown(found[0], changed))


def delete_item(call: Call) -> Outcome:
    found = _find(call)
    if found is None:
        return _missing(call)
    call.store.delete(_table(call), found[0])
    return ok(None)


def get_tables(call: Call) -> Outcome:
    prefix = call.text("file").strip("/").rsplit("/", 1)[-1].lower() + "|"
    names = [table.removeprefix(prefix) for table in call.store.tables() if table.startswith(prefix)]
    return ok({"value": [{"id": name, "name": name} for name in names]})


SEED = {"workbooks": {"*": {"*": [{"*": ANY}]}}}


def seed(store: Store, value: Any, around: Surroundings, now: int) -> None:
    """Fill `workbooks: {Book.xlsx: {Table1: [row]}}`."""
    for book, tables in (value.get("workbooks") or {}).items():
        for table, rows in tables.items():
            for row in rows:
                store.put(f"{book.strip('/').rsplit('/', 1)[-1].lower()}|{table.lower()}", around.new_id(), row)
