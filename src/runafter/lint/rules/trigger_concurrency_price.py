from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule


class TriggerConcurrencyPrice(Rule):
    """The trigger limits how many runs are under way at once, which has three prices.

    Why: the setting cannot be switched off again without making the trigger anew; split-on takes 100 items at most where
    it took 100,000; and when the waiting runs are full, further events are late or lost.
    Instead: where no event may be lost, put a queue in front and let a second flow read it at its own pace.
    Safe when: events are far fewer than the runs allowed; waive with that reason.
    Source: Microsoft Learn, "Schema reference for trigger and action types" (Change trigger concurrency) and "Limits of
    automated, scheduled, and instant flows" ("To ensure all triggers result in flow runs, leave the setting off").
    """

    code = "TRG004"
    severity = "note"
    family = "trigger"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for trigger in flow.triggers:
            written = trigger.part.at("runtimeConfiguration", "concurrency")
            runs = written.get("runs") if written is not None else None
            if written is None or runs is None:
                continue
            waiting = written.get("maximumWaitingRuns")
            queue = waiting.value if waiting is not None else f"10 + {runs.value}"
            split = " split-on takes 100 items at most," if trigger.part.get("splitOn") is not None else ""
            yield self.issue(
                flow,
                written,
                f"{trigger.name!r} allows {runs.value} run{'' if runs.value == 1 else 's'} at once: this cannot be undone,{split} and events may be lost "
                f"when {queue} runs wait",
                actions=(trigger.name,),
                hint="Where no event may be lost, put a queue in front.",
            )
