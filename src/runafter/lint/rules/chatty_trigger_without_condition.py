from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.starting import fires_on_change, has_filter
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule


class ChattyTriggerWithoutCondition(Rule):
    """Every edit of a record starts the flow: the trigger has no condition.

    Why: a run for each typo corrected, and for each edit that the flow makes itself. Runs, requests and money go into
    runs that find nothing to do.
    Instead: a trigger condition on the field that matters, or the connector's own filter (filtering columns, a view).
    Safe when: every edit really needs work.
    Source: Microsoft Learn, "Customize your triggers with conditions".
    """

    code = "TRG003"
    family = "trigger"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for trigger in flow.triggers:
            if fires_on_change(trigger) and not has_filter(trigger):
                yield self.issue(
                    flow,
                    trigger.part,
                    f"every edit starts {trigger.name!r}: it has no condition and no filter",
                    actions=(trigger.name,),
                    hint="Add 'conditions' to the trigger, for instance on the status that needs work.",
                )
