"""SQL as its connectors reach it, on emulated databases. Shapes after learn.microsoft.com/connectors/sql."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from runafter.connectors import odata
from runafter.connectors.answers import ok
from runafter.connectors.packs.sql.columns import must_fit
from runafter.connectors.packs.sql.database import (
    PROCEDURES,
    Database,
    bare_table,
    database_name,
    failed,
    quoted,
)
from runafter.connectors.packs.sql.procedures import DATABASES_SEED, run_batch, run_procedure, seed_databases
from runafter.connectors.spec import Call, Row
from runafter.protocol.events import Outcome

PAGE_SIZE = 2048
_SEEN = "seen"

SEED = DATABASES_SEED
seed = seed_databases


def opened(call: Call, *words: str) -> Database:
    """Return the database that the call names, with the tables among `words` loaded."""
    wanted = call.text("database") or call.text("dataset") or str(call.settings.get("database") or "")
    name = database_name(call.store, wanted)
    return Database(call.store, name, now=call.now, around=call.around, words=words)


# -- rows ----------------------------------------------------------------------------------------------------------------


class Table:
    """One table of an open database."""

    def __init__(self, database: Database, written: str) -> None:
        self.database = database
        self.name = bare_table(written)
        self.columns = database.columns(self.name)
        self.keys = [name for name, (_, place) in sorted(self.columns.items(), key=lambda item: item[1][1]) if place]

    def values(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """Return the item by the table's own column names.

        Raises:
            Refused: 400 for a column that the table lacks.
        """
        known = {name.lower(): name for name in self.columns}
        given = {name: value for name, value in item.items() if not name.startswith("@") and name != "ItemInternalId"}
        unknown = [name for name in given if name.lower() not in known]
        if unknown:
            raise failed(f"Could not find the column '{unknown[0]}' of the table '{self.name}'.")
        held = {known[name.lower()]: value for name, value in given.items()}
        for name, value in held.items():
            must_fit(name, self.columns[name][0], value)
        return held

    def where(self, ident: str) -> tuple[str, dict[str, Any]]:
        """Return the condition for a row's id: its key; the parts of a composite key are separated by commas."""
        keys = self.keys or ["rowid"]
        parts = ident.split(",") if len(keys) > 1 else [ident]
        if len(parts) != len(keys):
            raise failed(f"The key of '{self.name}' has {len(keys)} parts: {', '.join(keys)}.")
        text = " AND ".join(f'CAST("{key}" AS TEXT) = @key{index}' for index, key in enumerate(keys))
        return text, {f"key{index}": part for index, part in enumerate(parts)}

    def one(self, ident: str) -> Row:
        condition, values = self.where(ident)
        rows = self.database.select(f"SELECT * FROM {quoted(self.name)} WHERE {condition}", values)  # noqa: S608
        if not rows:
            raise failed(f"No row was found with Id '{ident}'.", 404)
        return self.shown(rows[0])

    def all(self) -> list[Row]:
        return [self.shown(row) for row in self.database.select(f"SELECT * FROM {quoted(self.name)}")]  # noqa: S608

    def shown(self, row: Row) -> Row:
        out = dict(row)
        for name, (kind, _) in self.columns.items():
            if kind.upper() in ("BIT", "BOOLEAN") and out.get(name) is not None:
                out[name] = bool(out[name])
        return out

    def ident(self, row: Mapping[str, Any]) -> str:
        return ",".join(str(row[key]) for key in self.keys)

    def insert(self, item: Mapping[str, Any]) -> Row:
        values = self.values(item)
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join(f"@p{index}" for index in range(len(values)))
        given = {f"p{index}": value for index, value in enumerate(values.values())}
        content = f"({names}) VALUES ({marks})" if values else "DEFAULT VALUES"
        rows = self.database.select(f"INSERT INTO {quoted(self.name)} {content} RETURNING *", given)
        return self.shown(rows[0])

    def update(self, condition: str, given: Mapping[str, Any], item: Mapping[str, Any]) -> list[Row]:
        values = self.values(item)
        sets = ", ".join(f'"{name}" = @p{index}' for index, name in enumerate(values))
        if not sets:
            raise failed(f"The update of '{self.name}' names no column.")
        bound = {**given, **{f"p{index}": value for index, value in enumerate(values.values())}}
        text = f"UPDATE {quoted(self.name)} SET {sets} WHERE {condition} RETURNING *"  # noqa: S608
        return [self.shown(row) for row in self.database.select(text, bound)]

    def matching(self, where: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Return the condition of equal columns; all rows when there is none."""
        values = self.values(where)
        text = " AND ".join(f'"{name}" IS @w{index}' for index, name in enumerate(values))
        return text or "1", {f"w{index}": value for index, value in enumerate(values.values())}


def _item(table: Table, row: Mapping[str, Any]) -> Row:
    digest = hashlib.sha256(f"{table.name}/{table.ident(row)}/{json.dumps(row, default=str)}".encode()).hexdigest()
    ident = f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"
    return {"@odata.etag": "", "ItemInternalId": ident, **row}


def get_items(call: Call) -> Outcome:
    if call.text("$apply"):
        raise failed("The emulated database does not run $apply; use a query or a stored procedure.")
    with opened(call, call.text("table")) as database:
        table = Table(database, call.text("table"))
        rows = table.all()
    wanted = call.settings.get("minimum_items")
    size = max(PAGE_SIZE, wanted) if isinstance(wanted, int) else PAGE_SIZE
    query = odata.query_of(call.arguments)
    known = {name.lower() for name in table.columns} | {"iteminternalid"}
    unknown = [name for name in odata.names_in(query) if name.lower() not in known]
    if unknown:
        raise failed(f"Could not find a property named '{unknown[0]}' on the table '{table.name}'.")
    page = odata.page(rows, query, page_size=size)
    shown = [odata.selected(_item(table, row), call.text("$select"), always=("ItemInternalId",)) for row in page.rows]
    body: dict[str, Any] = {"value": shown}
    if page.next_skip is not None:
        body["@odata.nextLink"] = f"/tables/{table.name}/items?$skip={page.next_skip}"
    return ok(body)


def get_item(call: Call) -> Outcome:
    with opened(call, call.text("table")) as database:
        table = Table(database, call.text("table"))
        return ok(_item(table, table.one(call.text("id"))))


def post_item(call: Call) -> Outcome:
    with opened(call, call.text("table")) as database:
        table = Table(database, call.text("table"))
        return ok(_item(table, table.insert(call.record("item"))))


def patch_item(call: Call) -> Outcome:
    with opened(call, call.text("table")) as database:
        table = Table(database, call.text("table"))
        condition, given = table.where(call.text("id"))
        rows = table.update(condition, given, call.record("item"))
        if not rows:
            raise failed(f"No row was found with Id '{call.text('id')}'.", 404)
        return ok(_item(table, rows[0]))


def delete_item(call: Call) -> Outcome:
    with opened(call, call.text("table")) as database:
        table = Table(database, call.text("table"))
        table.one(call.text("id"))
        condition, given = table.where(call.text("id"))
        database.select(f"DELETE FROM {quoted(table.name)} WHERE {condition}", given)  # noqa: S608
    return ok(None)


def get_tables(call: Call) -> Outcome:
    with opened(call) as database:
        names = database.tables()
    shown = [name if "." in name else f"dbo.{name}" for name in names]
    parts = [name.split(".", 1) for name in shown]
    return ok({"value": [{"Name": f"[{schema}].[{name}]", "DisplayName": name} for schema, name in parts]})


def get_procedures(call: Call) -> Outcome:
    name = database_name(call.store, call.text("database") or call.text("dataset"))
    found = sorted(row["procedure"] for _, row in call.store.rows(PROCEDURES) if row["database"] == name)
    parts = [(entry if "." in entry else f"dbo.{entry}").split(".", 1) for entry in found]
    return ok({"value": [{"Name": f"[{schema}].[{entry}]", "DisplayName": entry} for schema, entry in parts]})


def _changed(call: Call, *, updates: bool) -> Outcome:
    """Answer a poll: rows that are new (or changed) since this connection's last poll; the first one only looks."""
    with opened(call, call.text("table")) as database:
        table = Table(database, call.text("table"))
        rows = table.all()
    page = odata.page(rows, odata.query_of(call.arguments), page_size=max(1, len(rows)))
    now = {table.ident(row) or str(index): _item(table, row) for index, row in enumerate(page.rows)}
    place = f"{call.connection}/{call.operation.id}/{table.name}"
    before = call.store.get(_SEEN, place)
    call.store.put(_SEEN, place, {"rows": {ident: row["ItemInternalId"] for ident, row in now.items()}})
    if before is None:
        return ok(None, status=202)
    known = before["rows"]
    found = [
        row for ident, row in now.items() if ident not in known or (updates and known[ident] != row["ItemInternalId"])
    ]
    return ok({"value": found}) if found else ok(None, status=202)


def on_new_items(call: Call) -> Outcome:
    return _changed(call, updates=False)


def on_updated_items(call: Call) -> Outcome:
    return _changed(call, updates=True)


# -- queries and procedures ----------------------------------------------------------------------------------------------


def _sets(found: list[list[Row]]) -> dict[str, Any]:
    return {f"Table{index + 1}": rows for index, rows in enumerate(found)}


def execute_query(call: Call) -> Outcome:
    given = call.record("query")
    values = given.get("actualParameters")
    with opened(call) as database:
        found = run_batch(call, database, str(given.get("query") or ""), values if isinstance(values, Mapping) else {})
    return ok({"ResultSets": _sets(found), "OutputParameters": {}})


def execute_procedure(call: Call) -> Outcome:
    with opened(call) as database:
        found, outputs = run_procedure(call, database, call.text("procedure"), call.record("parameters"))
    return ok({"ResultSets": _sets(found), "OutputParameters": outputs, "ReturnCode": 0})


def execute_built_in_query(call: Call) -> Outcome:
    with opened(call) as database:
        return ok(run_batch(call, database, call.text("query"), call.record("queryParameters")))


def execute_built_in_procedure(call: Call) -> Outcome:
    given = call.arguments.get("storedProcedureParameters")
    values = (
        {str(entry.get("name")): entry.get("value") for entry in given if isinstance(entry, dict)}
        if isinstance(given, list)
        else call.record("storedProcedureParameters")
    )
    with opened(call) as database:
        found, outputs = run_procedure(call, database, call.text("storedProcedureName"), values)
    return ok({"resultSets": found, "outputParameters": outputs, "returnCode": 0})


def get_built_in_rows(call: Call) -> Outcome:
    with opened(call, call.text("tableName")) as database:
        table = Table(database, call.text("tableName"))
        condition, given = table.matching(call.record("columnValuesForWhereCondition"))
        rows = database.select(f"SELECT * FROM {quoted(table.name)} WHERE {condition}", given)  # noqa: S608
        return ok([table.shown(row) for row in rows])


def insert_built_in_row(call: Call) -> Outcome:
    with opened(call, call.text("tableName")) as database:
        return ok(Table(database, call.text("tableName")).insert(call.record("setColumns")))


def update_built_in_rows(call: Call) -> Outcome:
    with opened(call, call.text("tableName")) as database:
        table = Table(database, call.text("tableName"))
        condition, given = table.matching(call.record("columnValuesForWhereCondition"))
        return ok(table.update(condition, given, call.record("setColumns")))


def delete_built_in_rows(call: Call) -> Outcome:
    with opened(call, call.text("tableName")) as database:
        table = Table(database, call.text("tableName"))
        condition, given = table.matching(call.record("columnValuesForWhereCondition"))
        text = f"DELETE FROM {quoted(table.name)} WHERE {condition} RETURNING *"  # noqa: S608
        return ok([table.shown(row) for row in database.select(text, given)])


def get_built_in_tables(call: Call) -> Outcome:
    with opened(call) as database:
        return ok([name if "." in name else f"dbo.{name}" for name in database.tables()])
