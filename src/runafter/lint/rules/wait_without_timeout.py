from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.handling import handlers_of
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule


class WaitWithoutTimeout(Rule):
    """An approval, card or webhook is waited for without a time limit or without anything that runs when it passes.

    Why: the one who should answer is on holiday. The run waits until the platform ends it (thirty days in Power
    Automate), and what it was about dies with it, unseen.
    Instead: `limit.timeout` with the days you grant, and an action that runs after TimedOut: remind, escalate, log.
    Safe when: nobody minds if no answer ever comes.
    Source: Microsoft Learn, "Limits of automated, scheduled, and instant flows" (run duration 30 days).
    """

    code = "TMO002"
    family = "timeout"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for site, call in flow.calling:
            if not call.waits:
                continue
            handled = any(
                "TimedOut" in statuses
                for each in site.chain()
                for other in handlers_of(each)
                for statuses in other.run_after.values()
            )
            limited = site.part.at("limit", "timeout") is not None
            if limited and handled:
                continue
            said = "waits without a time limit" if not limited else "has a time limit, but nothing runs after TimedOut"
            yield self.issue(flow, site.part, f"{site.name!r} ({call.title}) {said}", sites=(site,))
