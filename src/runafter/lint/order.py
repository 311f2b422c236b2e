"""Which actions may run at the same time: from run-after edges, branches, loops and their concurrency."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from runafter.program.outline import Level, Site

_ALL = frozenset({"Succeeded", "Failed", "Skipped", "TimedOut"})
Ended = Mapping[str, frozenset[str]]
"""Folded sibling name -> the statuses it has in every run in which an action really runs."""


class Order:
    """Answers about one flow's actions; `repetitions` says how many iterations of a loop run at once."""

    def __init__(self, repetitions: Mapping[str, int]) -> None:
        self._repetitions = repetitions
        self._ended: dict[int, dict[str, Ended]] = {}

    def concurrent_loop(self, site: Site) -> Site | None:
        """Return the innermost Foreach around an action that runs several iterations at once."""
        return next((each for each in site.around() if self._repetitions.get(each.key, 1) > 1), None)

    def split(self, one: Site, other: Site) -> tuple[Site, Site] | None:
        """Return the two siblings at which the ways to two actions part; None where one contains the other
        or where they are in different branches of one condition.
        """
        for mine, theirs in zip(one.chain(), other.chain(), strict=False):
            if mine is theirs:
                continue
            return (mine, theirs) if mine.level is theirs.level else None
        return None

    def are_siblings_at_once(self, one: Site, other: Site) -> bool:
        """Tell whether two different actions may run at the same time within one iteration of what is around both."""
        parted = self.split(one, other)
        if parted is None:
            return False
        mine, theirs = parted
        level = mine.level
        if mine.key in level.ancestors(theirs.key) or theirs.key in level.ancestors(mine.key):
            return False
        return not (self.exclude_each_other(mine, theirs) or _are_opposed(one, other))

    def exclude_each_other(self, one: Site, other: Site) -> bool:
        """Tell whether two siblings never both run, since they wait for different ends of one action."""
        ended = self._of(one.level)
        mine, theirs = ended.get(one.key, {}), ended.get(other.key, {})
        return any(name in theirs and not (statuses & theirs[name]) for name, statuses in mine.items())

    def is_before(self, one: Site, other: Site) -> bool:
        """Tell whether `one` is settled whenever `other` starts, within one iteration."""
        parted = self.split(one, other)
        return parted is not None and parted[0].key in parted[1].level.ancestors(parted[1].key)

    def _of(self, level: Level) -> dict[str, Ended]:
        found = self._ended.get(id(level))
        if found is None:
            found = self._ended[id(level)] = _endings(level)
        return found


def _are_opposed(one: Site, other: Site) -> bool:
    """Tell whether two actions stand under conditions of which at most one holds: the same expression with then and
    else, or one value that is to equal two different literals. Conditions over variables may change in between.
    """
    return any(
        (mine.text == theirs.text and mine.branch != theirs.branch)
        or (mine.is_other_literal(theirs) and mine.branch == theirs.branch == "actions")
        for mine in _guards(one)
        for theirs in _guards(other)
    )


@dataclass(frozen=True, slots=True)
class _Guard:
    """A condition around an action, and the branch in which the action stands."""

    expression: Any
    branch: str

    @property
    def text(self) -> str:
        return repr(self.expression)

    def is_other_literal(self, other: _Guard) -> bool:
        mine, theirs = _equality(self.expression), _equality(other.expression)
        return mine is not None and theirs is not None and mine[0] == theirs[0] and mine[1] != theirs[1]


def _guards(site: Site) -> Iterator[_Guard]:
    for outer, inner in pairwise(site.chain()):
        expression = outer.part.get("expression") if outer.folded == "if" else None
        if expression is not None and "variables(" not in repr(expression.value):
            yield _Guard(expression.value, inner.level.branch[0])


def _equality(expression: Any) -> tuple[str, Any] | None:
    """Return (what, literal) of `{"equals": [what, literal]}`, also where it stands alone in an `and`."""
    if isinstance(expression, Mapping) and len(expression) == 1:
        (name, operands), *_ = expression.items()
        folded = str(name).casefold()
        if folded == "and" and isinstance(operands, list) and len(operands) == 1:
            return _equality(operands[0])
        if folded == "equals" and isinstance(operands, list) and len(operands) == 2:
            left, right = operands
            if isinstance(left, str) and left.startswith("@") and not (isinstance(right, str) and "@" in right):
                return left, (type(right).__name__, right)
    return None


def _endings(level: Level) -> dict[str, Ended]:
    found: dict[str, Ended] = {}
    for key in level.graph.topological_order():
        site = level.sites[key]
        known: dict[str, frozenset[str]] = {}
        for name, statuses in site.run_after.items():
            folded = name.casefold()
            if folded not in level.sites:
                continue
            wished = frozenset(statuses) & _ALL
            _narrow(known, folded, wished)
            if "Skipped" not in wished:
                for before, ends in found.get(folded, {}).items():
                    _narrow(known, before, ends)
        found[key] = known
    return found


def _narrow(known: dict[str, frozenset[str]], name: str, statuses: frozenset[str]) -> None:
    known[name] = known[name] & statuses if name in known else statuses
