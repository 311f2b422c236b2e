from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from runafter.lint.analysis.reading import is_same_constant, variable_writes
from runafter.lint.finding import Issue, Remedy
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at


class VariableInParallelBranches(Rule):
    """Two branches that run at the same time change one variable.

    Why: which branch comes last differs from run to run, and the last one wins. Appends both survive, in either order.
    Instead: give each branch a variable or a Compose of its own and join them after both.
    Safe when: the branches never both run, which conditions or run-after statuses must say.
    Source: Microsoft Learn, "Store and manage values by using variables" (variables are global to the run).
    """

    code = "RAC004"
    family = "races"

    def check(self, flow: Flow) -> Iterator[Issue]:
        writes = variable_writes(flow)
        told: set[tuple[str, str, str]] = set()
        for (one, variable, first), (other, also, second) in combinations(writes, 2):
            if variable != also or not flow.order.are_siblings_at_once(one, other):
                continue
            parted = flow.order.split(one, other)
            if parted is None or is_same_constant(one, other):
                continue
            mark = (variable, parted[0].key, parted[1].key)
            if mark in told:
                continue
            told.add(mark)
            name = other.part.at("inputs", "name")
            appends = first == second == "append"
            what = "append to" if appends else "change"
            tail = "in an order that differs from run to run" if appends else "and the last one wins"
            yield self.issue(
                flow,
                other.part,
                f"{one.name!r} and {other.name!r} {what} the variable {name.value if name else variable!r} "
                f"at the same time, {tail}",
                sites=(other, one),
                evidence=[at(f"{one.name!r} may run at the same time", one)],
                remedies=[
                    Remedy(text="a Compose in each branch, joined after both", cost="one action more"),
                    Remedy(text="one branch runs after the other", cost="time"),
                ],
                severity="note" if appends else "warning",
            )
