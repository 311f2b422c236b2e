"""Repairs: the fixes of findings as minimal edits of the author's file.

A fix that would touch a place that another one has changed waits for the next
round, which sees the repaired file. A round that brings a new finding of
severity error is not taken. The result is a fixed point: applying it again
changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from runafter.definition.edit import Edits
from runafter.definition.nodes import Definition, Node
from runafter.lint.finding import Change, Fix, Issue
from runafter.lint.run import check
from runafter.profiles.catalogue import Catalogue

GROUPS = {
    "retry": ("RTY001", "RTY004"),
    "timeout": ("TMO001",),
    "catch": ("ERR002",),
    "message": ("ERR005",),
    "null-guards": ("VAL002", "VAL004"),
    "joins": ("STR012",),
    "result": ("RES001",),
    "secrets": ("SEC002",),
    "dates": ("DAT001",),
}
"""What `--only` takes: a name for each kind of repair, with the codes that it repairs."""

SAFE = ("retry", "timeout", "catch", "message", "result", "secrets", "dates")
"""What is repaired without being asked for by name: nothing here changes what a good run does."""

_ROUNDS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardened:
    """The file before and after, and the findings that were repaired."""

    before: Node
    after: Node
    definitions: tuple[Definition, ...]
    repaired: tuple[Issue, ...]

    @property
    def is_changed(self) -> bool:
        return self.after.source.text != self.before.source.text


def harden(
    definitions: Sequence[Definition], *, only: Iterable[str] = SAFE, catalogue: Catalogue | None = None
) -> Hardened:
    """Repair the flows of one file.

    Raises:
        ValueError: no definition, definitions of several files, or an unknown name in `only`.
    """
    if not definitions or any(each.document is not definitions[0].document for each in definitions):
        raise ValueError("harden takes the definitions of one file")
    unknown = [name for name in only if name not in GROUPS]
    if unknown:
        raise ValueError(f"no repair is named {unknown[0]!r}; there are {', '.join(GROUPS)}")
    codes = tuple(code for name in only for code in GROUPS[name])
    before = definitions[0].document
    current = list(definitions)
    repaired: list[Issue] = []
    for _ in range(_ROUNDS):
        report = check(current, catalogue=catalogue, select=codes) if codes else None
        chosen = _compatible(issue for issue in report.issues if issue.waived is None) if report is not None else []
        if not chosen:
            break
        document = _applied(current[0].document, [issue.fix for issue in chosen if issue.fix is not None])
        following = [moved for each in current if (moved := _moved(each, document)) is not None]
        if len(following) != len(current) or _errors(following, catalogue) > _errors(current, catalogue):
            break
        current = following
        repaired += chosen
    return Hardened(before=before, after=current[0].document, definitions=tuple(current), repaired=tuple(repaired))


def _compatible(issues: Iterable[Issue]) -> list[Issue]:
    """Choose fixes that touch different places."""
    chosen: list[Issue] = []
    taken: list[tuple[str, str]] = []
    for issue in issues:
        if issue.fix is None:
            continue
        places = [_place(change) for change in issue.fix.changes]
        if any(_meet(one, other) for one in places for other in taken):
            continue
        taken += places
        chosen.append(issue)
    return chosen


def _place(change: Change) -> tuple[str, str]:
    """Return (operation, the pointer of what is changed)."""
    if change.operation == "insert":
        key = str(change.key).replace("~", "~0").replace("/", "~1")
        return "insert", f"{change.pointer}/{key}"
    return change.operation, change.pointer


def _meet(one: tuple[str, str], other: tuple[str, str]) -> bool:
    mine, theirs = one[1], other[1]
    return mine == theirs or mine.startswith(f"{theirs}/") or theirs.startswith(f"{mine}/")


def _applied(document: Node, fixes: Iterable[Fix]) -> Node:
    edits = Edits(document)
    for fix in fixes:
        for change in fix.changes:
            if change.operation == "insert" and change.key is not None:
                edits.insert(change.pointer, change.key, change.value, before=change.before)
            elif change.operation == "remove":
                edits.remove(change.pointer)
            elif change.operation == "rename":
                edits.rename_key(change.pointer, str(change.value))
            else:
                edits.set(change.pointer, change.value)
    return edits.apply()


def _moved(definition: Definition, document: Node) -> Definition | None:
    """Return the same definition in the repaired file."""
    node = document.find(definition.node.pointer)
    return replace(definition, node=node, document=document) if node is not None else None


def _errors(definitions: Sequence[Definition], catalogue: Catalogue | None) -> int:
    return check(definitions, catalogue=catalogue).count("error")
