"""Batches and stored procedures. A procedure is a seed: SQLite statements with `:name` or `@name` parameters.

One call is one transaction: when a statement fails, nothing of the call stays.
The rows of every SELECT are its result sets, in order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runafter.connectors.packs.sql.database import (
    DEFAULT,
    PROCEDURES,
    Database,
    bare_table,
    column_definition,
    executed,
    failed,
    quoted,
)
from runafter.connectors.packs.sql.tsql import Execute, batch
from runafter.connectors.seedshape import ANY, SCALAR, TEXT
from runafter.connectors.spec import Call, Row, Store, Surroundings

DEEPEST = 32
"""How deep procedures may call one another, as on the service."""


def run_batch(
    call: Call, database: Database, text: str, values: Mapping[str, Any], *, depth: int = 0
) -> list[list[Row]]:
    """Run a batch with parameters by name (with or without `@`); return its result sets.

    Raises:
        Refused: 400 with the database's words; the transaction is lost then.
    """
    given = {name.lstrip("@:"): value for name, value in values.items()}
    found = list[list[Row]]()
    for statement in batch(text):
        if isinstance(statement, Execute):
            procedure = database.procedure(statement.procedure)
            names = list((procedure or {}).get("parameters") or {})
            sets, _ = run_procedure(
                call, database, statement.procedure, executed(statement, given, names), depth=depth + 1
            )
            found += sets
            continue
        rows = database.run(statement, given)
        if rows is not None:
            found.append(rows)
    return found


def run_procedure(
    call: Call, database: Database, name: str, values: Mapping[str, Any], *, depth: int = 0
) -> tuple[list[list[Row]], dict[str, Any]]:
    """Run a seeded procedure, or the tenant's handler `sql/<name>`; return result sets and output parameters.

    Raises:
        Refused: 400 when there is none, a required parameter is missing, or one is not declared.
    """
    if depth > DEEPEST:
        raise failed(f"Maximum stored procedure nesting level exceeded (limit {DEEPEST}).")
    bare = bare_table(name)
    handler = call.around.handler(f"sql/{bare}")
    given = {key.lstrip("@"): value for key, value in values.items()}
    if handler is not None:
        result = handler(given)
        return ([] if result is None else [result] if isinstance(result, list) else [[result]]), {}
    procedure = database.procedure(bare)
    if procedure is None:
        raise failed(f"Could not find stored procedure '{name}'.")
    bound = _bound(procedure, given)
    found = list[list[Row]]()
    for statement in procedure["sql"]:
        found += run_batch(call, database, statement, bound, depth=depth)
    last = found[-1][0] if found and found[-1] else {}
    return found, {output: last.get(output) for output in procedure["outputs"]}


def _bound(procedure: Row, given: Mapping[str, Any]) -> dict[str, Any]:
    name, declared = procedure["procedure"], procedure["parameters"]
    if declared is None:
        return dict(given)
    lowered = {key.lower(): value for key, value in given.items()}
    known = {key.lower() for key in declared}
    for key in lowered:
        if key not in known:
            raise failed(f"@{key} is not a parameter for procedure {name}.")
    for key in procedure["required"]:
        if key.lower() not in lowered:
            raise failed(f"Procedure or function '{name}' expects parameter '@{key}', which was not supplied.")
    return {key: lowered.get(key.lower(), default) for key, default in declared.items()}


def _procedure_row(database: str, name: str, entry: Mapping[str, Any]) -> Row:
    written = entry.get("sql", entry.get("statements"))
    if written is None:
        raise ValueError(f"the procedure {name!r} has no 'sql'")
    listed = entry.get("parameters")
    defaults: dict[str, Any] | None
    if isinstance(listed, list):
        defaults = dict.fromkeys((str(key).lstrip("@").rstrip("!") for key in listed), None)
        required = [str(key).lstrip("@").rstrip("!") for key in listed if str(key).endswith("!")]
    else:
        defaults = (
            None if listed is None else {str(key).lstrip("@").rstrip("!"): value for key, value in listed.items()}
        )
        required = [str(key).lstrip("@").rstrip("!") for key in listed or () if str(key).endswith("!")]
    return {
        "database": database,
        "procedure": bare_table(name),
        "parameters": defaults,
        "required": required,
        "sql": [written] if isinstance(written, str) else list(written),
        "outputs": list(entry.get("outputs") or []),
    }


def _insert(database: Database, table: str, row: Mapping[str, Any]) -> None:
    names = ", ".join(f'"{name}"' for name in row)
    marks = ", ".join(f"@p{index}" for index in range(len(row)))
    content = f"({names}) VALUES ({marks})" if row else "DEFAULT VALUES"
    given = {f"p{index}": value for index, value in enumerate(row.values())}
    database.select(f"INSERT INTO {quoted(table)} {content}", given)


_TABLE = {"columns!": {"*": SCALAR}, "primary_key": [TEXT], "rows": [{"*": ANY}]}
_PROCEDURE = {
    "about": TEXT,
    "parameters": ([TEXT], {"*": ANY}),
    "sql": (TEXT, [TEXT]),
    "statements": (TEXT, [TEXT]),
    "outputs": [TEXT],
}
_DATABASE = {"tables": {"*": _TABLE}, "procedures": {"*": _PROCEDURE}}
DATABASES_SEED = {"databases": {"*": _DATABASE}, **_DATABASE}


def seed_databases(store: Store, value: Any, around: Surroundings, now: int) -> None:
    """Fill `databases: {default: {tables, procedures}}`, or `tables` and `procedures` of the default one.

    `tables: {dbo.Orders: {columns: {Id: INT IDENTITY PRIMARY KEY, Name: TEXT}, primary_key: [..], rows: [..]}}`;
    `procedures: {dbo.usp_Add: {parameters: [Id!, Note], sql: [...], outputs: [Total]}}`. A parameter with `!`
    is required, another one NULL (or its value, in a mapping) when it is left out.
    """
    databases = dict(value.get("databases") or {})
    if "tables" in value or "procedures" in value:
        databases.setdefault(DEFAULT, {key: value[key] for key in ("tables", "procedures") if key in value})
    for name, content in databases.items():
        for table, entry in ((content or {}).get("tables") or {}).items():
            _seed_table(store, name, table, entry, around, now)
        for procedure, entry in ((content or {}).get("procedures") or {}).items():
            row = _procedure_row(name, procedure, entry)
            store.put(PROCEDURES, f"{name}/{row['procedure']}", row)


def _seed_table(store: Store, name: str, table: str, entry: Mapping[str, Any], around: Surroundings, now: int) -> None:
    bare = bare_table(table)
    parts = [column_definition(str(column), str(kind)) for column, kind in entry["columns"].items()]
    if entry.get("primary_key"):
        parts.append("PRIMARY KEY (" + ", ".join(f'"{column}"' for column in entry["primary_key"]) + ")")
    database = Database(store, name, now=now, around=around, words=())
    database.define(bare, f"CREATE TABLE {quoted(bare)} ({', '.join(parts)})")
    database.close()
    with Database(store, name, now=now, around=around, words=[bare]) as filled:
        for row in entry.get("rows") or []:
            _insert(filled, bare, row)
