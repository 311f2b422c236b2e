"""The emulated databases: SQLite in memory, their content kept as rows of the tenant's state.

A database is opened for one call, as one transaction: calls on the same rows
follow one another, so `SET Count = Count + 1` never loses an update, while a
read and a write in two calls can. Only tables that a batch names are loaded,
and what is loaded serves the next call too, unless somebody else wrote meanwhile.
"""

from __future__ import annotations

import base64
import json
import re
import sqlite3
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from runafter.connectors.packs.sql.functions import register
from runafter.connectors.packs.sql.tsql import Execute, Statement, failed, statements, tokens
from runafter.connectors.spec import Row, Store, Surroundings

__all__ = ["Database", "bare_table", "database_name", "failed", "statements"]

SCHEMA = "schema"
PROCEDURES = "procedures"
DEFAULT = "default"
_NAME = re.compile(r"[A-Za-z_#][\w $#-]*")
_IDENTITY = re.compile(r"\b(?:BIG|SMALL)?INT(?:EGER)?\s+IDENTITY(?:\s*\(\s*\d+\s*,\s*\d+\s*\))?", re.IGNORECASE)
_CHANGES = (sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE)


def bare_table(name: str) -> str:
    """Return a table's name without brackets and the schema `dbo`: `[dbo].[Orders]` is Orders, `[hr].[People]` hr.People.

    Raises:
        Refused: 404 for what cannot be a name.
    """
    parts = [part.strip() for part in re.sub(r'[\[\]"]', "", name).split(".")]
    if not all(_NAME.fullmatch(part) for part in parts):
        raise failed(f"'{name}' is no table.", 404)
    shown = parts[-2:]
    return shown[-1] if len(shown) == 1 or shown[0].lower() == "dbo" else ".".join(shown)


def quoted(table: str) -> str:
    return ".".join(f'"{part}"' for part in table.split("."))


def database_name(store: Store, wanted: str) -> str:
    """Return the seeded database that a call means.

    A tenant that has only `default` answers for every name with it, one that has
    a single other database for `default` too; without any there is an empty `default`.

    Raises:
        Refused: 404 for a database that no seed made.
    """
    known = {row["database"] for _, row in (*store.rows(SCHEMA), *store.rows(PROCEDURES))} or {DEFAULT}
    for name in known:
        if name.lower() == wanted.strip().lower():
            return str(name)
    if len(known) == 1 and (wanted.strip().lower() in ("", DEFAULT) or known == {DEFAULT}):
        return str(next(iter(known)))
    raise failed(f"Cannot open database '{wanted}' requested by the login. There are {', '.join(sorted(known))}.", 404)


def column_definition(name: str, kind: str) -> str:
    """Return a column's definition; T-SQL's IDENTITY becomes SQLite's AUTOINCREMENT."""
    if _IDENTITY.search(kind):
        return f'"{name}" INTEGER PRIMARY KEY AUTOINCREMENT'
    return f'"{name}" {kind}'


