"""Tables, worksheets and scripts of workbooks. Shapes after learn.microsoft.com/connectors/excelonlinebusiness.

Every cell is answered as text, a number too: so the connector does, from experience of the platform, not verified
against a page. What `List rows` can filter and sort by is documented (page above, limitations, read 2026-11-21).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from runafter.connectors import odata
from runafter.connectors.answers import failure, ok, refuse
from runafter.connectors.seedshape import ANY, TEXT
from runafter.connectors.spec import Call, Row, Store, Surroundings
from runafter.protocol.events import Outcome

PAGE_SIZE = 256
TABLES = "$tables"
WORKSHEETS = "$worksheets"
SCRIPTS = "$scripts"
_UNSUPPORTED = re.compile(
    r"\b(gt|ge|lt|le|in|not|has|add|sub|mul|div|mod|substringof|tolower|toupper|length|year|month|day)\b"
)
_FILTERED = re.compile(r"([\w@]+)\s+(?:eq|ne)\b|(?:contains|startswith|endswith)\s*\(\s*([\w@]+)", re.IGNORECASE)


def _bare(name: str) -> str:
    return name.strip("/").rsplit("/", 1)[-1].lower()


def _book(call: Call) -> str:
    """Return the workbook's key.

    Raises:
        Refused: 404 where workbooks are seeded and this is none of them.
    """
    book = _bare(call.text("file"))
    known = {key.partition("|")[0] for key, row in call.store.rows(TABLES) if row.get("seeded")}
    if known and book not in {key.partition("|")[0] for key, _ in call.store.rows(TABLES)}:
        raise refuse(404, "itemNotFound", f"The file '{call.text('file')}' could not be found.")
    return book


def _table(call: Call) -> str:
    """Return the table's key.

    Raises:
        Refused: 404 where the workbook is seeded and has no such table.
    """
    book, table = _book(call), call.text("table").strip("{}").lower()
    key = f"{book}|{table}"
    is_seeded = any(name.startswith(f"{book}|") and row.get("seeded") for name, row in call.store.rows(TABLES))
    if is_seeded and call.store.get(TABLES, key) is None:
        raise refuse(404, "ItemNotFound", f"No table was found with the name '{call.text('table')}'.")
    return key


def _columns(call: Call, table: str) -> list[str]:
    """Return a table's columns; none are known of a table that nobody seeded or made and that has no row."""
    known = call.store.get(TABLES, table)
    if known is not None and known["columns"]:
        return list(known["columns"])
    return [name for _, row in call.store.rows(table)[:1] for name in row]


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return str(value) if isinstance(value, int | float) else value


def _shown(key: str, row: Mapping[str, Any]) -> dict[str, Any]:
    return {"@odata.etag": "", "ItemInternalId": key, **{name: _cell(value) for name, value in row.items()}}


def _must_be_simple(call: Call) -> None:
    """Refuse what the connector cannot filter or sort by.

    Raises:
        Refused: 400, naming it.
    """
    bare = re.sub(r"'(?:[^']|'')*'", "''", call.text("$filter"))
    found = _UNSUPPORTED.search(bare.lower())
    if found is not None:
        text = f"Invalid filter clause: '{found[1]}' is not supported; use eq, ne, contains, startswith or endswith."
        raise refuse(400, "BadRequest", text)
    names = [one or other for one, other in _FILTERED.findall(bare)]
    if len(names) != len(set(names)):
        raise refuse(400, "BadRequest", "Invalid filter clause: only one filter function can be applied on a column.")
    if "," in call.text("$orderby"):
        raise refuse(400, "BadRequest", "Invalid orderby clause: only one column can be used for sorting.")


