"""A run's actions at one glance: one line per action over all its repetitions, loops with their insides."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from msgspec import Struct

from runafter.protocol.commands import Attempt
from runafter.views.why import SettledAction

_WORST = ("Failed", "TimedOut", "Cancelled", "Aborted", "Running", "Waiting", "Succeeded", "Skipped")


class _Detail(Protocol):
    @property
    def loops(self) -> tuple[str, ...]: ...
    @property
    def attempts(self) -> tuple[Attempt, ...]: ...
    @property
    def iterations(self) -> int | None: ...
    @property
    def because(self) -> tuple[str, str, str] | None: ...
    @property
    def error(self) -> Any: ...
    @property
    def failure(self) -> Any: ...


class TimedAction(SettledAction, Protocol):
    @property
    def order(self) -> int: ...
    @property
    def type(self) -> str: ...
    @property
    def started_at(self) -> int: ...
    @property
    def ended_at(self) -> int: ...
    @property
    def detail(self) -> _Detail: ...


class ActionLine(Struct, kw_only=True):
    """One action over all its repetitions. `status` is the worst of them; `busy_ticks` adds up what they took."""

    action: str
    type: str
    order: int
    loops: tuple[str, ...] = ()
    status: str = "Skipped"
    code: str | None = None
    repetitions: int = 0
    by_status: dict[str, int] = {}
    started_at: int = 0
    ended_at: int = 0
    busy_ticks: int = 0
    retries: int = 0
    iterations: int | None = None


class RunDetail(Struct, kw_only=True):
    """Lines in the order of the definition."""

    lines: list[ActionLine]

    def line(self, action: str) -> ActionLine | None:
        folded = action.casefold()
        return next((line for line in self.lines if line.action.casefold() == folded), None)


def run_detail(rows: Iterable[TimedAction]) -> RunDetail:
    """Fold history rows, in any order, into one line per action."""
    lines: dict[str, ActionLine] = {}
    for row in rows:
        line = lines.get(row.action)
        if line is None:
            line = lines[row.action] = ActionLine(
                action=row.action,
                type=row.type,
                order=row.order,
                loops=row.detail.loops,
                started_at=row.started_at,
                ended_at=row.ended_at,
            )
        line.repetitions += 1
        line.by_status[row.status] = line.by_status.get(row.status, 0) + 1
        line.started_at = min(line.started_at, row.started_at)
        line.ended_at = max(line.ended_at, row.ended_at)
        line.busy_ticks += row.ended_at - row.started_at
        line.retries += sum(attempt.wait_s is not None for attempt in row.detail.attempts)
        if row.detail.iterations is not None:
            line.iterations = (line.iterations or 0) + row.detail.iterations
        if line.repetitions == 1 or _rank(row.status) < _rank(line.status):
            line.status, line.code = row.status, row.code
    return RunDetail(lines=sorted(lines.values(), key=lambda line: (line.order, line.action)))


def _rank(status: str) -> int:
    return _WORST.index(status) if status in _WORST else 0
