"""The emulated database: a SQLite database in memory, its content kept as rows of the tenant's state.

Each call is one transaction. Stored procedures are seeds: a list of statements
with `@name` parameters; the rows of the last SELECT are the result set.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from runafter.connectors.answers import Refused, connector_failure
from runafter.connectors.spec import Row, Store

_NAME = re.compile(r"[A-Za-z_][\w ]*")


def failed(message: str, status: int = 400) -> Refused:
    return Refused(connector_failure(status, message, source="sql.emulated"))


def bare_table(name: str) -> str:
    """Return a table's name without schema and brackets: `[dbo].[Orders]` is Orders.

    Raises:
        Refused: 404 for what cannot be a name.
    """
    last = name.replace("[", "").replace("]", "").replace('"', "").rsplit(".", 1)[-1].strip()
    if not _NAME.fullmatch(last):
        raise failed(f"'{name}' is no table.", 404)
    return last


def to_sqlite(text: str) -> str:
    """Return T-SQL with the differences that SQLite minds rewritten: brackets, schema, TOP, GETDATE, ISNULL, N'...'."""
    out = re.sub(r"\[([^\]]+)\]", r'"\1"', text)
    out = re.sub(r'("?)\bdbo\b\1\.', "", out, flags=re.IGNORECASE)
    out = re.sub(r"\bN'", "'", out)
    out = re.sub(
        r"\b(?:GETDATE|GETUTCDATE|SYSUTCDATETIME)\(\)",
        "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')",
        out,
        flags=re.IGNORECASE,
    )
    out = re.sub(r"\bISNULL\(", "IFNULL(", out, flags=re.IGNORECASE)
    out = re.sub(r"\bLEN\(", "LENGTH(", out, flags=re.IGNORECASE)
    top = re.search(r"\bSELECT\s+TOP\s*\(?\s*(\d+)\s*\)?\s", out, re.IGNORECASE)
    if top is not None:
        out = f"{out[: top.start()]}SELECT {out[top.end() :].rstrip().rstrip(';')} LIMIT {top[1]}"
    return out


class Database:
    """One database, opened for one call and written back when it ends well."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        self.connection.row_factory = sqlite3.Row
        for name, row in store.rows("schema"):
            self.connection.execute(row["create"])
            for _, held in store.rows(f"rows|{name}"):
                names = ", ".join(f'"{column}"' for column in held)
                marks = ", ".join("?" for _ in held)
                self.connection.execute(f'INSERT INTO "{name}" ({names}) VALUES ({marks})', tuple(held.values()))  # noqa: S608
        self._before = self.connection.total_changes

    def __enter__(self) -> Database:
        self.connection.execute("BEGIN")
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.connection.execute("COMMIT")
            if self.connection.total_changes != self._before or self._schema() != dict(self._known()):
                self._keep()
        self.connection.close()

    def _known(self) -> Iterable[tuple[str, str]]:
        return ((name, row["create"]) for name, row in self.store.rows("schema"))

    def _schema(self) -> dict[str, str]:
        found = self.connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%'"
        )
        return {row["name"]: row["sql"] for row in found}

    def _keep(self) -> None:
        schema = self._schema()
        for name, _ in self.store.rows("schema"):
            if name not in schema:
                self.store.delete("schema", name)
        for name, create in schema.items():
            self.store.put("schema", name, {"create": create})
            for key, _ in self.store.rows(f"rows|{name}"):
                self.store.delete(f"rows|{name}", key)
            found = self.connection.execute(f'SELECT rowid AS "$row", * FROM "{name}" ORDER BY rowid')  # noqa: S608
            for row in found:
                values = dict(row)
                self.store.put(f"rows|{name}", str(values.pop("$row")), values)

    # -- statements ------------------------------------------------------------------------------------------------

    def run(self, text: str, values: Mapping[str, Any]) -> tuple[list[Row] | None, int]:
        """Run one statement; return its rows (None when it returns none) and how many rows it changed.

        Raises:
            Refused: 400 with the database's own words.
        """
        statement = to_sqlite(text)
        given = {name.lstrip("@"): _plain(value) for name, value in values.items()}
        lowered = {name.lower(): name for name in given}

        def named(mark: re.Match[str]) -> str:
            return f":{lowered.get(mark[1].lower(), mark[1])}"

        statement = re.sub(r"(?<![@\w])@(\w+)", named, statement)
        try:
            cursor = self.connection.execute(statement, given)
        except sqlite3.Error as error:
            raise failed(f"{error}") from error
        rows = None if cursor.description is None else [dict(row) for row in cursor.fetchall()]
        return rows, max(cursor.rowcount, 0)

    def script(self, text: str, values: Mapping[str, Any]) -> tuple[list[list[Row]], int]:
        """Run several statements; return the result sets and the number of changed rows."""
        sets, changed = list[list[Row]](), 0
        for statement in statements(text):
            rows, count = self.run(statement, values)
            if rows is not None:
                sets.append(rows)
            changed += count
        return sets, changed

    def columns(self, table: str) -> dict[str, bool]:
        """Return the columns of a table with whether each is its key.

        Raises:
            Refused: 404 for an unknown table.
        """
        found = self.connection.execute(f'PRAGMA table_info("{table}")').fetchall()
        if not found:
            raise failed(f"Could not find the table '{table}'.", 404)
        return {row["name"]: bool(row["pk"]) for row in found}

    def key_of(self, table: str) -> str:
        columns = self.columns(table)
        return next((name for name, key in columns.items() if key), "rowid")


def statements(text: str) -> list[str]:
    """Split a batch at semicolons outside quotes; SET and DECLARE of T-SQL's session are dropped."""
    parts, current, quoted = list[str](), "", False
    for char in text:
        quoted ^= char == "'"
        if char == ";" and not quoted:
            parts.append(current)
            current = ""
        else:
            current += char
    parts.append(current)
    return [
        part.strip() for part in parts if part.strip() and not re.match(r"\s*(SET\s+NOCOUNT|GO\b)", part, re.IGNORECASE)
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, dict | list):
        import json

        return json.dumps(value, ensure_ascii=False)
    return value
