from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.handling import BAD, has_handling, is_in_handler
from runafter.lint.analysis.tracing import traces_both_ways
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule


class NoTraceOfRuns(Rule):
    """A flow handles its failures, but no run leaves a trace that counts successes and failures alike.

    Why: without the successes nobody knows the rate of failures, and a flow that has stopped starting looks like one
    without failures.
    Instead: one row for each run, written after the work and its handler however they ended: flow, run, outcome, seconds.
    Safe when: the platform's own run history is collected by somebody else. A called flow that answers its caller either
    way is not reported.
    Source: Microsoft Learn, "Monitor and collect diagnostics data for workflows".
    """

    code = "MON001"
    severity = "note"
    family = "monitoring"

    def check(self, flow: Flow) -> Iterator[Issue]:
        if not has_handling(flow) or not any(call.writes for _, call in flow.calling):
            return
        if not any(is_in_handler(site) for site, _ in flow.calling):
            return
        for site in flow.outline.root.sites.values():
            entries = site.run_after.values()
            after_all = all(BAD & set(wished) for wished in entries) and any(
                "Succeeded" in wished for wished in entries
            )
            if after_all and any(flow.call(each) is not None for each in (site, *flow.inside(site))):
                return
        if traces_both_ways(flow) or _is_told_to_caller(flow):
            return
        yield self.issue(
            flow,
            flow.root.get("actions"),
            "failures are handled, but no action records how a run ended after success and failure alike",
        )


def _is_told_to_caller(flow: Flow) -> bool:
    """Tell whether a called flow answers its caller after success and failure alike, so that the caller can count."""
    if not all(trigger.folded == "request" for trigger in flow.triggers):
        return False
    answers = [site for site in flow.sites if site.folded == "response"]
    if any(BAD & set(wished) and "Succeeded" in wished for site in answers for wished in site.run_after.values()):
        return True
    return any(is_in_handler(site) for site in answers) and not all(is_in_handler(site) for site in answers)