def get_items(call: Call) -> Outcome:
    _must_be_simple(call)
    columns, query = _columns(call, _table(call)), odata.query_of(call.arguments)
    unknown = [name for name in odata.names_in(query) if columns and name not in (*columns, "ItemInternalId")]
    if unknown:
        return failure(400, "BadRequest", f"The table has no column '{unknown[0]}'.")
    rows = [_shown(key, row) for key, row in call.store.rows(_table(call))]
    wanted = call.settings.get("minimum_items")
    size = max(PAGE_SIZE, wanted) if isinstance(wanted, int) else PAGE_SIZE
    page = odata.page(rows, query, page_size=size)
    body: dict[str, Any] = {
        "value": [odata.selected(row, call.text("$select"), always=("ItemInternalId",)) for row in page.rows]
    }
    if page.next_skip is not None:
        body["@odata.nextLink"] = f"/tables/{call.text('table')}/items?$skip={page.next_skip}"
    return ok(body)


def _find(call: Call) -> tuple[str, Row] | None:
    column, wanted, table = call.text("idColumn"), call.text("id"), _table(call)
    columns = _columns(call, table)
    if column and columns and column not in columns:
        raise refuse(400, "BadRequest", f"The key column '{column}' is none of the table's; its case counts.")
    for key, row in call.store.rows(table):
        held = row.get(column) if column else next(iter(row.values()), None)
        if str(_cell(held)) == wanted or (not column and key == wanted):
            return key, row
    return None


def _missing(call: Call) -> Outcome:
    return failure(404, "ItemNotFound", f"No row was found with Id '{call.text('id')}'.")


def _checked(call: Call, table: str) -> dict[str, Any]:
    """Return the row's fields.

    Raises:
        Refused: 400 for one that the table has no column for.
    """
    item, columns = call.record("item"), _columns(call, table)
    unknown = [name for name in item if columns and name not in columns]
    if unknown:
        raise refuse(400, "InvalidArgument", f"The table has no column '{unknown[0]}'.")
    return item


def get_item(call: Call) -> Outcome:
    found = _find(call)
    return _missing(call) if found is None else ok(_shown(*found))


def add_row(call: Call) -> Outcome:
    table = _table(call)
    item = _checked(call, table)
    key = call.around.new_id()
    row = {**dict.fromkeys(_columns(call, table), ""), **item}
    call.store.put(table, key, row)
    return ok(_shown(key, row), status=201)


def patch_item(call: Call) -> Outcome:
    found = _find(call)
    if found is None:
        return _missing(call)
    changed = {**found[1], **_checked(call, _table(call))}
    call.store.put(_table(call), found[0], changed)
    return ok(_shown(found[0], changed))


def delete_item(call: Call) -> Outcome:
    found = _find(call)
    if found is None:
        return _missing(call)
    call.store.delete(_table(call), found[0])
    return ok(None)


# -- tables and worksheets ---------------------------------------------------------------------------------------------


def get_tables(call: Call) -> Outcome:
    book = _book(call)
    kept = {key.partition("|")[2]: row["name"] for key, row in call.store.rows(TABLES) if key.startswith(f"{book}|")}
    filled = [name.partition("|")[2] for name in call.store.tables() if name.startswith(f"{book}|")]
    names = [*kept.values(), *(name for name in filled if name not in kept)]
    return ok({"value": [{"id": f"{{{name}}}", "name": name, "showHeaders": True} for name in names]})


def create_table(call: Call) -> Outcome:
    """Make a table at a range; its columns are those named, or Column1 and on as many as the range is wide."""
    given, book = call.record("table"), _bare(call.text("file"))
    name, address = str(given.get("TableName") or ""), str(given.get("Range") or "").replace("$", "")
    found = re.fullmatch(r"(?:'?[^!']+'?!)?([A-Za-z]{1,3})\d+:([A-Za-z]{1,3})\d+", address)
    if found is None:
        return failure(400, "InvalidArgument", f"'{address}' is no range in A1 notation.")
    name = name or f"Table{1 + sum(1 for key, _ in call.store.rows(TABLES) if key.startswith(f'{book}|'))}"
    key = f"{book}|{name.lower()}"
    if call.store.get(TABLES, key) is not None:
        return failure(400, "InvalidArgument", f"A table named '{name}' exists already.")
    columns = [part.strip() for part in re.split(r"[;,]", str(given.get("ColumnsNames") or "")) if part.strip()]
    width = _number_of(found[2]) - _number_of(found[1]) + 1
    columns = columns or [f"Column{number}" for number in range(1, width + 1)]
    call.store.put(TABLES, key, {"name": name, "columns": columns})
    return ok({"id": f"{{{name}}}", "name": name, "showHeaders": True, "style": "TableStyleMedium2"}, status=201)


