from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.reading import actions_read
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule


class FailureIgnored(Rule):
    """The flow goes on after a write whether it succeeded or not, and nothing looks at how it ended.

    Why: the run counts as Succeeded, and the record is missing.
    Instead: let the next action run after Succeeded, and a handler after Failed and TimedOut; or test
    `actions('Name')?['status']` behind it.
    Safe when: the call is optional and its failure is logged elsewhere; waive with that reason.
    Source: Microsoft Learn, "Handle errors and exceptions in Azure Logic Apps" (run after behaviour).
    """

    code = "ERR004"
    family = "errors"

    def check(self, flow: Flow) -> Iterator[Issue]:
        looked_at = actions_read(use.expression for use in flow.uses)
        everything = any(
            word in use.text for use in flow.uses for word in ("result(", "workflow()['run']", "@actions()")
        )
        for site, call in flow.calling:
            if not call.changes_data or site.key in looked_at or everything:
                continue
            after = [
                (other, set(statuses))
                for other in site.level.sites.values()
                for name, statuses in other.run_after.items()
                if name.casefold() == site.key
            ]
            if not after or not all({"Succeeded", "Failed"} <= statuses for _, statuses in after):
                continue
            yield self.issue(
                flow,
                site.part,
                f"{after[0][0].name!r} runs whether {site.name!r} ({call.title}) succeeded or failed, and nothing looks at "
                "how it ended",
                sites=(site, after[0][0]),
            )
