"""The iterations of a loop, which the management interface calls scope repetitions: judged from the actions in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from msgspec import Struct

from runafter.journal.rows import ActionRow
from runafter.program.status import block_status
from runafter.program.steps import Block
from runafter.protocol.commands import Repetition


class Iteration(Struct, frozen=True, kw_only=True):
    """One iteration. `loops` are the loops around its actions, outermost first; times are ticks."""

    repetition: Repetition
    loops: tuple[str, ...]
    status: str
    started_at: int
    ended_at: int | None


def iterations_of(loop: str, body: Block, rows: Iterable[ActionRow], *, is_over: bool) -> list[Iteration]:
    """Return the iterations of `loop` of which an action has settled, in order.

    One whose actions have not all settled is Running, or Cancelled where the run `is_over`.
    """
    found: defaultdict[Repetition, list[ActionRow]] = defaultdict(list)
    for row in rows:
        if loop in row.detail.loops:
            depth = row.detail.loops.index(loop) + 1
            found[row.repetition[:depth]].append(row)
    return [_iteration(loop, body, repetition, found[repetition], is_over) for repetition in sorted(found)]


def _iteration(loop: str, body: Block, repetition: Repetition, rows: list[ActionRow], is_over: bool) -> Iteration:
    statuses = {row.action: row.status for row in rows if row.repetition == repetition}
    status: str
    ended_at: int | None = max(row.ended_at for row in rows)
    if all(name in statuses for name in body.names):
        status = "Cancelled" if "Cancelled" in statuses.values() else block_status(body, statuses)
    elif is_over:
        status = "Cancelled"
    else:
        status, ended_at = "Running", None
    loops = rows[0].detail.loops
    return Iteration(
        repetition=repetition,
        loops=loops[: loops.index(loop) + 1],
        status=status,
        started_at=min(row.started_at for row in rows),
        ended_at=ended_at,
    )
