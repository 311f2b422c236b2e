from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at


class TerminateBesideWork(Rule):
    """A branch ends the run while a branch beside it may be in the middle of a change.

    Why: Terminate cancels everything that is under way. What the other branch has half done stays half done, and its
    handlers do not run.
    Instead: let both branches join first, and end the run behind the join.
    Safe when: the other branch only reads.
    Source: Microsoft Learn, "Schema reference for trigger and action types" (Terminate cancels any actions in progress).
    """

    code = "STR013"
    family = "structure"

    def check(self, flow: Flow) -> Iterator[Issue]:
        writes = [(site, call) for site, call in flow.calling if call.changes_data or call.waits]
        for site in flow.sites:
            if site.folded != "terminate":
                continue
            for other, call in writes:
                if flow.order.are_siblings_at_once(site, other):
                    yield self.issue(
                        flow,
                        site.part,
                        f"{site.name!r} may end the run while {other.name!r} ({call.title}) is under way",
                        sites=(site, other),
                        evidence=[at(f"{other.name!r} may run at the same time", other)],
                    )
                    break
