"""Which actions may run at the same time: from run-after edges, branches, loops and their concurrency."""

from __future__ import annotations

from collections.abc import Mapping

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
        return not self.exclude_each_other(mine, theirs)

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
