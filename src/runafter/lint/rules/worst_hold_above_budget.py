from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.holding import hold_s
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at
from runafter.program.outline import Site

BUDGET_S = 3_600.0


class WorstHoldAboveBudget(Rule):
    """One failing call can hold the run for more than an hour.

    Why: every attempt may take its whole time limit, and every wait its longest: time limit x attempts + waits. All
    that waits for the call waits with it, and a webhook caller or a lease does not.
    Instead: fewer retries, a `maximumInterval`, a `limit.timeout` on the call.
    Safe when: nothing waits for the flow; waive with that reason.
    Source: Microsoft Learn, "Limits of automated, scheduled, and instant flows" (retry policy, outbound time-out).
    """

    code = "RTY002"
    severity = "note"
    family = "retry"

    def check(self, flow: Flow) -> Iterator[Issue]:
        by_default: list[tuple[Site, float]] = []
        for site, call in flow.calling:
            policy = flow.retry_of(site)
            if policy is None or call.waits:
                continue
            hold = hold_s(flow, site)
            if hold <= BUDGET_S:
                continue
            if policy.is_default:
                by_default.append((site, hold))
                continue
            yield self.issue(
                flow,
                site.part,
                f"{site.name!r} can hold the run for {hold / 60:,.0f} minutes: {policy.count + 1} attempts and their waits",
                sites=(site,),
                severity="warning",
            )
        if by_default:
            first, hold = by_default[0]
            more = f" and {len(by_default) - 1} more" if len(by_default) > 1 else ""
            each = " each" if more else ""
            yield self.issue(
                flow,
                first.part,
                f"{first.name!r}{more} can hold the run for {hold / 60:,.0f} minutes{each} by the default retry policy",
                sites=(first,),
                evidence=[at(f"{site.name!r} keeps the default policy", site) for site, _ in by_default[:5]],
                hint="Say the retry policy, and bound the longest wait.",
            )
