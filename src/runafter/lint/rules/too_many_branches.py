from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule

LIMIT = 50


class TooManyBranches(Rule):
    """More than fifty actions may start at once.

    Why: about fifty actions of a run are under way together; the others wait, and the designer becomes unusable long
    before. What was meant to be at once is not.
    Instead: a loop over a list with a concurrency, or child flows.
    Safe when: most of the branches are conditions that end at once.
    Source: Microsoft Learn, "Limits and configuration reference for Azure Logic Apps" (concurrency).
    """

    code = "LIM001"
    family = "limits"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for level in {id(site.level): site.level for site in flow.sites}.values():
            by_depth: dict[int, list[str]] = {}
            for key, depth in level.graph.levels().items():
                by_depth.setdefault(depth, []).append(key)
            widest = max(by_depth.values(), key=len, default=[])
            if len(widest) > LIMIT:
                first = level.sites[widest[0]]
                yield self.issue(
                    flow, first.part, f"{len(widest)} actions beside {first.name!r} may start at once", sites=(first,)
                )
