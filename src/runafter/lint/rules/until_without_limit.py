from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule


class UntilWithoutLimit(Rule):
    """An Until does not say how often and how long it may repeat.

    Why: it ends after sixty rounds or one hour, counts as done, and the flow goes on as if the condition were true.
    Instead: say `limit.count` and `limit.timeout`, and test the condition once more behind the loop.
    Safe when: reaching the limit is as good as meeting the condition.
    Source: Microsoft Learn, "Schema reference for trigger and action types" (Until: count 60, timeout PT1H).
    """

    code = "TMO003"
    severity = "note"
    family = "timeout"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for site in flow.sites:
            if site.folded != "until":
                continue
            missing = [name for name in ("count", "timeout") if site.part.at("limit", name) is None]
            if missing:
                yield self.issue(
                    flow,
                    site.part,
                    f"{site.name!r} does not say limit.{' and limit.'.join(missing)}; the platform stops it at 60 rounds "
                    "or one hour without a failure",
                    sites=(site,),
                )
