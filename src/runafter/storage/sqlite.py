"""SQLite in a file: one writer thread with group commit, WAL, `synchronous=FULL`; readers have their own connection.

What is submitted during one turn of the event loop is handed to the writer
together; what is handed over while it writes makes the next group. The loop is
woken once a group.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import sqlite3
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from runafter.storage.api import Command, Dialect, Result, deliver
from runafter.storage.batch import Batch, Row, Statement
from runafter.storage.faults import DatabaseUnreachable, StorageFault
from runafter.storage.sqlite_session import Session, fault_of, read

_Items = list[Batch | Command]


class SqliteStorage:
    """A SQLite file, opened by `open_sqlite`."""

    dialect: Dialect = "sqlite"
    is_shared = True

    def __init__(self, loop: asyncio.AbstractEventLoop, session: Session, reader: sqlite3.Connection) -> None:
        self._loop = loop
        self.session = session
        self._reader = reader
        self._readers = ThreadPoolExecutor(1, thread_name_prefix="runafter-reader")
        self._handed: queue.SimpleQueue[_Items | None] = queue.SimpleQueue()
        self._pending: _Items = []
        self._is_closed = False
        self._thread = threading.Thread(target=self._write, name="runafter-writer", daemon=True)
        self._thread.start()

    def submit(self, batch: Batch) -> None:
        self._enqueue(batch)

    def _enqueue(self, item: Batch | Command) -> None:
        if self._is_closed:
            raise DatabaseUnreachable("the database was closed")
        if not self._pending:
            self._loop.call_soon(self._hand_over)
        self._pending.append(item)

    def _hand_over(self) -> None:
        if self._pending:
            self._handed.put(self._pending)
            self._pending = []

    def _write(self) -> None:
        is_open = True
        while is_open:
            items = self._handed.get()
            if items is None:
                return
            items = list(items)
            while not self._handed.empty():
                more = self._handed.get()
                if more is None:
                    is_open = False
                    break
                items.extend(more)
            results: list[tuple[Batch | Command, Result]] = []
            self.session.commit(items, lambda item, result, found=results: found.append((item, result)))  # type: ignore[misc]
            try:
                self._loop.call_soon_threadsafe(self._report, results)
            except RuntimeError:  # the loop was closed without us: nobody is left to be told
                return

    def _report(self, results: list[tuple[Batch | Command, Result]]) -> None:
        for item, result in results:
            deliver(item, result)

    async def execute(self, statement: Statement, *row: Any) -> list[Row]:
        answer: asyncio.Future[list[Row]] = self._loop.create_future()
        self._enqueue(Command(statement, row, answer))
        return await answer

    async def fetch(self, statement: Statement, *row: Any) -> list[Row]:
        return await self.fetch_text(statement.text, row)

    async def fetch_text(self, text: str, row: Sequence[Any]) -> list[Row]:
        return await self._loop.run_in_executor(self._readers, read, self._reader, text, row, self.session.place)

    async def flush(self) -> None:
        done = self._loop.create_future()
        self._enqueue(Batch(lambda fault: None if done.done() else done.set_result(None)))
        await done

    async def close(self) -> None:
        """Write what is left, then end the writer."""
        if self._is_closed:
            return
        await self.flush()
        self._is_closed = True
        self._handed.put(None)
        await asyncio.to_thread(self._thread.join)
        self._readers.shutdown()
        self._reader.close()
        self.session.connection.close()


async def open_sqlite(path: Path, *, busy_timeout_s: float = 5.0) -> SqliteStorage:
    """Open or create the file and bring its schema up to date.

    Raises:
        StorageFault: it cannot be opened, is locked, damaged, or newer than we are.
    """
    loop = asyncio.get_running_loop()
    session, reader = await asyncio.to_thread(_connect, path, busy_timeout_s)
    return SqliteStorage(loop, session, reader)


def _create_private(path: Path) -> None:
    """Make a new database readable by its owner alone: a journal holds what its runs were given, secrets too."""
    with contextlib.suppress(OSError):  # it exists, or SQLite says what is wrong
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _connect(path: Path, busy_timeout_s: float) -> tuple[Session, sqlite3.Connection]:
    connections = []
    try:
        _create_private(path)
        for _ in range(2):
            connection = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, timeout=busy_timeout_s, cached_statements=256
            )
            connections.append(connection)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA cache_size = -65536")
            connection.execute("PRAGMA wal_autocheckpoint = 8000")
        session = Session(connections[0], str(path))
        session.migrate()
        connections[1].execute("PRAGMA query_only = ON")
    except (sqlite3.Error, StorageFault) as error:
        for connection in connections:
            connection.close()
        raise fault_of(error, str(path)) from error
    return session, connections[1]
