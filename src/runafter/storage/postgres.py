"""PostgreSQL through asyncpg: one writing connection with group commit, a small pool for readers.

A group is one transaction with one statement per kind of row, its rows as
column arrays. If the connection is lost during a commit, nobody knows whether
the group is durable: its batches are reported as refused, and whoever
continues must read the journal again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from runafter.storage import migrate
from runafter.storage.api import Command, Dialect
from runafter.storage.batch import Batch, Merged, Row, Statement, storable
from runafter.storage.faults import (
    AlreadyThere,
    DatabaseFull,
    DatabaseLocked,
    DatabaseUnreachable,
    StaleWriter,
    StorageFault,
)

if TYPE_CHECKING:
    import asyncpg

_MIGRATION_LOCK = 7_263_818_842  # any number that is ours: one process migrates at a time


def fault_of(error: BaseException) -> StorageFault:
    """Translate an exception of the driver."""
    import asyncpg

    match error:
        case StorageFault():
            return error
        case asyncpg.UniqueViolationError():
            return AlreadyThere(f"the database refuses a row ({error})")
        case asyncpg.DiskFullError():
            return DatabaseFull(
                "the database server has no room left", hint="Free space there; runs resume by themselves."
            )
        case asyncpg.LockNotAvailableError() | asyncpg.DeadlockDetectedError() | asyncpg.SerializationError():
            return DatabaseLocked(f"another transaction is in the way ({error})")
        case asyncpg.PostgresConnectionError() | asyncpg.InterfaceError() | asyncpg.CannotConnectNowError() | OSError():
            return DatabaseUnreachable(
                f"the PostgreSQL server cannot be reached ({error or type(error).__name__})",
                hint="Check that the server runs and that the address and the password are right.",
            )
        case asyncpg.InvalidAuthorizationSpecificationError() | asyncpg.InvalidCatalogNameError():
            return DatabaseUnreachable(
                f"the PostgreSQL server refuses us ({error})", hint="Check user, password, database."
            )
        case _:
            return StorageFault(f"PostgreSQL: {type(error).__name__}: {error}")


def _is_about_text(error: Exception) -> bool:
    """Whether the server or the driver refuses a text for a character that PostgreSQL does not hold."""
    import asyncpg

    if isinstance(error, asyncpg.DataError) and "surrogates not allowed" in str(error):
        return True
    return isinstance(error, asyncpg.CharacterNotInRepertoireError | asyncpg.UntranslatableCharacterError)


async def _fetched(source: asyncpg.Connection | asyncpg.Pool, text: str, row: Sequence[Any]) -> list[Any]:
    try:
        found: list[Any] = await source.fetch(text, *row)
    except Exception as error:
        if not _is_about_text(error):
            raise
        found = await source.fetch(text, *storable(row))
    return found


class PostgresStorage:
    """A PostgreSQL database, opened by `open_postgres`."""

    dialect: Dialect = "postgres"
    is_shared = True

    def __init__(self, url: str, pool: asyncpg.Pool) -> None:
        self._url = url
        self._pool = pool
        self._loop = asyncio.get_running_loop()
        self._connection: asyncpg.Connection | None = None
        self._pending: list[Batch | Command] = []
        self._wake = asyncio.Event()
        self._is_closed = False
        self._writer = self._loop.create_task(self._write(), name="runafter-writer")

    def submit(self, batch: Batch) -> None:
        self._enqueue(batch)

    def _enqueue(self, item: Batch | Command) -> None:
        if self._is_closed:
            raise DatabaseUnreachable("the database was closed")
        self._pending.append(item)
        self._wake.set()

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            items, self._pending = self._pending, []
            group: list[Batch] = []
            for item in items:
                if isinstance(item, Batch):
                    group.append(item)
                    continue
                await self._commit_group(group)
                group = []
                await self._commit_command(item)
            await self._commit_group(group)
            if self._is_closed and not self._pending:
                return

    async def _connected(self) -> asyncpg.Connection:
        import asyncpg

        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(self._url)
        return self._connection

    async def _commit_command(self, command: Command) -> None:
        try:
            connection = await self._connected()
            rows = await _fetched(connection, command.statement.text, command.row)
        except Exception as error:  # noqa: BLE001 - whatever the driver raises is reported to the waiter
            if not command.answer.done():
                command.answer.set_exception(fault_of(error))
        else:
            if not command.answer.done():
                command.answer.set_result([tuple(row) for row in rows])

    async def _commit_group(self, group: Sequence[Batch]) -> None:
        if not group:
            return
        fault = await self._try(group)
        if fault is None or len(group) == 1 or isinstance(fault, DatabaseUnreachable):
            for batch in group:
                if batch.then is not None:
                    batch.then(fault)
            return
        for batch in group:
            alone = await self._try([batch])
            if batch.then is not None:
                batch.then(alone)

    async def _try(self, group: Sequence[Batch]) -> StorageFault | None:
        merged = Merged(group)
        if merged.clash:
            return StaleWriter("two writers in one group continue the same position")
        try:
            connection = await self._connected()
            try:
                await self._carry_out(connection, merged.work)
            except Exception as error:
                if not _is_about_text(error):
                    raise
                await self._carry_out(connection, merged.made_storable())
        except Exception as error:  # noqa: BLE001 - whatever the driver raises is reported per batch
            return fault_of(error)
        return None

    async def _carry_out(self, connection: asyncpg.Connection, work: Sequence[tuple[Statement, list[Row]]]) -> None:
        async with connection.transaction():
            for statement, rows in work:
                await self._execute(connection, statement, rows)

    async def _execute(self, connection: asyncpg.Connection, statement: Statement, rows: list[Row]) -> None:
        if statement.kind == "single":
            await connection.executemany(statement.text, rows)
            return
        if statement.kind == "guard":
            rows = sorted(rows)  # two hosts lock rows in one order
        tag: str = await connection.execute(statement.text, *zip(*rows, strict=True))
        if statement.kind == "guard" and int(tag.rsplit(" ", 1)[-1]) != len(rows):
            raise StaleWriter(
                "the position that this batch continues is not the last one, or another host owns the run"
            )

    async def execute(self, statement: Statement, *row: Any) -> list[Row]:
        answer: asyncio.Future[list[Row]] = self._loop.create_future()
        self._enqueue(Command(statement, row, answer))
        return await answer

    async def fetch(self, statement: Statement, *row: Any) -> list[Row]:
        return await self.fetch_text(statement.text, row)

    async def fetch_text(self, text: str, row: Sequence[Any]) -> list[Row]:
        try:
            rows = await _fetched(self._pool, text, row)
        except Exception as error:
            raise fault_of(error) from error
        return [tuple(row) for row in rows]

    async def flush(self) -> None:
        done: asyncio.Future[None] = self._loop.create_future()
        self._enqueue(Batch(lambda fault: None if done.done() else done.set_result(None)))
        await done

    async def close(self) -> None:
        """Write what is left, then end the writer."""
        if self._is_closed:
            return
        self._is_closed = True
        self._wake.set()
        await self._writer
        if self._connection is not None:
            await self._connection.close()
        await self._pool.close()


async def open_postgres(url: str) -> PostgresStorage:
    """Connect and bring the schema up to date.

    Raises:
        StorageFault: unreachable, refused, or newer than we are.
    """
    try:
        import asyncpg
    except ImportError as error:
        raise DatabaseUnreachable(
            "PostgreSQL needs the asyncpg library", hint="Install it: pip install 'runafter[postgres]'"
        ) from error
    try:
        connection = await asyncpg.connect(url)
        try:
            await _migrate(connection)
        finally:
            await connection.close()
        pool = await asyncpg.create_pool(url, min_size=1, max_size=4)
    except Exception as error:
        raise fault_of(error) from error
    return PostgresStorage(url, pool)


async def _migrate(connection: asyncpg.Connection) -> None:
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _MIGRATION_LOCK)
        await connection.execute(migrate.CREATE_TABLE)
        applied = {row[0]: row[1] for row in await connection.fetch(migrate.READ_APPLIED)}
        for step in migrate.pending("postgres", applied):
            for text in step.statements:
                await connection.execute(text)
            await connection.execute(migrate.INSERT_APPLIED, step.number, step.name, step.checksum)
