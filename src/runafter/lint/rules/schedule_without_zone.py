from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule
from runafter.program.part import Part


class ScheduleWithoutZone(Rule):
    """A schedule names hours and no time zone.

    Why: the hours are then UTC. For the people who wait for the flow it comes an hour earlier in winter than in summer.
    Instead: `timeZone` beside the hours.
    Safe when: UTC is meant.
    Source: Microsoft Learn, "Schedules for recurring triggers" (daylight saving time).
    """

    code = "TRG006"
    severity = "note"
    family = "trigger"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for trigger in flow.triggers:
            written = trigger.part.get("recurrence") if trigger.folded == "recurrence" else None
            hours = written.at("schedule", "hours") if written is not None else None
            if written is None or hours is None or not hours.value or written.text("timeZone"):
                continue
            if _is_every_hour(written, hours):
                continue
            if (
                (written.text("startTime") or "").rstrip().endswith(("Z", "z"))
                and isinstance(hours.value, list)
                and len(hours.value) > 4
            ):
                continue
            yield self.issue(
                flow, written, f"{trigger.name!r} names hours and no time zone: they are UTC", actions=(trigger.name,)
            )


def _is_every_hour(written: Part, hours: Part) -> bool:
    """Tell whether the schedule means each hour of each day, which is the same in every zone."""
    days = written.at("schedule", "weekDays") or written.at("schedule", "monthlyOccurrences")
    values = hours.value if isinstance(hours.value, list) else []
    return days is None and {str(value).zfill(2) for value in values} == {f"{hour:02}" for hour in range(24)}
