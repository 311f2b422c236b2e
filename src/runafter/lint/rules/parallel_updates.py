from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations

from runafter.lint.analysis.flowing import loop_of_item
from runafter.lint.analysis.locks import is_lease
from runafter.lint.effects import normal
from runafter.lint.finding import Issue, Remedy
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at
from runafter.program.outline import Site


class ParallelUpdates(Rule):
    """Two branches that run at the same time write one record.

    Two loops over one list, side by side, do so with every item of that list.

    Why: the last one wins, and where the connector sends whole records it also undoes what the other one wrote.
    Instead: one update with all fields after both branches.
    Safe when: both send different fields only, and the store merges them.
    Source: Microsoft Learn, "Optimistic concurrency" (lost updates).
    """

    code = "RAC007"
    family = "races"

    def check(self, flow: Flow) -> Iterator[Issue]:
        updates = [
            (s, c)
            for s, c in flow.calling
            if c.kind in {"update", "delete"} and c.record is not None and c.record.key and not is_lease(s)
        ]
        for (one, first), (other, second) in combinations(updates, 2):
            if (
                first.api == second.api
                and first.record is not None
                and second.record is not None
                and first.record.store == second.record.store
                and _source_of_items(flow, one, first.record.key) == _source_of_items(flow, other, second.record.key)
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


_ITEM = re.compile(r"\bitems?\((?:'([^']*)')?\)", re.IGNORECASE)


def _source_of_items(flow: Flow, site: Site, key: str | None) -> str | None:
    """Return a key as text in which the item of a loop is called by what the loop goes through, not by the loop."""

    def source(found: re.Match[str]) -> str:
        loop = loop_of_item(flow, site, found[1].casefold() if found[1] else None)
        through = loop.part.get("foreach") if loop is not None else None
        return f"items({normal(through.value)})" if through is not None else found[0]

    return _ITEM.sub(source, key) if key is not None else None
