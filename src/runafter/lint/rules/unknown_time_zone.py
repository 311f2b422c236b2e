from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.reading import is_from_template
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule
from runafter.values.zones import find_zone


class UnknownTimeZone(Rule):
    """A schedule's time zone has a name that the platform does not take.

    Why: schedules take the names of Windows, such as `W. Europe Standard Time`. With another name the flow is refused, or
    its hours are UTC.
    Instead: the Windows name of the zone.
    Safe when: never.
    Source: Microsoft Learn, "Schedules for recurring triggers" (time zones); naoto256/logicapps-lint, README (names of
    zones), read 2026-11-21.
    """

    code = "TRG008"
    severity = "warning"
    family = "trigger"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for trigger in flow.triggers:
            zone = trigger.part.at("recurrence", "timeZone")
            if (
                zone is None
                or not isinstance(zone.value, str)
                or not zone.value
                or zone.value.startswith("@")
                or is_from_template(zone)
            ):
                continue
            if find_zone(zone.value) is None:
                yield self.issue(flow, zone, f"no time zone is named {zone.value!r}", actions=(trigger.name,))
            elif "/" in zone.value:
                yield self.issue(
                    flow,
                    zone,
                    f"{zone.value!r} is an IANA name; schedules take the names of Windows",
                    actions=(trigger.name,),
                )
