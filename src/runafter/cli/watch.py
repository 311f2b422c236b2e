"""A virtual run, played back on a terminal in as many seconds as somebody wants to watch."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from runafter.cli.live import LiveRun
from runafter.cli.output import console
from runafter.protocol.commands import Command, FinishRun, NoteStarted, RecordAction

if TYPE_CHECKING:
    from rich.console import Group
    from rich.tree import Tree

FRAME_S = 1 / 15
_TICKS_PER_S = 10_000_000


def moment_of(notice: Command) -> int:
    """Return the ticks at which what is noticed happened."""
    match notice:
        case NoteStarted() | FinishRun():
            return notice.at
        case RecordAction():
            return notice.ended_at
    return 0


def play(view: LiveRun, notices: Sequence[Command], seconds: float) -> None:
    """Apply the notices to the view and draw it meanwhile.

    Half of the time goes by the run's own clock and half by the number of
    notices, so that neither long waits nor dense moments take it all.
    """
    from rich.live import Live

    if not notices:
        return
    first = moment_of(notices[0])
    span = max(1, max(moment_of(notice) for notice in notices) - first)
    latest = first
    out = console()
    with Live(console=out, auto_refresh=False, transient=True, vertical_overflow="ellipsis") as screen:
        began = shown = time.monotonic()
        for index, notice in enumerate(notices, start=1):
            latest = max(latest, moment_of(notice))
            due = began + seconds * ((latest - first) / span + index / len(notices)) / 2
            while time.monotonic() < due:
                time.sleep(min(FRAME_S, max(0.0, due - time.monotonic())))
                if time.monotonic() - shown >= FRAME_S:
                    screen.update(_frame(view, latest - first, out.height), refresh=True)
                    shown = time.monotonic()
            view.apply(notice)
        screen.update(_frame(view, latest - first, out.height), refresh=True)


def _frame(view: LiveRun, ticks: int, room: int) -> Group:
    from rich.console import Group
    from rich.text import Text

    from runafter.cli.live import duration

    tree = view.tree(folded=True)
    if _height(tree) >= room - 1:
        tree = view.tree(folded=True, tight=True)
    clock = Text.assemble(("⏵ ", "cyan"), (f"virtual time {duration(ticks / _TICKS_PER_S)}", "bright_black"))
    return Group(clock, tree)


def _height(tree: Tree) -> int:
    return 1 + sum(_height(branch) for branch in tree.children)
