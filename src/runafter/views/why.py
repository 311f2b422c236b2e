"""Why an action was skipped, or did not succeed: the chain of predecessors and statuses that decided it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Protocol

from msgspec import Struct

from runafter.protocol.commands import Repetition


class _Detail(Protocol):
    @property
    def because(self) -> tuple[str, str, str] | None: ...
    @property
    def error(self) -> Any: ...
    @property
    def failure(self) -> Any: ...


class SettledAction(Protocol):
    """A history row, as `journal.rows.ActionRow` has it."""

    @property
    def action(self) -> str: ...
    @property
    def repetition(self) -> Repetition: ...
    @property
    def status(self) -> str: ...
    @property
    def code(self) -> str | None: ...
    @property
    def order(self) -> int: ...
    @property
    def ended_at(self) -> int: ...
    @property
    def detail(self) -> _Detail: ...


_BAD = {"Failed", "TimedOut"}


class Reason(Struct, frozen=True, kw_only=True):
    """One link: this action had this status; `decided_by` names the link that follows, None at the root cause.

    `error` and `failure` stand at the root cause only, `error` at a branch that was not taken too.
    """

    action: str
    repetition: Repetition
    status: str
    code: str | None
    decided_by: str | None = None
    error: Any = None
    failure: Any = None


def why(
    rows: Iterable[SettledAction],
    action: str,
    repetition: Repetition = (),
    *,
    inside: Mapping[str, Collection[str]] | None = None,
) -> list[Reason]:
    """Return the chain from `action` to its root cause; empty when it has no row.

    A predecessor is looked for in the same repetition first, then in those
    around it. `inside` names the actions of each container: with it a container
    that failed leads on to what failed first in it.
    """
    rows = list(rows)
    known = {(row.action.casefold(), row.repetition): row for row in rows}
    chain: list[Reason] = []
    row = known.get((action.casefold(), repetition))
    seen: set[tuple[str, Repetition]] = set()
    while row is not None and (row.action, row.repetition) not in seen:
        seen.add((row.action, row.repetition))
        because = row.detail.because
        if because is not None and not because[0]:
            because = None  # the run itself decided it, as its error says
        within = None if because else _first_failed(rows, row, (inside or {}).get(row.action, ()))
        decided_by = because[0] if because else within.action if within else None
        chain.append(
            Reason(
                action=row.action,
                repetition=row.repetition,
                status=row.status,
                code=row.code,
                decided_by=decided_by,
                error=row.detail.error if decided_by is None or _is_untaken(row.detail.error) else None,
                failure=None if decided_by else row.detail.failure,
            )
        )
        if within is not None:
            row = within
            continue
        if because is None:
            break
        following = _nearest(known, because[0], row.repetition)
        if following is None:
            # A container that is still open, or was never recorded: all we have are its status and code.
            chain.append(Reason(action=because[0], repetition=(), status=because[1], code=because[2]))
        row = following
    return chain


def _is_untaken(error: Any) -> bool:
    return isinstance(error, dict) and error.get("code") == "ActionBranchingConditionNotSatisfied"


def _first_failed(
    rows: Iterable[SettledAction], container: SettledAction, inside: Collection[str]
) -> SettledAction | None:
    if container.status not in _BAD or not inside:
        return None
    depth = len(container.repetition)
    failed = [
        row
        for row in rows
        if row.status in _BAD and row.action in inside and row.repetition[:depth] == container.repetition
    ]
    return min(failed, key=lambda row: (row.ended_at, -len(row.repetition), -row.order), default=None)


def _nearest(
    known: dict[tuple[str, Repetition], SettledAction], action: str, repetition: Repetition
) -> SettledAction | None:
    for depth in range(len(repetition), -1, -1):
        found = known.get((action.casefold(), repetition[:depth]))
        if found is not None:
            return found
    return None
