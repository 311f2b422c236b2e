"""Which actions of a row need each other: by what they read, by variables, by records, and by what may end a run.

What is not known counts as needed: an HTTP POST, a child flow, a stored
procedure and whatever waits keep their place in the row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from runafter.expressions.ast import Literal
from runafter.expressions.template import calls
from runafter.lint.analysis.reading import ACTION, actions_read, variable_writes, variables_read
from runafter.lint.effects import Call
from runafter.lint.flow import Flow
from runafter.program.outline import Site

_PLAIN = frozenset(
    ["compose", "parsejson", "query", "select", "table", "join", "scope", "foreach", "if", "switch", "setvariable",
     "appendtoarrayvariable", "appendtostringvariable", "incrementvariable", "decrementvariable"]
)  # fmt: skip
_KNOWN = frozenset({"read", "create", "update", "delete", "send"})


def row_from(first: Site) -> list[Site]:
    """Return an action and those behind it, as long as each alone waits for the success of the one before."""
    level, row = first.level, [first]
    while True:
        after = [each for each in level.sites.values() if row[-1].key in {name.casefold() for name in each.run_after}]
        if len(after) != 1 or after[0] in row or list(after[0].run_after.values()) != [("Succeeded",)]:
            return row
        row.append(after[0])


def needed(flow: Flow, row: Sequence[Site]) -> list[set[int]]:
    """Return for each action of a row which of those before it must have ended, the indirect ones left out."""
    parts = [_Part(flow, site) for site in row]
    all_of: list[set[int]] = []
    direct: list[set[int]] = []
    for index, part in enumerate(parts):
        before = {other for other in range(index) if part.needs(parts[other])}
        behind = {further for other in before for further in all_of[other]}
        all_of.append(before | behind)
        direct.append(before - behind)
    return direct


@dataclass
class _Part:
    """One action of a row, with all inside it."""

    flow: Flow
    site: Site

    @cached_property
    def inside(self) -> list[Site]:
        return [self.site, *self.flow.inside(self.site)]

    @cached_property
    def keys(self) -> set[str]:
        return {each.key for each in self.inside}

    @cached_property
    def calls(self) -> list[Call]:
        return [call for each in self.inside if (call := self.flow.call(each)) is not None]

    @cached_property
    def reads(self) -> set[str]:
        return actions_read(use.expression for each in self.inside for use in self.flow.uses_of(each))

    @cached_property
    def variables(self) -> tuple[set[str], set[str]]:
        """Names that are read, and names that are written."""
        written = {name for site, name, _ in variable_writes(self.flow, initial=True) if site.key in self.keys}
        return variables_read(use.expression for each in self.inside for use in self.flow.uses_of(each)), written

    @cached_property
    def keeps_its_place(self) -> bool:
        """True for what may end the run, waits, or does something unknown, and for names that are computed."""
        if any(each.folded not in _PLAIN and self.flow.call(each) is None for each in self.inside):
            return True
        if any(call.kind not in _KNOWN or call.waits for call in self.calls):
            return True
        return any(
            call.name.casefold() in ACTION | {"variables"} and not (call.arguments and isinstance(call.arguments[0], Literal))
            for each in self.inside
            for use in self.flow.uses_of(each)
            for call in calls(use.expression)
        )  # fmt: skip

    @property
    def checks(self) -> bool:
        """True for what may refuse the data: its failure keeps the writes behind it from being made."""
        return any(each.folded == "parsejson" for each in self.inside)

    def needs(self, other: _Part) -> bool:
        if self.keeps_its_place or other.keeps_its_place or self.reads & other.keys:
            return True
        reads, writes = self.variables
        read_before, written_before = other.variables
        if writes & (read_before | written_before) or reads & written_before:
            return True
        changing = [call for call in self.calls if call.writes]
        if changing and other.checks:
            return True
        if any(call.kind == "send" for call in changing) and any(call.writes for call in other.calls):
            return True  # what is told is told after what was done
        return _meet(self.calls, other.calls)


def _meet(mine: Iterable[Call], theirs: Iterable[Call]) -> bool:
    return any(
        one.api == other.api and (one.changes_data or other.changes_data) and _may_be_one(one, other)
        for one in mine
        for other in theirs
    )


def _may_be_one(one: Call, other: Call) -> bool:
    """Tell whether two calls of one connector may touch the same: unless both name a table, and another one."""
    if one.record is None or other.record is None or min(len(one.record.store), len(other.record.store)) < 2:
        return True
    return one.record.store == other.record.store or any("@" in each for each in one.record.store + other.record.store)
