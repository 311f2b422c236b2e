from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.counting import action_count
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at
from runafter.profiles.load import get_profile
from runafter.program.recurrence import RecurrenceFault, parse_recurrence

SHARE = 0.8


class QuotaNearlyUsed(Rule):
    """A schedule alone uses most of the day's requests.

    Why: each action that runs is a request. A flow every minute with five actions makes 7,200 a day, whether there is
    anything to do or not; beyond the quota the platform slows the flow down.
    Instead: an event instead of a schedule, a longer interval, or a condition that ends empty runs early.
    Safe when: the licence has a larger quota (40,000 or 250,000 a day).
    Source: Microsoft Learn, "Requests limits and allocations" (6,000, 40,000 and 250,000 in 24 hours).
    """

    code = "QUO001"
    severity = "note"
    family = "limits"

    def check(self, flow: Flow) -> Iterator[Issue]:
        if not flow.is_power_automate:
            return
        least, _ = action_count(flow.outline.root)
        quota = float(get_profile("power-automate-low").limit("requests_per_day"))
        for trigger in flow.triggers:
            written = trigger.part.get("recurrence") if trigger.folded == "recurrence" else None
            if written is None:
                continue
            try:
                every_s = parse_recurrence(written.value).nominal_s
            except RecurrenceFault:
                continue
            requests = 86_400 / every_s * least if every_s else 0
            if requests >= SHARE * quota:
                yield self.issue(
                    flow,
                    written,
                    f"{trigger.name!r} makes at least {requests:,.0f} requests a day: {86_400 / every_s:,.0f} runs of "
                    f"{least} actions, {100 * requests / quota:,.0f}% of the smallest quota",
                    actions=(trigger.name,),
                    evidence=[at(f"{least} actions run at least", flow.root)],
                )
