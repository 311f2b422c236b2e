"""What a run that is not over has under way, read from its journal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from runafter.cli.live import LiveRun
    from runafter.journal.journal import Journal
    from runafter.journal.rows import RunHeader
    from runafter.program.steps import Program

MOST_EVENTS = 50_000
"""A journal that is longer is not replayed merely to show where its run stands."""


async def under_way(journal: Journal, header: RunHeader, program: Program) -> list[dict[str, Any]] | None:
    """Return the actions that have begun and not settled, in order of start; None where that cannot be told here."""
    from runafter.errors import EnvironmentFault
    from runafter.hosts.embedded.replay import replay

    if header.is_finished:
        return []
    if header.position > MOST_EVENTS:
        return None
    try:
        return replay(header.id, program, await journal.read(header.id)).machine.progress()
    except EnvironmentFault:
        return None


def show_under_way(live: LiveRun, rows: Sequence[dict[str, Any]]) -> None:
    """Lay what is under way over what has settled."""
    from runafter.protocol.commands import NoteStarted

    for row in rows:
        note = NoteStarted(
            action=row["action"],
            at=row["started_at"],
            repetition=row["repetition"],
            of=row.get("of"),
            status=row["status"],
        )
        line = live.apply(note)
        if line is not None:
            line.started = max(line.started, line.settled + 1)


def refuse_unawaited(
    header: RunHeader, program: Program, rows: Sequence[dict[str, Any]], action: str, repetition: tuple[int, ...]
) -> None:
    """Refuse an answer that nothing in the run waits for, and say what does wait.

    Raises:
        click.UsageError: the flow has no such action, or it is not under way.
    """
    name = program.names.get(action.casefold())
    if name is None:
        from difflib import get_close_matches

        near = get_close_matches(action, list(program.steps), n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise click.UsageError(f"the flow {header.flow!r} has no action {action!r}.{hint}")
    waiting = [row for row in rows if "attempt" in row]
    if any((row["action"], tuple(row["repetition"])) == (name, repetition) for row in waiting):
        return
    told = ", ".join(_as_given(row) for row in waiting[:10]) or "nothing"
    given = f"{name!r}" + (f" --item {','.join(map(str, repetition))}" if repetition else "")
    raise click.UsageError(f"{given} waits for no answer in run {header.id}; what does: {told}")


def _as_given(row: dict[str, Any]) -> str:
    where = ",".join(map(str, row["repetition"]))
    return f"{row['action']} --item {where}" if where else str(row["action"])
