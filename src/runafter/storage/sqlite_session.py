"""One writing SQLite connection: pragmas, migrations, groups. Used by the file and the memory backend.

A group's rows of one statement go into few multi-row statements: the `sqlite3`
module gives up and takes back the interpreter lock at each step, so a row per
step makes the writer wait for the event loop once a row.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from runafter.storage import migrate
from runafter.storage.api import Command, Result
from runafter.storage.batch import Batch, Merged, Row, Statement, storable
from runafter.storage.faults import (
    AlreadyThere,
    DatabaseCorrupt,
    DatabaseFull,
    DatabaseLocked,
    DatabaseUnreachable,
    StaleWriter,
    StorageFault,
)

_PARAMETER = re.compile(r"\$(\d+)")
_VALUES = re.compile(r"VALUES (\((?:[^()]|\([^()]*\))*\))")
_MOST_ROWS = 128
_FEW_ROWS = 8
"""Rows of one statement: up to 8, else a multiple of 8. So 23 texts serve all groups, and most groups need two."""


def numbered(text: str) -> str:
    """Return a statement with `$1` as SQLite writes it."""
    return _PARAMETER.sub(r"?\1", text)


def fault_of(error: BaseException, place: str) -> StorageFault:
    """Translate an exception of the driver."""
    if isinstance(error, StorageFault):
        return error
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    match code:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return DatabaseLocked(
                f"{place} is locked by another process",
                hint="Close the program that holds a write transaction on it, or use PostgreSQL for several hosts.",
            )
        case sqlite3.SQLITE_FULL:
            return DatabaseFull(
                f"no room left to write {place}", hint="Free space on the disk; runs resume by themselves."
            )
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return DatabaseCorrupt(
                f"{place} is damaged or no SQLite database ({error})",
                hint="Restore it from a backup; `sqlite3 FILE .recover` saves what can be read.",
            )
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_IOERR:
            return DatabaseUnreachable(
                f"{place} cannot be opened or written ({error})", hint="Check path and permissions."
            )
        case sqlite3.SQLITE_CONSTRAINT:
            return AlreadyThere(f"{place} refuses a row ({error})")
        case _:
            return StorageFault(f"{place}: {type(error).__name__}: {error}")


def read(connection: sqlite3.Connection, text: str, row: Sequence[Any], place: str) -> list[Row]:
    """Run a reading statement.

    Raises:
        StorageFault: the driver's, translated.
    """
    try:
        return _executed(connection, numbered(text), row)
    except sqlite3.Error as error:
        raise fault_of(error, place) from error


def _executed(connection: sqlite3.Connection, text: str, row: Sequence[Any]) -> list[Row]:
    try:
        return connection.execute(text, row).fetchall()
    except UnicodeEncodeError:
        return connection.execute(text, storable(row)).fetchall()


class Session:
    """A connection that writes groups. Not thread-safe: one thread uses it."""

    def __init__(self, connection: sqlite3.Connection, place: str) -> None:
        self.connection = connection
        self.place = place
        self._texts: dict[tuple[Statement, int], str] = {}

    def migrate(self) -> None:
        """Bring the schema up to date.

        Raises:
            StorageFault: damaged, locked, or written by a newer version.
        """
        try:
            run = self.connection.execute
            run(migrate.CREATE_TABLE)
            run("BEGIN IMMEDIATE")
            try:
                applied = dict(run(migrate.READ_APPLIED).fetchall())
                for step in migrate.pending("sqlite", applied):
                    for text in step.statements:
                        run(text)
                    run(numbered(migrate.INSERT_APPLIED), (step.number, step.name, step.checksum))
                run("COMMIT")
            except BaseException:
                run("ROLLBACK")
                raise
        except (sqlite3.Error, StorageFault) as error:
            raise fault_of(error, self.place) from error

    def commit(self, items: Sequence[Batch | Command], report: Callable[[Batch | Command, Result], None]) -> None:
        """Carry out the items in order, batches that follow each other as one transaction."""
        group: list[Batch] = []
        for item in items:
            if isinstance(item, Batch):
                group.append(item)
                continue
            self._commit_group(group, report)
            group = []
            report(item, self._commit_command(item))
        self._commit_group(group, report)

    def _commit_command(self, command: Command) -> Result:
        try:
            self._begin()
            rows = _executed(self.connection, numbered(command.statement.text), command.row)
            self.connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - whatever the driver raises is reported to the waiter
            self._rollback()
            return fault_of(error, self.place)
        return rows

    def _commit_group(self, group: Sequence[Batch], report: Callable[[Batch | Command, Result], None]) -> None:
        if not group:
            return
        fault = self._try(group)
        if (
            fault is None
            or len(group) == 1
            or isinstance(fault, DatabaseLocked | DatabaseUnreachable | DatabaseCorrupt)
        ):
            for batch in group:
                report(batch, fault)
        else:
            for batch in group:
                report(batch, self._try([batch]))

    def _try(self, group: Sequence[Batch]) -> StorageFault | None:
        merged = Merged(group)
        if merged.clash:
            return StaleWriter("two writers in one group continue the same position")
        try:
            try:
                self._carry_out(merged.work)
            except UnicodeEncodeError:
                self._rollback()
                self._carry_out(merged.made_storable())
        except Exception as error:  # noqa: BLE001 - whatever the driver raises is reported per batch
            self._rollback()
            return fault_of(error, self.place)
        return None

    def _carry_out(self, work: Sequence[tuple[Statement, list[Row]]]) -> None:
        self._begin()
        for statement, rows in work:
            self._write(statement, rows)
        self.connection.execute("COMMIT")

    def _begin(self) -> None:
        self.connection.execute("BEGIN IMMEDIATE")

    def _rollback(self) -> None:
        if self.connection.in_transaction:
            try:
                self.connection.execute("ROLLBACK")
            except sqlite3.Error:
                self.connection.rollback()

    def _write(self, statement: Statement, rows: list[Row]) -> None:
        execute = self.connection.execute
        if statement.kind == "single":
            text = numbered(statement.text)
            for row in rows:
                execute(text, row)
            return
        changed = 0
        start = 0
        while start < len(rows):
            size = min(len(rows) - start, _MOST_ROWS)
            if size > _FEW_ROWS:
                size -= size % _FEW_ROWS
            text = self._texts.get((statement, size)) or self._repeat(statement, size)
            flat = [value for row in rows[start : start + size] for value in row]
            changed += execute(text, flat).rowcount
            start += size
        if statement.kind == "guard" and changed != len(rows):
            raise StaleWriter(
                "the position that this batch continues is not the last one, or another host owns the run"
            )

    def _repeat(self, statement: Statement, size: int) -> str:
        match = _VALUES.search(statement.text)
        assert match is not None, f"statement {statement.name} has no VALUES group"
        one = _PARAMETER.sub("?", match[1])
        text = statement.text[: match.start(1)] + ",".join([one] * size) + statement.text[match.end(1) :]
        self._texts[statement, size] = text
        return text
