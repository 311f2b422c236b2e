from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from runafter.lint.finding import Issue, Remedy
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at


class ParallelUpdates(Rule):
    """Two branches that run at the same time write one record.

    Why: the last one wins, and where the connector sends whole records it also undoes what the other one wrote.
    Instead: one update with all fields after both branches.
    Safe when: both send different fields only, and the store merges them.
    Source: Microsoft Learn, "Optimistic concurrency" (lost updates).
    """

    code = "RAC007"
    family = "races"

    def check(self, flow: Flow) -> Iterator[Issue]:
        updates = [
            (s, c) for s, c in flow.calling if c.kind in {"update", "delete"} and c.record is not None and c.record.key
        ]
        for (one, first), (other, second) in combinations(updates, 2):
            if (
                first.api == second.api
                and first.record == second.record
                and flow.order.are_siblings_at_once(one, other)
            ):
                yield self.issue(
                    flow,
                    other.part,
                    f"{one.name!r} and {other.name!r} write the same record at the same time",
                    sites=(other, one),
                    evidence=[at(f"{one.name!r} writes it too", one)],
                    remedies=[
                        Remedy(text="one update after both branches", cost="no cost"),
                        Remedy(text="one after the other", cost="time"),
                    ],
                )
