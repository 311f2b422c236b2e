from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule


class LoopConcurrencyByDialect(Rule):
    """A loop with calls leaves open how many iterations run at once.

    Why: without a setting Logic Apps runs twenty at once and Power Automate one. The same JSON behaves differently after
    a move, and most authors expect one after the other.
    Instead: say it: `runtimeConfiguration.concurrency.repetitions`, or `"operationOptions": "Sequential"`.
    Safe when: iterations share nothing and the order does not matter.
    Source: Microsoft Learn, "Limits and configuration reference for Azure Logic Apps" (for each: 20 by default).
    """

    code = "CON002"
    severity = "note"
    family = "loops"

    def check(self, flow: Flow) -> Iterator[Issue]:
        if flow.is_power_automate:
            return
        for site in flow.sites:
            if site.folded != "foreach" or flow.repetitions[site.key] < 2:
                continue
            if site.part.at("runtimeConfiguration", "concurrency", "repetitions") is not None:
                continue
            writes = [
                each for each in flow.inside(site) if (call := flow.call(each)) is not None and call.kind != "read"
            ]
            if writes:
                yield self.issue(
                    flow,
                    site.part,
                    f"{site.name!r} runs {flow.repetitions[site.key]} iterations at once by default, and "
                    f"{writes[0].name!r} runs in each",
                    sites=(site, writes[0]),
                )
