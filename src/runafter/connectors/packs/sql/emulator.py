"""SQL as its connectors reach it, on an emulated database. Shapes: learn.microsoft.com/connectors/sql, read 2026-11-21."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runafter.connectors import odata
from runafter.connectors.answers import ok
from runafter.connectors.packs.sql.database import Database, bare_table, failed
from runafter.connectors.spec import Call, Row, Store, Surroundings
from runafter.protocol.events import Outcome

PAGE_SIZE = 2048


def _with_id(row: Row, number: int) -> Row:
    return {"@odata.etag": "", "ItemInternalId": str(number), **row}


def get_items(call: Call) -> Outcome:
    table = bare_table(call.text("table"))
    with Database(call.store) as database:
        database.columns(table)
        rows, _ = database.run(f'SELECT * FROM "{table}"', {})  # noqa: S608
    wanted = call.settings.get("minimum_items")
    size = max(PAGE_SIZE, wanted) if isinstance(wanted, int) else PAGE_SIZE
    page = odata.page(rows or [], odata.query_of(call.arguments), page_size=size)
    select = call.text("$select")
    shown = [_with_id(odata.selected(row, select), index + 1) for index, row in enumerate(page.rows)]
    body: dict[str, Any] = {"value": shown}
    if page.next_skip is not None:
        body["@odata.nextLink"] = f"/tables/{table}/items?$skip={page.next_skip}"
    return ok(body)


def _one(database: Database, table: str, ident: str) -> Row:
    key = database.key_of(table)
    rows, _ = database.run(f'SELECT * FROM "{table}" WHERE CAST("{key}" AS TEXT) = @id', {"id": ident})  # noqa: S608
    if not rows:
        raise failed(f"No row was found with Id '{ident}'.", 404)
    return rows[0]


def get_item(call: Call) -> Outcome:
    table = bare_table(call.text("table"))
    with Database(call.store) as database:
        return ok(_with_id(_one(database, table, call.text("id")), 1))


def insert(database: Database, table: str, item: Mapping[str, Any]) -> Row:
    """Insert a row and return it as stored."""
    columns = database.columns(table)
    unknown = [name for name in item if name not in columns and not name.startswith("@")]
    if unknown:
        raise failed(f"Could not find the column '{unknown[0]}' of the table '{table}'.")
    values = {name: value for name, value in item.items() if name in columns}
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join(f"@p{index}" for index in range(len(values)))
    given = {f"p{index}": value for index, value in enumerate(values.values())}
    text = f'INSERT INTO "{table}" ({names}) VALUES ({marks})' if values else f'INSERT INTO "{table}" DEFAULT VALUES'  # noqa: S608
    database.run(text, given)
    rows, _ = database.run(f'SELECT * FROM "{table}" WHERE rowid = last_insert_rowid()', {})  # noqa: S608
    return (rows or [{}])[0]


def post_item(call: Call) -> Outcome:
    with Database(call.store) as database:
        return ok(_with_id(insert(database, bare_table(call.text("table")), call.record("item")), 1), status=201)


def patch_item(call: Call) -> Outcome:
    table, item = bare_table(call.text("table")), call.record("item")
    with Database(call.store) as database:
        _one(database, table, call.text("id"))
        columns = database.columns(table)
        unknown = [name for name in item if name not in columns]
        if unknown:
            raise failed(f"Could not find the column '{unknown[0]}' of the table '{table}'.")
        if item:
            sets = ", ".join(f'"{name}" = @p{index}' for index, name in enumerate(item))
            given = {f"p{index}": value for index, value in enumerate(item.values())}
            key = database.key_of(table)
            statement = f'UPDATE "{table}" SET {sets} WHERE CAST("{key}" AS TEXT) = @id'  # noqa: S608
            database.run(statement, {**given, "id": call.text("id")})
        ident = str(item.get(database.key_of(table), call.text("id")))
        return ok(_with_id(_one(database, table, ident), 1))


def delete_item(call: Call) -> Outcome:
    table = bare_table(call.text("table"))
    with Database(call.store) as database:
        _one(database, table, call.text("id"))
        key = database.key_of(table)
        database.run(f'DELETE FROM "{table}" WHERE CAST("{key}" AS TEXT) = @id', {"id": call.text("id")})  # noqa: S608
    return ok(None)


# -- queries and procedures ----------------------------------------------------------------------------------------------


def _sets(found: list[list[Row]]) -> dict[str, Any]:
    return {f"Table{index + 1}": rows for index, rows in enumerate(found)}


def execute_query(call: Call) -> Outcome:
    given = call.record("query")
    values = given.get("actualParameters")
    with Database(call.store) as database:
        found, changed = database.script(str(given.get("query") or ""), values if isinstance(values, Mapping) else {})
    return ok({"OutputParameters": {}, "ReturnCode": 0, "ResultSets": _sets(found), "RowsAffected": changed})


def call_procedure(call: Call, name: str, values: Mapping[str, Any]) -> tuple[list[list[Row]], dict[str, Any], int]:
    """Run a seeded procedure, or the tenant's handler `sql/<name>`.

    Raises:
        Refused: 400 when there is none, or a parameter is missing.
    """
    bare = bare_table(name)
    handler = call.around.handler(f"sql/{bare}")
    if handler is not None:
        result = handler(values)
        return [result if isinstance(result, list) else [result]], {}, 0
    procedure = next((row for key, row in call.store.rows("procedures") if key.lower() == bare.lower()), None)
    if procedure is None:
        raise failed(f"Could not find stored procedure '{name}'.")
    given = {key.lstrip("@").lower(): value for key, value in values.items()}
    parameters = dict(procedure.get("parameters") or {})
    bound = {key: given.get(key.lower(), default) for key, default in parameters.items()}
    missing = [
        key for key, value in bound.items() if value is None and key.lower() not in given and parameters[key] is None
    ]
    if missing:
        raise failed(f"Procedure or function '{bare}' expects parameter '@{missing[0]}', which was not supplied.")
    bound |= {key.lstrip("@"): value for key, value in values.items() if key.lstrip("@") not in bound}
    found, returned = list[list[Row]](), 0
    with Database(call.store) as database:
        for statement in procedure["statements"]:
            sets, changed = database.script(statement, bound)
            found += sets
            returned += changed
    outputs = {name: found[-1][0].get(name) for name in procedure.get("outputs") or [] if found and found[-1]}
    return found, outputs, returned


def execute_procedure(call: Call) -> Outcome:
    found, outputs, _ = call_procedure(call, call.text("procedure"), call.record("parameters"))
    return ok({"OutputParameters": outputs, "ReturnCode": 0, "ResultSets": _sets(found)})


def execute_built_in_query(call: Call) -> Outcome:
    with Database(call.store) as database:
        found, _ = database.script(call.text("query"), call.record("queryParameters"))
    return ok(found)


def execute_built_in_procedure(call: Call) -> Outcome:
    given = call.arguments.get("storedProcedureParameters")
    values = (
        {entry["name"]: entry.get("value") for entry in given}
        if isinstance(given, list)
        else call.record("storedProcedureParameters")
    )
    found, outputs, _ = call_procedure(call, call.text("storedProcedureName"), values)
    return ok({"resultSets": found, "outputParameters": outputs, "returnCode": 0})


def get_built_in_rows(call: Call) -> Outcome:
    table = bare_table(call.text("tableName"))
    where = call.record("columnValuesForWhereCondition")
    with Database(call.store) as database:
        columns = database.columns(table)
        rows, _ = database.run(f'SELECT * FROM "{table}"', {})  # noqa: S608
    unknown = [name for name in where if name not in columns]
    if unknown:
        raise failed(f"Could not find the column '{unknown[0]}' of the table '{table}'.")
    return ok([row for row in rows or [] if all(row[name] == value for name, value in where.items())])


def insert_built_in_row(call: Call) -> Outcome:
    with Database(call.store) as database:
        return ok(insert(database, bare_table(call.text("tableName")), call.record("setColumns")))


# -- seeds ---------------------------------------------------------------------------------------------------------------


def seed(store: Store, value: Any, around: Surroundings, now: int) -> None:
    """Fill `tables: {Orders: {columns: {Id: "INTEGER PRIMARY KEY", Name: TEXT}, rows: [...]}}` and
    `procedures: {usp_Add: {parameters: {name: default}, statements: ["UPDATE ..."], outputs: [name]}}`.
    """
    for name, entry in (value.get("tables") or {}).items():
        columns = ", ".join(f'"{column}" {kind}' for column, kind in entry["columns"].items())
        store.put("schema", bare_table(name), {"create": f'CREATE TABLE "{bare_table(name)}" ({columns})'})
        with Database(store) as database:
            for row in entry.get("rows") or []:
                insert(database, bare_table(name), row)
    for name, entry in (value.get("procedures") or {}).items():
        listed = entry.get("parameters") or {}
        parameters = dict.fromkeys(listed) if isinstance(listed, list) else dict(listed)
        statements = entry["statements"]
        row = {
            "parameters": parameters,
            "statements": [statements] if isinstance(statements, str) else statements,
            "outputs": entry.get("outputs"),
        }
        store.put("procedures", bare_table(name), row)