def _number_of(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


def create_id_column(call: Call) -> Outcome:
    """Add a key column, `__PowerAppsId__` where no other name is given, and fill it where that is asked for."""
    table, name = _table(call), call.text("idColumn") or "__PowerAppsId__"
    known = call.store.get(TABLES, table) or {"name": call.text("table")}
    columns = _columns(call, table)
    call.store.put(TABLES, table, {**known, "columns": [*columns, *([] if name in columns else [name])]})
    for key, row in call.store.rows(table):
        fills = call.text("populateColumn").lower() == "true" and not row.get(name)
        call.store.put(table, key, {**row, name: call.around.new_id() if fills else row.get(name, "")})
    return ok(None)


def get_columns(call: Call) -> Outcome:
    return ok({"value": [{"name": name} for name in _columns(call, _table(call))]})


def _sheets(call: Call) -> list[str]:
    book = _book(call)
    return [row["name"] for key, row in call.store.rows(WORKSHEETS) if key.startswith(f"{book}|")] or ["Sheet1"]


def _sheet(name: str, place: int) -> dict[str, Any]:
    return {"id": f"{{{name}}}", "name": name, "position": place, "visibility": "Visible"}


def get_all_worksheets(call: Call) -> Outcome:
    return ok({"value": [_sheet(name, place) for place, name in enumerate(_sheets(call))]})


def create_worksheet(call: Call) -> Outcome:
    sheets, book = _sheets(call), _book(call)
    name = str(call.record("body").get("name") or f"Sheet{len(sheets) + 1}")
    if name.lower() in (each.lower() for each in sheets):
        return failure(409, "ItemAlreadyExists", f"A worksheet named '{name}' exists already.")
    for each in (*sheets, name):
        call.store.put(WORKSHEETS, f"{book}|{each.lower()}", {"name": each})
    return ok(_sheet(name, len(sheets)), status=201)


# -- scripts -----------------------------------------------------------------------------------------------------------


def run_script(call: Call) -> Outcome:
    """Answer with what the seed's `scripts` gives for the script's id or name; no script is carried out."""
    ident = call.text("scriptId")
    for _, row in call.store.rows(SCRIPTS):
        if row["name"].lower() in ident.lower() or ident.lower().endswith(row["name"].lower()):
            return ok({"result": row["result"], "logs": []})
    if call.store.rows(SCRIPTS):
        return failure(404, "itemNotFound", f"No script '{ident}' is seeded.")
    return ok({"result": None, "logs": []})


_ROWS = [{"*": ANY}]
SEED = {
    "workbooks": {"*": {"*": (_ROWS, {"columns": [TEXT], "rows": _ROWS})}},
    "scripts": {"*": ANY},
}


def seed(store: Store, value: Any, around: Surroundings, now: int) -> None:
    """Fill `workbooks: {Book.xlsx: {Table1: [row]}}`, a table also as `{columns: [name], rows}`; `scripts: {id: result}`."""
    for book, tables in (value.get("workbooks") or {}).items():
        for table, entry in (tables or {}).items():
            rows = (entry.get("rows") if isinstance(entry, dict) else entry) or []
            named = (entry.get("columns") if isinstance(entry, dict) else None) or list(
                dict.fromkeys(n for row in rows for n in row)
            )
            key = f"{_bare(book)}|{table.lower()}"
            store.put(TABLES, key, {"name": table, "columns": named, "seeded": True})
            for row in rows:
                store.put(key, around.new_id(), {**dict.fromkeys(named, ""), **row})
    for name, result in (value.get("scripts") or {}).items():
        store.put(SCRIPTS, str(name), {"name": str(name), "result": result})
