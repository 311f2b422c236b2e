from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.handling import is_handled
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule


class RetrySwitchedOff(Rule):
    """A call that may be repeated without harm has its retries switched off, and nothing handles its failure.

    Why: one 429 or 503 fails the whole run.
    Instead: keep a policy of some retries for reads and updates, or handle the failure.
    Safe when: another layer repeats the whole run.
    Source: Microsoft Learn, "Handle errors and exceptions in Azure Logic Apps".
    """

    code = "RTY005"
    family = "retry"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for site, call in flow.calling:
            policy = flow.retry_of(site)
            if policy is None or policy.kind != "none" or not call.is_idempotent or is_handled(site):
                continue
            yield self.issue(
                flow,
                site.part.at("inputs", "retryPolicy") or site.part,
                f"{site.name!r} never retries, may be repeated without harm, and nothing runs when it fails",
                sites=(site,),
            )
