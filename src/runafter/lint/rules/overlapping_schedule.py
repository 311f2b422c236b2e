from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.starting import concurrency
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule
from runafter.program.recurrence import RecurrenceFault, parse_recurrence

SHORT_S = 300.0


class OverlappingSchedule(Rule):
    """A schedule starts the flow every few minutes, the flow may take longer, and nothing keeps two runs apart.

    Why: the second run reads the same rows before the first one has marked them, and everything is done twice.
    Instead: trigger concurrency 1 (or SingleInstance), or mark rows before working on them.
    Safe when: a run always ends before the next one starts.
    Source: Microsoft Learn, "Schema reference for trigger and action types" (concurrency, SingleInstance).
    """

    code = "TRG007"
    severity = "note"
    family = "trigger"

    def check(self, flow: Flow) -> Iterator[Issue]:
        slow = next(
            (
                site
                for site in flow.sites
                if site.folded in {"foreach", "until", "wait"}
                and (site.folded == "wait" or any(True for _ in flow.inside(site)))
            ),
            None,
        )
        if slow is None or not any(call.changes_data for _, call in flow.calling):
            return
        for trigger in flow.triggers:
            written = trigger.part.get("recurrence") if trigger.folded == "recurrence" else None
            if written is None or concurrency(flow, trigger) is not None:
                continue
            try:
                every_s = parse_recurrence(written.value).nominal_s
            except RecurrenceFault:
                continue
            if every_s <= SHORT_S:
                yield self.issue(
                    flow,
                    written,
                    f"{trigger.name!r} starts a run every {every_s:g} seconds, and {slow.name!r} may take longer",
                    actions=(trigger.name, slow.name),
                )
