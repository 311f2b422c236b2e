"""A run, shown while it happens: a live tree on a terminal, a line per action on a pipe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from runafter.cli.output import console
from runafter.program.steps import Block, ForeachStep, IfStep, Program, ScopeStep, Step, SwitchStep, UntilStep
from runafter.protocol.commands import Command, FinishRun, NoteStarted, RecordAction

if TYPE_CHECKING:
    from rich.text import Text
    from rich.tree import Tree

SIGNS = {
    "Succeeded": ("✓", "green"),
    "Failed": ("✗", "red"),
    "TimedOut": ("⏱", "red"),
    "Skipped": ("–", "bright_black"),
    "Cancelled": ("⊘", "yellow"),
    "Aborted": ("⊘", "yellow"),
    "Running": ("●", "cyan"),
    "Waiting": ("◌", "cyan"),
}
_TICKS_PER_S = 10_000_000
_LONGEST_MESSAGE = 200


@dataclass(slots=True)
class Line:
    """What is known of one action over all its repetitions."""

    status: str | None = None
    code: str | None = None
    started_at: int = 0
    ended_at: int = 0
    longest: int = 0
    started: int = 0
    settled: int = 0
    failed: int = 0
    skipped: int = 0
    retries: int = 0
    of: int | None = None
    iterations: int = 0
    message: str | None = None

    @property
    def is_under_way(self) -> bool:
        """Whether a repetition of it has started and not settled."""
        return self.started > self.settled

    @property
    def ran(self) -> int:
        """How many repetitions have settled otherwise than by being skipped."""
        return self.settled - self.skipped

    def odd(self) -> Iterator[str]:
        """Say how many repetitions failed, and how many were skipped where others ran."""
        if self.failed:
            yield f", {self.failed} failed"
        if self.skipped and self.ran:
            yield f", {self.skipped} skipped"


@dataclass(slots=True)
class LiveRun:
    """Folds notices into lines; `tree` draws them. Loops show how many iterations have ended, as `37/200`."""

    program: Program
    lines: dict[str, Line] = field(default_factory=dict)
    finished: FinishRun | None = None
    _iterations: dict[str, int] = field(default_factory=dict)

    def apply(self, notice: Command) -> Line | None:
        """Take one notice in; return the line it changed."""
        match notice:
            case NoteStarted():
                line = self.lines.setdefault(notice.action, Line())
                if line.status is None or line.status not in {"Failed", "TimedOut"}:
                    line.status = notice.status
                if notice.status == "Running":
                    line.started += 1
                line.started_at = line.started_at or notice.at
                line.of = notice.of if notice.of is not None else line.of
                return line
            case RecordAction():
                line = self.lines.setdefault(notice.action, Line())
                line.settled += 1
                line.skipped += notice.status == "Skipped"
                line.failed += notice.status in {"Failed", "TimedOut"}
                line.retries += retries_of(notice.status, len(notice.attempts))
                if not line.failed or notice.status in {"Failed", "TimedOut"}:
                    line.code = notice.code
                line.of = notice.iterations if notice.iterations is not None else line.of
                line.iterations += notice.iterations or 0
                line.started_at = min(line.started_at or notice.started_at, notice.started_at)
                line.ended_at = max(line.ended_at, notice.ended_at)
                line.longest = max(line.longest, notice.ended_at - notice.started_at)
                if line.status not in {"Failed", "TimedOut"}:
                    line.status = (
                        notice.status if notice.status != "Skipped" or line.settled == line.skipped else line.status
                    )
                if notice.status in {"Failed", "TimedOut"} and line.message is None:
                    line.message = _message(notice)
                return line
            case FinishRun():
                self.finished = notice
        return None

    def tree(self, *, folded: bool = False, tight: bool = False) -> Tree:
        """Return the flow as a tree with the state of each action.

        `folded` shows what is inside a container only while it runs, where something failed or was
        tried again, and in handlers of failures.
        `tight` leaves out what is done without trouble or has not begun, for small windows.
        """
        from rich.text import Text
        from rich.tree import Tree

        tree = Tree(Text(self.program.name, style="bold"), guide_style="bright_black")
        self._grow(tree, self.program.root, folded=folded, tight=tight)
        return tree

    def _grow(self, tree: Tree, block: Block, *, folded: bool, tight: bool) -> None:
        from rich.text import Text

        for name in block.names:
            if tight and not self._is_worth_a_line(name):
                continue
            step = self.program.steps[name]
            branch = tree.add(self._text(name))
            line = self.lines.get(name)
            if line is not None and line.status == "Skipped":
                continue  # and with it everything inside
            if folded and not self._is_open(name, line):
                self._close(branch, name)
                continue
            for title, inner in blocks_of(step):
                if not inner.names:
                    continue
                below = branch.add(Text(title, style="italic bright_black")) if title else branch
                is_handler = _handles_failure(step)
                self._grow(below, inner, folded=folded and not is_handler, tight=tight and not is_handler)

    def _is_worth_a_line(self, name: str) -> bool:
        line = self.lines.get(name)
        if line is None or line.status is None:
            return False
        if line.is_under_way or line.failed or line.retries:
            return True
        return line.status != "Skipped" and bool(blocks_of(self.program.steps[name])) and self._is_open(name, line)

    def _is_open(self, name: str, line: Line | None) -> bool:
        if line is None or line.status is None:
            return False
        if line.is_under_way or line.status in {"Running", "Failed", "TimedOut", "Aborted", "Cancelled"}:
            return True
        if _handles_failure(self.program.steps[name]):
            return True
        inside = (self.lines.get(each) for each in self._inside(name))
        return any(each is not None and (each.failed or each.retries) for each in inside)

    def _inside(self, name: str) -> Iterator[str]:
        for _, block in blocks_of(self.program.steps[name]):
            for each in block.names:
                yield each
                yield from self._inside(each)

    def _close(self, branch: Tree, name: str) -> None:
        from rich.text import Text

        count = sum(1 for _ in self._inside(name))
        if count and isinstance(branch.label, Text):
            branch.label.append(f"  ({count} inside)", style="bright_black")

    def _text(self, name: str) -> Text:
        from rich.text import Text

        line = self.lines.get(name)
        step = self.program.steps[name]
        if line is None or line.status is None:
            return Text.assemble(("· ", "bright_black"), (name, "bright_black"))
        sign, colour = SIGNS["Running" if line.is_under_way and line.status == "Succeeded" else line.status]
        text = Text.assemble((sign + " ", colour), (name, colour if line.status != "Succeeded" else ""))
        for note, style in self._notes(name, line, loops=bool(step.loops)):
            text.append("  " + note, style=style)
        return text

    def _notes(self, name: str, line: Line, *, loops: bool) -> Iterator[tuple[str, str]]:
        step = self.program.steps[name]
        if isinstance(step, (ForeachStep, UntilStep)) and line.status != "Skipped":
            if line.settled > 1:  # a loop inside of a loop: `of` is that of the last time only
                yield f"x{line.ran}, {line.iterations} iteration" + "s" * (line.iterations != 1), "cyan"
            else:
                yield f"{self._done(step)}" + (f"/{line.of}" if line.of is not None else ""), "cyan"
        elif loops and line.settled > 1:
            yield f"x{line.ran or line.settled}" + "".join(line.odd()), "cyan"
        if line.longest and line.status not in {"Running", "Waiting"}:
            many = "up to " if loops and line.settled > 1 else ""
            yield many + duration(line.longest / _TICKS_PER_S), "bright_black"
        if line.retries:
            yield f"{line.retries} {'retry' if line.retries == 1 else 'retries'}", "yellow"
        if line.status in {"Failed", "TimedOut"} and line.code:
            yield line.code, "red"

    def _done(self, loop: ForeachStep | UntilStep) -> int:
        counts = [self.lines[name].settled for name in loop.block.leaves if name in self.lines]
        own = self.lines.get(loop.name)
        if own is not None and own.settled and not loop.loops and own.of is not None:
            return own.of
        return min(counts) if len(counts) == len(loop.block.leaves) and counts else 0


def _handles_failure(step: Step) -> bool:
    """Return whether an action runs only because another one failed."""
    wished = [statuses for _, statuses in step.run_after]
    return any("Failed" in statuses and "Succeeded" not in statuses for statuses in wished)


def retries_of(status: str, attempts: int) -> int:
    """Return how often an action was tried again; the attempt that failed it for good is among `attempts`."""
    return max(0, attempts - 1) if status in {"Failed", "TimedOut"} else attempts


def blocks_of(step: object) -> list[tuple[str, Block]]:
    """Return a container's blocks with a title where there are several branches."""
    match step:
        case ScopeStep() | ForeachStep() | UntilStep():
            return [("", step.block)]
        case IfStep():
            return [("then", step.then), ("else", step.otherwise)]
        case SwitchStep():
            return [*((f"case {name}", block) for name, _, block in step.cases), ("default", step.default)]
    return []


