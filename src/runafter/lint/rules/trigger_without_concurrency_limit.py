from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.starting import concurrency, is_event
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule


class TriggerWithoutConcurrencyLimit(Rule):
    """Events start any number of runs at once, and the runs change data.

    Why: an import of two thousand items starts two thousand runs. They meet the connector's limits together and each other's
    records in the middle of a change.
    Instead: limit the runs at once, or put a queue between; read TRG004 for what the limit costs.
    Safe when: events are rare, or runs touch nothing in common.
    Source: Microsoft Learn, "Schema reference for trigger and action types" (runtimeConfiguration.concurrency.runs).
    """

    code = "TRG001"
    severity = "note"
    family = "trigger"

    def check(self, flow: Flow) -> Iterator[Issue]:
        changing = [(site, call) for site, call in flow.calling if call.changes_data]
        if not changing:
            return
        for trigger in flow.triggers:
            if is_event(trigger) and concurrency(flow, trigger) is None:
                yield self.issue(
                    flow,
                    trigger.part,
                    f"{trigger.name!r} starts any number of runs at once, and {changing[0][0].name!r} changes data",
                    actions=(trigger.name,),
                )
