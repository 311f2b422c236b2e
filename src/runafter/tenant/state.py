"""The tenant's state: rows by service, table and key, in memory or in a SQLite file.

Reads are always served from memory; a file is loaded when opened. What is
written during one turn of the event loop goes into the file together, before
any call of that turn is answered. One process owns a file at a time.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sqlite3
from pathlib import Path
from typing import Any

from runafter.connectors.spec import Row
from runafter.errors import EnvironmentFault


class BrokenState(EnvironmentFault):
    """A state file cannot be opened or is no state file."""

    code = "TEN001"


class ServiceStore:
    """The tables of one service."""

    def __init__(self, state: State, service: str) -> None:
        self._state = state
        self._service = service
        self._tables: dict[str, dict[str, Row]] = {}
        self._numbers: dict[str, int] = {}
        self._revision = 0

    @property
    def revision(self) -> int:
        return self._revision

    def get(self, table: str, key: str) -> Row | None:
        return self._tables.get(table, {}).get(key)

    def put(self, table: str, key: str, row: Row) -> None:
        self._tables.setdefault(table, {})[key] = row
        self._revision += 1
        self._state.wrote(self._service, table, key, row)

    def delete(self, table: str, key: str) -> bool:
        if self._tables.get(table, {}).pop(key, None) is None:
            return False
        self._revision += 1
        self._state.wrote(self._service, table, key, None)
        return True

    def rows(self, table: str) -> list[tuple[str, Row]]:
        return list(self._tables.get(table, {}).items())

    def tables(self) -> list[str]:
        return [name for name, rows in self._tables.items() if rows]

    def next_number(self, sequence: str) -> int:
        value = self._numbers.get(sequence, 0) + 1
        self._numbers[sequence] = value
        self._state.wrote(self._service, "$numbers", sequence, {"value": value})
        return value

    def load(self, table: str, key: str, row: Row) -> None:
        self._revision += 1
        if table == "$numbers":
            self._numbers[key] = int(row["value"])
        else:
            self._tables.setdefault(table, {})[key] = row


class State:
    """State of all services, in memory only."""

    def __init__(self) -> None:
        self._services: dict[str, ServiceStore] = {}

    def service(self, name: str) -> ServiceStore:
        """Return the tables of a service, made when first asked for."""
        if name not in self._services:
            self._services[name] = ServiceStore(self, name)
        return self._services[name]

    def services(self) -> list[str]:
        """Return the services that hold anything, sorted."""
        return sorted(name for name, store in self._services.items() if store.tables())

    @property
    def is_behind(self) -> bool:
        """Whether something was written that the file does not hold yet."""
        return False

    def wrote(self, service: str, table: str, key: str, row: Row | None) -> None:
        """Keep a change; memory keeps nothing beyond itself."""

    async def keep(self) -> None:
        """Return when the file holds all that was written; who answers a call awaits it first.

        Raises:
            BrokenState: the file cannot be written.
        """

    def close(self) -> None:
        """Release what the state holds."""


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode("ascii")}
    raise TypeError(f"state cannot hold {type(value).__name__}")


def _restored(value: dict[str, Any]) -> Any:
    return base64.b64decode(value["$bytes"]) if set(value) == {"$bytes"} else value


_encode = json.JSONEncoder(ensure_ascii=False, default=_plain).encode
_Place = tuple[str, str, str]
_PUT = (
    "INSERT INTO entries (service, tab, id, body) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (service, tab, id) DO UPDATE SET body=excluded.body"
)
_DELETE = "DELETE FROM entries WHERE service=? AND tab=? AND id=?"


class SqliteState(State):
    """State kept in a SQLite file."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._put: dict[_Place, str] = {}
        self._deleted: dict[_Place, None] = {}
        self._writes_on: asyncio.AbstractEventLoop | None = None
        self._fault: BrokenState | None = None
        try:
            self._connection = sqlite3.connect(path, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS entries (position INTEGER PRIMARY KEY AUTOINCREMENT, "
                "service TEXT, tab TEXT, id TEXT, body TEXT, UNIQUE (service, tab, id))"
            )
            found = self._connection.execute("SELECT service, tab, id, body FROM entries ORDER BY position")
            for service, table, key, body in found:
                self.service(service).load(table, key, json.loads(body, object_hook=_restored))
        except (sqlite3.Error, ValueError) as error:
            raise BrokenState(f"cannot open the tenant's state {path}: {error}") from error

    def wrote(self, service: str, table: str, key: str, row: Row | None) -> None:
        place = (service, table, key)
        if row is None:
            self._put.pop(place, None)
            self._deleted[place] = None
        else:
            self._put[place] = _text(row)
        self._write_soon()

    @property
    def is_behind(self) -> bool:
        return bool(self._put or self._deleted)

    async def keep(self) -> None:
        if self.is_behind:
            self._write_soon()
            await asyncio.sleep(0)  # the write was asked for before us, so it comes before us
            if self._fault is not None:
                raise self._fault

    def _write_soon(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._write()
            if self._fault is not None:
                raise self._fault from None
            return
        if self._writes_on is not loop:
            self._writes_on = loop
            loop.call_soon(self._write)

    def _write(self) -> None:
        """Write everything in one transaction; what cannot be written now is tried again with the next change."""
        self._writes_on = None
        if not self.is_behind:
            return
        execute = self._connection.execute
        try:
            execute("BEGIN IMMEDIATE")
            for place in self._deleted:
                execute(_DELETE, place)
            for place, body in self._put.items():
                execute(_PUT, (*place, body))
            execute("COMMIT")
        except sqlite3.Error as error:
            self._fault = BrokenState(f"cannot write the tenant's state {self._path}: {error}")
            if self._connection.in_transaction:
                execute("ROLLBACK")
        else:
            self._fault = None
            self._put.clear()
            self._deleted.clear()

    def close(self) -> None:
        if self.is_behind:
            self._write()
        self._connection.close()


def _text(row: Row) -> str:
    text = _encode(row)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair, which JSON can write and UTF-8 cannot
        return json.dumps(row, default=_plain)
    return text
