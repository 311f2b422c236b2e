"""Why an action was skipped, or did not succeed: the chain of predecessors and statuses that decided it."""

from __future__ import annotations

from collections.abc import Iterable
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
    def detail(self) -> _Detail: ...


class Reason(Struct, frozen=True, kw_only=True):
    """One link: this action had this status; `decided_by` names the link that follows, None at the root cause.

    `error` and `failure` stand at the root cause only.
    """

    action: str
    repetition: Repetition
    status: str
    code: str | None
    decided_by: str | None = None
    error: Any = None
    failure: Any = None


def why(rows: Iterable[SettledAction], action: str, repetition: Repetition = ()) -> list[Reason]:
    """Return the chain from `action` to its root cause; empty when it has no row.

    A predecessor is looked for in the same repetition first, then in those around it.
    """
    known = {(row.action.casefold(), row.repetition): row for row in rows}
    chain: list[Reason] = []
    row = known.get((action.casefold(), repetition))
    seen: set[tuple[str, Repetition]] = set()
    while row is not None and (row.action, row.repetition) not in seen:
        seen.add((row.action, row.repetition))
        because = row.detail.because
        chain.append(
            Reason(
                action=row.action,
                repetition=row.repetition,
                status=row.status,
                code=row.code,
                decided_by=because[0] if because else None,
                error=None if because else row.detail.error,
                failure=None if because else row.detail.failure,
            )
        )
        if because is None:
            break
        following = _nearest(known, because[0], row.repetition)
        if following is None:
            # A container that is still open, or was never recorded: all we have are its status and code.
            chain.append(Reason(action=because[0], repetition=(), status=because[1], code=because[2]))
        row = following
    return chain


def _nearest(
    known: dict[tuple[str, Repetition], SettledAction], action: str, repetition: Repetition
) -> SettledAction | None:
    for depth in range(len(repetition), -1, -1):
        found = known.get((action.casefold(), repetition[:depth]))
        if found is not None:
            return found
    return None
