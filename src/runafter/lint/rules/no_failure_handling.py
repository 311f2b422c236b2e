from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.handling import has_handling
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at


class NoFailureHandling(Rule):
    """Nothing in the flow runs when something goes wrong.

    Why: the run stops where it failed. What was written before stays, nobody is told, and the next run starts as if
    nothing had been.
    Instead: put the work into a scope, and a second scope behind it that runs after Failed and TimedOut: log, undo, tell,
    and end the run as Failed.
    Safe when: the caller sees the failure and repeats the whole call, and doing so does no harm.
    Source: Microsoft Learn, "Handle errors and exceptions in Azure Logic Apps" (scopes and their results).
    """

    code = "ERR001"
    family = "errors"

    def check(self, flow: Flow) -> Iterator[Issue]:
        changing = [(site, call) for site, call in flow.calling if call.kind not in {"read", "unknown"}]
        if not changing or has_handling(flow):
            return
        yield self.issue(
            flow,
            flow.root.get("actions"),
            f"no action runs after a failure; {len(changing)} of {len(flow.calling)} calls change something outside",
            actions=(),
            evidence=[at(f"{site.name!r} ({call.title})", site) for site, call in changing[:3]],
            hint="Put the work into a scope, and run a second scope after Failed and TimedOut of it.",
        )
