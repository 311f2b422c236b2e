"""What history shows: a projection written with the journal, which `rebuild` can write again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from runafter.journal import codec
from runafter.journal.rows import ActionDetail, ActionRow
from runafter.protocol.commands import RecordAction, Repetition
from runafter.protocol.ids import repetition_name
from runafter.storage.api import Statements, Storage
from runafter.storage.batch import Batch, Row

_detail_decoder = msgspec.json.Decoder(ActionDetail)
_PAGE = 5000
_COLUMNS = "repetition, action, place, type, status, code, started_at, ended_at, detail, inputs IS NOT NULL, outputs IS NOT NULL"
_VALUES = ", a.inputs, i.body, a.outputs, o.body"
_JOINS = " LEFT JOIN contents i ON i.hash = a.inputs_content LEFT JOIN contents o ON o.hash = a.outputs_content"


class History:
    """Rows of settled actions."""

    def __init__(self, storage: Storage, statements: Statements) -> None:
        self._storage = storage
        self._statements = statements
        self._insert_action = statements["insert_action"]
        self._insert_content = statements["insert_content"]

    def add(self, batch: Batch, run_id: str, record: RecordAction) -> None:
        """Add the row of one settled action."""
        add = batch.rows.append
        inputs = inputs_content = outputs = outputs_content = None
        if record.has_inputs and not record.secure_inputs:
            inputs, content = codec.split_value(record.inputs)
            if content is not None:
                inputs_content = content[0]
                add((self._insert_content, content))
        if record.has_outputs and not record.secure_outputs:
            outputs, content = codec.split_value(record.outputs)
            if content is not None:
                outputs_content = content[0]
                add((self._insert_content, content))
        detail = ActionDetail(
            loops=record.loops,
            error=record.error,
            failure=record.failure,
            tracking_id=record.tracking_id,
            attempts=record.attempts,
            iterations=record.iterations,
            tracked=record.tracked,
            because=record.because,
            secure_inputs=record.secure_inputs,
            secure_outputs=record.secure_outputs,
        )
        row = (
            run_id,
            repetition_name(record.repetition),
            record.action,
            record.order,
            record.type,
            record.status,
            record.code,
            record.started_at,
            record.ended_at,
            inputs,
            inputs_content,
            outputs,
            outputs_content,
            codec.encode(detail),
        )
        add((self._insert_action, row))

    def rebuild(self, run_id: str, records: Iterable[RecordAction], batch: Batch) -> None:
        """Replace the run's rows by those of a replay of its journal."""
        batch.add(self._statements["delete_actions"], run_id)
        for record in records:
            self.add(batch, run_id, record)

    async def every_action(self, run_id: str, *, values: bool = False) -> list[ActionRow]:
        """Return all rows of a run, however many."""
        found: list[ActionRow] = []
        after: tuple[str, str] | None = None
        while True:
            page = await self.actions(run_id, values=values, after=after, limit=_PAGE)
            found.extend(page)
            if len(page) < _PAGE:
                return found
            after = (repetition_name(page[-1].repetition), page[-1].action)

    async def actions(
        self,
        run_id: str,
        *,
        action: str | None = None,
        within: Repetition | None = None,
        statuses: Iterable[str] = (),
        values: bool = False,
        after: tuple[str, str] | None = None,
        limit: int = 1000,
    ) -> list[ActionRow]:
        """Return rows in order of (repetition, action).

        `within=()` gives only what stands outside loops, `within=(3,)` what belongs to
        item 3 of a loop and what is nested in it; None gives all. `after` is the
        (repetition name, action) of the last row of the page before. Inputs and
        outputs are read with `values=True` only.
        """
        row: list[Any] = [run_id]
        wishes = ["run_id = $1"]

        def wish(text: str, *given: Any) -> None:
            for value in given:
                row.append(value)
                text = text.replace("?", f"${len(row)}", 1)
            wishes.append(text)

        if within == ():
            wish("repetition = ?", "")
        elif within is not None:
            name = repetition_name(within)
            wish("(repetition = ? OR (repetition > ? AND repetition < ?))", name, name + "-", name + ".")
        if action is not None:
            wish("action = ?", action)
        names = tuple(statuses)
        if names:
            wish(f"status IN ({', '.join('?' for _ in names)})", *names)
        if after is not None:
            wish("(repetition, action) > (?, ?)", *after)
        row.append(limit)
        columns = _COLUMNS + (_VALUES if values else "")
        text = (
            f"SELECT {columns} FROM actions a{_JOINS if values else ''} WHERE {' AND '.join(wishes)} "  # noqa: S608 - our own words
            f"ORDER BY repetition, action LIMIT ${len(row)}"
        )
        return [_action(run_id, found) for found in await self._storage.fetch_text(text, row)]

    async def action(self, run_id: str, action: str, repetition: Repetition = ()) -> ActionRow | None:
        """Return one row with its values, or None."""
        text = (
            f"SELECT {_COLUMNS}{_VALUES} FROM actions a{_JOINS} WHERE run_id = $1 AND repetition = $2 AND action = $3"  # noqa: S608 - our own words
        )
        found = await self._storage.fetch_text(text, (run_id, repetition_name(repetition), action))
        return _action(run_id, found[0]) if found else None

    async def counts(self, run_id: str) -> list[tuple[str, str, int]]:
        """Return (action, status, number of rows), sorted."""
        text = "SELECT action, status, COUNT(*) FROM actions WHERE run_id = $1 GROUP BY action, status ORDER BY action, status"
        return [(row[0], row[1], row[2]) for row in await self._storage.fetch_text(text, (run_id,))]


def _action(run_id: str, row: Row) -> ActionRow:
    repetition, action, order, type_, status, code, started_at, ended_at, detail, has_inputs, has_outputs, *values = row
    inputs = outputs = None
    if values:
        inputs = codec.join_value(values[0], values[1])
        outputs = codec.join_value(values[2], values[3])
    return ActionRow(
        run_id=run_id,
        action=action,
        repetition=tuple(int(part) for part in repetition.split("-")) if repetition else (),
        order=order,
        type=type_,
        status=status,
        code=code,
        started_at=started_at,
        ended_at=ended_at,
        has_inputs=bool(has_inputs),
        has_outputs=bool(has_outputs),
        inputs=inputs,
        outputs=outputs,
        detail=_decode_detail(detail),
    )


def _decode_detail(data: bytes) -> ActionDetail:
    try:
        return _detail_decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return msgspec.convert(codec.decode(data), ActionDetail)