@dataclass(slots=True)
class _Content:
    """A database as SQLite holds it: its tables, and the rows of those that are loaded, by rowid."""

    name: str
    connection: sqlite3.Connection
    entries: dict[str, Row]
    schemas: set[str]
    close: weakref.finalize[Any, Any]
    """Closes the connection, at the latest with the store."""
    rows: dict[str, dict[int, tuple[Any, ...]]] = field(default_factory=dict)
    revision: int = -1
    """The store's when the content was last equal to it."""

    @classmethod
    def of(cls, store: Store, name: str) -> _Content:
        """Return what the last call left, where it still stands; the tables without rows otherwise."""
        left = _LEFT.pop(store, None)
        if left is not None:
            if left.name == name and left.revision == store.revision:
                return left
            left.close()
        entries = {row["table"]: row for _, row in store.rows(SCHEMA) if row["database"] == name}
        schemas = {table.split(".")[0] for table in entries if "." in table}
        connection = sqlite3.connect(":memory:", isolation_level=None, cached_statements=0, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        for schema in sorted(schemas):
            connection.execute(f"ATTACH ':memory:' AS \"{schema}\"")
        for entry in entries.values():
            connection.execute(entry["create"])
        return cls(name, connection, entries, schemas, weakref.finalize(store, connection.close))


_LEFT: weakref.WeakKeyDictionary[Store, _Content] = weakref.WeakKeyDictionary()
"""What the last call on a store left: one content, taken out while a call has it."""


class Database:
    """One database, opened for one call; a context manager that keeps the changes when it ends well."""

    def __init__(
        self, store: Store, name: str, *, now: int, around: Surroundings, words: Iterable[str] | None = None
    ) -> None:
        self.store = store
        self.name = name
        self._touched = set[tuple[str, str]]()
        self._inserts = False
        self._content = _Content.of(store, name)
        self.connection = self._content.connection
        self._entries = self._content.entries
        self._schemas = self._content.schemas
        register(self.connection, now, around.new_id, self._last_row)
        self.load(self._entries if words is None else words)
        self.connection.set_authorizer(self._authorize)

    # -- state -----------------------------------------------------------------------------------------------------

    def load(self, names: Iterable[str]) -> None:
        """Fill the tables among `names` (bare names, any case) that are still empty."""
        wanted = {name.lower().rsplit(".", 1)[-1] for name in names}
        for table, entry in self._entries.items():
            if table in self._content.rows or table.lower().rsplit(".", 1)[-1] not in wanted:
                continue
            self._content.rows[table] = {}
            alike: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
            for key, row in self.store.rows(self._table(table)):
                alike.setdefault(tuple(row), []).append((int(key), *map(_stored, row.values())))
            for columns, rows in alike.items():
                names_ = ", ".join(f'"{column}"' for column in columns)
                marks = ", ".join("?" for _ in columns)
                text = f"INSERT INTO {quoted(table)} (rowid, {names_}) VALUES (?, {marks})"  # noqa: S608
                self.connection.executemany(text, rows)
            self._content.rows[table] = {row[0]: row for row in self._rows(table)}
            if entry.get("sequence"):
                self._set_sequence(table, int(entry["sequence"]))

    def _rows(self, table: str) -> list[tuple[Any, ...]]:
        cursor = self.connection.cursor()
        cursor.row_factory = None
        return cursor.execute(f"SELECT rowid, * FROM {quoted(table)} ORDER BY rowid").fetchall()  # noqa: S608

    def _table(self, table: str) -> str:
        return f"{self.name}/{table}" if "." in table else f"{self.name}/dbo.{table}"

    def _set_sequence(self, table: str, number: int) -> None:
        schema, _, bare = table.rpartition(".")
        place = f'"{schema}".sqlite_sequence' if schema else "main.sqlite_sequence"
        self.connection.execute(f"DELETE FROM {place} WHERE name = ?", (bare,))  # noqa: S608
        self.connection.execute(f"INSERT INTO {place} (name, seq) VALUES (?, ?)", (bare, number))  # noqa: S608

    def _sequence(self, table: str) -> int | None:
        schema, _, bare = table.rpartition(".")
        place = f'"{schema}".sqlite_sequence' if schema else "main.sqlite_sequence"
        try:
            row = self.connection.execute(f"SELECT seq FROM {place} WHERE name = ?", (bare,)).fetchone()  # noqa: S608
        except sqlite3.Error:
            return None
        return None if row is None else int(row[0])

    def _authorize(self, action: int, first: str | None, second: str | None, place: str | None, _: str | None) -> int:
        if action in _CHANGES and first is not None:
            self._touched.add((place or "main", first))
            self._inserts = self._inserts or action == sqlite3.SQLITE_INSERT
        return sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_ATTACH else sqlite3.SQLITE_OK

    def __enter__(self) -> Database:
        self.connection.execute("BEGIN")
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        is_left = False
        try:
            if kind is None:
                self.connection.execute("COMMIT")
                self.connection.set_authorizer(None)
                self._keep()
                is_left = True
        finally:
            if is_left:
                self._content.revision = self.store.revision
                _LEFT[self.store] = self._content
            else:
                self.close()

    def close(self) -> None:
        """Forget what was not kept."""
        self._content.close()

    def _last_row(self) -> int | None:
        """Return the rowid that this call inserted last."""
        if not self._inserts:
            return None
        number: int | None = self.connection.execute("SELECT last_insert_rowid()").fetchone()[0]
        return number or None

    def _keep(self) -> None:
        if any(table in ("sqlite_master", "sqlite_schema") for _, table in self._touched):
            self._keep_schema()
        by_place = {(place, table.lower()) for place, table in self._touched}
        for table in list(self._entries):
            schema, _, bare = table.rpartition(".")
            if (schema or "main", bare.lower()) in by_place:
                self._keep_rows(table)

    def _keep_schema(self) -> None:
        found = dict[str, str]()
        for place in ("main", *sorted(self._schemas)):
            rows = self.connection.execute(
                f"SELECT name, sql FROM \"{place}\".sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%'"  # noqa: S608
            )
            for row in rows:
                table = row["name"] if place == "main" else f"{place}.{row['name']}"
                create = str(row["sql"])
                if place != "main":
                    create = re.sub(r"(?i)^(CREATE TABLE )", f'\\1"{place}".', create)
                found[table] = create
        for table in [table for table in self._entries if table not in found]:
            for key, _ in self.store.rows(self._table(table)):
                self.store.delete(self._table(table), key)
            self.store.delete(SCHEMA, self._table(table))
            del self._entries[table]
            self._content.rows.pop(table, None)
        for table, create in found.items():
            if table not in self._entries or self._entries[table]["create"] != create:
                self.add_table(table, create)

    def define(self, table: str, create: str) -> None:
        """Add a table of a seed; rows of one that had other columns are gone."""
        known = self._entries.get(table)
        if known is not None and known["create"] != create:
            for key, _ in self.store.rows(self._table(table)):
                self.store.delete(self._table(table), key)
        self.add_table(table, create)

    def add_table(self, table: str, create: str) -> None:
        row = {"database": self.name, "table": table, "create": create, "sequence": None}
        self._entries[table] = row
        self._content.rows.setdefault(table, {})
        self.store.put(SCHEMA, self._table(table), row)

    def _keep_rows(self, table: str) -> None:
        place = self._table(table)
        before, after = self._content.rows[table], self._rows(table)
        listed = self.connection.execute(f"SELECT * FROM {quoted(table)} LIMIT 0")  # noqa: S608
        columns = tuple(column[0] for column in listed.description)
        for row in after:
            if before.get(row[0]) != row:
                values = {name: _kept(value) for name, value in zip(columns, row[1:], strict=True)}
                if values != self.store.get(place, str(row[0])):
                    self.store.put(place, str(row[0]), values)
        self._content.rows[table] = {row[0]: row for row in after}
        for number in before.keys() - self._content.rows[table].keys():
            self.store.delete(place, str(number))
        sequence = self._sequence(table)
        if sequence != self._entries[table].get("sequence"):
            self._entries[table] = {**self._entries[table], "sequence": sequence}
            self.store.put(SCHEMA, place, self._entries[table])

    # -- statements ------------------------------------------------------------------------------------------------

    def run(self, statement: Statement, values: Mapping[str, Any]) -> list[Row] | None:
        """Run one statement; return its rows, None when it returns none.

        `values` are parameters by name without `@`, in any case.

        Raises:
            Refused: 400 with the database's own words.
        """
        self.load(statement.words)
        given = {name.lower(): value for name, value in values.items()}
        bound = dict[str, Any]()
        for written in statement.variables:
            name = written[1:]
            if name.lower() not in given:
                raise failed(f'Must declare the scalar variable "@{name}".')
            bound[name] = _stored(given[name.lower()])
        try:
            cursor = self.connection.execute(statement.text, bound)
            found = cursor.fetchall()
        except (sqlite3.Error, sqlite3.Warning, OverflowError, ValueError) as error:
            raise failed(str(error)) from error
        if cursor.description is None:
            return None
        names = [str(column[0]) or f"Column{index + 1}" for index, column in enumerate(cursor.description)]
        return [{name: _shown(value) for name, value in zip(names, tuple(row), strict=True)} for row in found]

    def select(self, text: str, values: Mapping[str, Any] | None = None) -> list[Row]:
        """Run a statement of our own, already in SQLite's words, with `@name` parameters."""
        variables = tuple(token.text for token in tokens(text) if token.kind == "variable")
        return self.run(Statement(text, variables), values or {}) or []

    def columns(self, table: str) -> dict[str, tuple[str, int]]:
        """Return type and place in the key (0: none) of a table's columns.

        Raises:
            Refused: 404 for an unknown table.
        """
        self.load([table])
        schema, _, bare = table.rpartition(".")
        known = [name for name in self._entries if name.lower() == table.lower()]
        place = f'"{schema}".' if schema else ""
        found = self.connection.execute(f'PRAGMA {place}table_info("{bare}")').fetchall() if known else []
        if not found:
            raise failed(f"Could not find the table '{table}'. There are {', '.join(self._entries) or 'none'}.", 404)
        return {row["name"]: (row["type"], row["pk"]) for row in found}

    def procedure(self, name: str) -> Row | None:
        wanted = f"{self.name}/{bare_table(name)}".lower()
        return next((row for key, row in self.store.rows(PROCEDURES) if key.lower() == wanted), None)

    def tables(self) -> list[str]:
        return sorted(self._entries)


def executed(call: Execute, values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return the arguments of an EXEC by name; `names` are the procedure's parameters in order."""
    given = {name.lower(): value for name, value in values.items()}

    def value_of(argument: Any) -> Any:
        if type(argument).__name__ == "Variable":
            if argument.name.lower() not in given:
                raise failed(f'Must declare the scalar variable "@{argument.name}".')
            return given[argument.name.lower()]
        return argument

    placed = {name: value_of(argument) for name, argument in zip(names, call.placed, strict=False)}
    return placed | {name: value_of(argument) for name, argument in call.named.items()}


def _stored(value: Any) -> Any:
    if value is None or type(value) in (str, int, float):
        return value
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, dict) and set(value) == {"$bytes"}:
        return base64.b64decode(value["$bytes"])
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return value if isinstance(value, int | float | str | bytes | None) else str(value)


def _kept(value: Any) -> Any:
    return {"$bytes": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _shown(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
