"""The SQLite schema in memory, written on the event loop's own thread: for tests and virtual clocks.

A group is what was submitted before the loop's next turn, so the order of
events is the same on every machine.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from typing import Any

from runafter.storage.api import Command, Dialect, Result, deliver
from runafter.storage.batch import Batch, Row, Statement
from runafter.storage.sqlite_session import Session, read


class MemoryStorage:
    """A database that ends with the process."""

    dialect: Dialect = "sqlite"
    is_shared = False

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False, cached_statements=256)
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_mode = MEMORY")
        self.session = Session(connection, "the database in memory")
        self.session.migrate()
        self._pending: list[Batch | Command] = []
        self._is_scheduled = False

    def submit(self, batch: Batch) -> None:
        self._enqueue(batch)

    def _enqueue(self, item: Batch | Command) -> None:
        self._pending.append(item)
        if not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon(self._commit)

    def _commit(self) -> None:
        self._is_scheduled = False
        items, self._pending = self._pending, []
        results: list[tuple[Batch | Command, Result]] = []
        self.session.commit(items, lambda item, result: results.append((item, result)))
        for item, result in results:
            deliver(item, result)

    async def execute(self, statement: Statement, *row: Any) -> list[Row]:
        answer: asyncio.Future[list[Row]] = self._loop.create_future()
        self._enqueue(Command(statement, row, answer))
        return await answer

    async def fetch(self, statement: Statement, *row: Any) -> list[Row]:
        return await self.fetch_text(statement.text, row)

    async def fetch_text(self, text: str, row: Sequence[Any]) -> list[Row]:
        return read(self.session.connection, text, row, self.session.place)

    async def flush(self) -> None:
        if self._pending:
            self._commit()

    async def close(self) -> None:
        await self.flush()
        self.session.connection.close()
