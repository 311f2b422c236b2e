"""The journal: append under compare-and-swap, read, run headers, definitions.

Every append moves `runs.position` from the expected length to the new one, in
the same transaction, and only for the run's owner. So a host that was stopped
and woken again cannot write to a run that another has continued, whatever it
still has in its queue.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from runafter.journal import codec
from runafter.journal.history import History
from runafter.journal.rows import RunHeader
from runafter.protocol.commands import FinishRun, RecordAction
from runafter.protocol.events import Event, RunStarted
from runafter.storage.api import Storage
from runafter.storage.batch import Batch, Row, Then
from runafter.storage.statements import load_statements

_RUN_COLUMNS = (
    "id, flow, program, status, position, owner, wake_at, started_at, ended_at, code, error, outputs, start_key, parent, "
    "client_tracking_id"
)


class Journal:
    """What rooms above write to and read from one database."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.statements = load_statements("runafter.journal", storage.dialect)
        self.history = History(storage, self.statements)
        self._insert_event = self.statements["insert_event"]
        self._insert_content = self.statements["insert_content"]
        self._move_position = self.statements["move_position"]
        self._finish_run = self.statements["finish_run"]

    def begin(
        self,
        batch: Batch,
        started: RunStarted,
        *,
        flow: str,
        owner: str,
        start_key: str | None = None,
        parent: str | None = None,
    ) -> None:
        """Add a run's header to the batch; its first event follows by `append` at position 0."""
        batch.add(
            self.statements["insert_run"],
            started.run_id,
            flow,
            started.program,
            "Running",
            0,
            owner,
            started.at,
            start_key,
            parent,
            started.client_tracking_id,
        )

    def define(self, batch: Batch, program_hash: str, name: str, source: bytes) -> None:
        """Keep what a program is built from, once per hash."""
        batch.add(self.statements["insert_definition"], program_hash, name, source)

    def append(
        self,
        run_id: str,
        expected: int,
        events: Sequence[Event],
        *,
        owner: str,
        records: Iterable[RecordAction] = (),
        finish: FinishRun | None = None,
        then: Then | None = None,
        batch: Batch | None = None,
        encoded: Sequence[bytes] | None = None,
    ) -> Batch:
        """Return a batch that continues the journal at position `expected`; submit it to the storage.

        If the journal is not exactly that long, or `owner` does not own the
        run, the storage refuses the batch with `StaleWriter` and nothing of it
        is written. `encoded` are the events' bytes where the caller has them.
        """
        if encoded is None:
            encoded = [codec.encode(event) for event in events]
        if batch is None:
            batch = Batch(then)
        add = batch.rows.append
        add((self._move_position, (run_id, owner, expected, expected + len(events))))
        for position, (event, whole) in enumerate(zip(events, encoded, strict=True), expected):
            data, content = codec.split_event(event, whole)
            kept = None
            if content is not None:
                kept = content[0]
                add((self._insert_content, content))
            add((self._insert_event, (run_id, position, codec.VERSION, data, zlib.crc32(data), kept)))
        for record in records:
            self.history.add(batch, run_id, record)
        if finish is not None:
            error = None if finish.error is None else codec.encode(finish.error)
            outputs = None if finish.outputs is None else codec.encode(finish.outputs)
            add((self._finish_run, (run_id, finish.status, finish.at, finish.code, error, outputs)))
        return batch

    async def read(self, run_id: str) -> list[Event]:
        """Return the run's events in order.

        Raises:
            CorruptJournal: a row is damaged or missing; names run and position.
        """
        rows = await self.storage.fetch(self.statements["read_journal"], run_id)
        events: list[Event] = []
        for expected, (position, version, data, checksum, content, body) in enumerate(rows):
            if position != expected:
                raise codec.CorruptJournal(run_id, expected, "the row is missing")
            events.append(codec.join_event(run_id, position, version, data, checksum, content, body))
        return events

    async def beginning(self, run_id: str) -> RunStarted | None:
        """Return the run's first event alone: a journal may hold a hundred thousand. None where there is no run."""
        rows = await self.storage.fetch(self.statements["read_beginning"], run_id)
        event = codec.join_event(run_id, *rows[0]) if rows else None
        assert event is None or isinstance(event, RunStarted)
        return event

    async def run(self, run_id: str) -> RunHeader | None:
        """Return the run's header, or None."""
        rows = await self.storage.fetch(self.statements["read_run"], run_id)
        return _header(rows[0]) if rows else None

    async def run_of_key(self, start_key: str) -> str | None:
        """Return the run that was started with this key."""
        rows = await self.storage.fetch(self.statements["read_run_by_key"], start_key)
        return rows[0][0] if rows else None

    async def definition(self, program_hash: str) -> tuple[str, bytes] | None:
        """Return (name, source) of a kept definition."""
        rows = await self.storage.fetch(self.statements["read_definition"], program_hash)
        return (rows[0][0], rows[0][1]) if rows else None

    async def runs(
        self,
        *,
        flow: str | None = None,
        statuses: Sequence[str] = (),
        code: str | None = None,
        parent: str | None = None,
        started_from: int | None = None,
        started_before: int | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> list[RunHeader]:
        """Return runs, newest first. `after` is the id of the last run of the page before; times are ticks."""
        wishes: list[str] = []
        row: list[Any] = []

        def wish(text: str, value: Any) -> None:
            row.append(value)
            wishes.append(text.replace("?", f"${len(row)}"))

        if flow is not None:
            wish("flow = ?", flow)
        if code is not None:
            wish("code = ?", code)
        if parent is not None:
            wish("parent = ?", parent)
        if started_from is not None:
            wish("started_at >= ?", started_from)
        if started_before is not None:
            wish("started_at < ?", started_before)
        if after is not None:
            wish("id > ?", after)
        if statuses:
            first = len(row) + 1
            row.extend(statuses)
            wishes.append(f"status IN ({', '.join(f'${first + n}' for n in range(len(statuses)))})")
        where = f"WHERE {' AND '.join(wishes)}" if wishes else ""
        row.append(limit)
        text = f"SELECT {_RUN_COLUMNS} FROM runs {where} ORDER BY id LIMIT ${len(row)}"  # noqa: S608 - our own words
        return [_header(found) for found in await self.storage.fetch_text(text, row)]


def _header(row: Row) -> RunHeader:
    values = dict(zip(RunHeader.__struct_fields__, row, strict=True))
    for name in ("error", "outputs"):
        values[name] = None if values[name] is None else codec.decode(values[name])
    return RunHeader(**values)
