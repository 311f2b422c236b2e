"""Fixes become edits: which of them go together, and the document that they give."""

from __future__ import annotations

from collections.abc import Iterable

from runafter.definition.edit import Edits
from runafter.definition.nodes import Node
from runafter.lint.finding import Change, Fix, Issue


def compatible(issues: Iterable[Issue]) -> list[Issue]:
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


def applied(document: Node, fixes: Iterable[Fix]) -> Node | None:
    """Return the document with fixes made; moves go first, since what is moved may be edited too.

    None where two changes meet in one place.
    """
    changes = [change for fix in fixes for change in fix.changes]
    try:
        for each in (change for change in changes if change.operation == "move"):
            edits = Edits(document)
            edits.move(each.pointer, str(each.before))
            document = edits.apply()
        edits = Edits(document)
        for change in sorted(changes, key=lambda change: change.operation != "wrap"):
            _make(edits, change)
        return edits.apply()
    except ValueError:
        return None


def _make(edits: Edits, change: Change) -> None:
    if change.operation == "insert" and change.key is not None:
        edits.insert(change.pointer, change.key, change.value, before=change.before)
    elif change.operation == "remove":
        edits.remove(change.pointer)
    elif change.operation == "rename":
        edits.rename_key(change.pointer, str(change.value))
    elif change.operation == "wrap":
        members = [below(change.pointer, name) for name in change.members]
        edits.wrap(members, str(change.key), change.value, "actions")
    elif change.operation == "set":
        edits.set(change.pointer, change.value)


def below(pointer: str, key: str) -> str:
    """Return the pointer of a member."""
    return f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"


def _place(change: Change) -> tuple[str, str]:
    """Return (operation, the pointer of what is changed)."""
    if change.operation == "insert":
        return "insert", below(change.pointer, str(change.key))
    return change.operation, change.pointer


def _meet(one: tuple[str, str], other: tuple[str, str]) -> bool:
    mine, theirs = one[1], other[1]
    return mine == theirs or mine.startswith(f"{theirs}/") or theirs.startswith(f"{mine}/")