def duration(seconds: float) -> str:
    """Return a duration for people: `0.4 s`, `2 m 05 s`, `3 d 4 h`."""
    if seconds < 10:
        return f"{seconds:.1f} s" if seconds >= 0.1 else f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes} m {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes:02d} m"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h"


def print_line(notice: RecordAction) -> None:
    """Print one settled action on one line, for pipes and logs."""
    sign = SIGNS[notice.status][0]
    where = "[" + ",".join(str(index) for index in notice.repetition) + "]" if notice.repetition else ""
    spent = duration((notice.ended_at - notice.started_at) / _TICKS_PER_S)
    extra = f"  {notice.code}" if notice.status in {"Failed", "TimedOut"} and notice.code else ""
    count = retries_of(notice.status, len(notice.attempts))
    retries = f"  {count} {'retry' if count == 1 else 'retries'}" if count else ""
    click.echo(f"{sign} {notice.action}{where}  {notice.status}  {spent}{retries}{extra}")


def print_failures(run: LiveRun) -> None:
    """Print the message of each action that failed, below the tree."""
    from rich.text import Text

    out = console()
    for name, line in run.lines.items():
        if line.message and line.failed:
            out.print(Text.assemble((f"✗ {name}: ", "red"), line.message))


def _message(notice: RecordAction) -> str | None:
    if isinstance(notice.error, dict) and isinstance(notice.error.get("message"), str):
        return str(notice.error["message"])
    if isinstance(notice.outputs, dict) and "statusCode" in notice.outputs:
        said = _said(notice.outputs.get("body"))
        return f"answered {notice.outputs['statusCode']} {notice.code or ''}".strip() + (f": {said}" if said else "")
    return notice.code


def _said(body: Any) -> str:
    """Return what a service says of its error, on one line; nothing where it has no place that is meant for it."""
    error = body.get("error", body) if isinstance(body, Mapping) else None
    text = error.get("message") if isinstance(error, Mapping) else None
    if not isinstance(text, str):
        return ""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_MESSAGE else line[: _LONGEST_MESSAGE - 1] + "…"
