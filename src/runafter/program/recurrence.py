"""Recurrence: at which moments a schedule fires.

Rules, from Microsoft Learn, "Schedules for recurring triggers" (read 2026-11):

* Slots are computed from `startTime`, also when it is past. Without it the
  schedule starts when the flow is switched on, and without a `schedule` part
  the first slot is then that very moment.
* Second, minute and hour steps are elapsed time; day, week and month steps are
  wall time in the time zone, so that 8 o'clock stays 8 o'clock when clocks change.
* `hours` without `minutes` fire at the minute of the start; `minutes` without
  `hours` at its hour. A wall time that a clock change skips moves on by the gap;
  one that it repeats fires once, the second time (standard time), as .NET reads it.
* A month step to a day that the month lacks takes the month's last day.
* No slot is later than `endTime` (WorkflowTriggerRecurrence of the REST API, "The end time", read 2026-11-21).

Times are ticks of 100 ns since 0001-01-01 UTC.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Literal

from runafter.values.wholes import whole
from runafter.values.zones import find_zone

Frequency = Literal["Second", "Minute", "Hour", "Day", "Week", "Month", "Year"]
_FREQUENCIES: dict[str, Frequency] = {
    "second": "Second",
    "minute": "Minute",
    "hour": "Hour",
    "day": "Day",
    "week": "Week",
    "month": "Month",
    "year": "Year",
}
_ELAPSED_S = {"Second": 1, "Minute": 60, "Hour": 3600}
_NOMINAL_S = {**_ELAPSED_S, "Day": 86_400, "Week": 604_800, "Month": 2_592_000, "Year": 31_536_000}
_LONGEST: dict[Frequency, int] = {
    "Month": 16,
    "Week": 71,
    "Day": 500,
    "Hour": 12_000,
    "Minute": 72_000,
    "Second": 9_999_999,
}
_WEEK_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_EPOCH = datetime(1, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_PERIODS_WITHOUT_SLOT = {"Second": 700_000, "Minute": 12_000}
_FEW_PERIODS = 1_000
"""A schedule that finds no slot in so many periods never fires (31 February)."""


class RecurrenceFault(ValueError):
    """A recurrence that the platform refuses; `field` is the key at fault."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrence:
    """A schedule. `start` and `end` are wall time in `time_zone`, or carry their own offset.

    `week_days` count from Monday = 0; `month_days` may be negative (-1 is the
    last day); `monthly_occurrences` are (week day or None for any day, n-th).
    """

    frequency: Frequency
    interval: int = 1
    start: datetime | None = None
    end: datetime | None = None
    time_zone: str | None = None
    hours: tuple[int, ...] = ()
    minutes: tuple[int, ...] = ()
    week_days: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    monthly_occurrences: tuple[tuple[int | None, int], ...] = ()

    @property
    def has_schedule(self) -> bool:
        return bool(self.hours or self.minutes or self.week_days or self.month_days or self.monthly_occurrences)

    @property
    def nominal_s(self) -> float:
        """The shortest usual time between two slots, in seconds; a month counts 30 days."""
        per_day = max(len(self.hours), 1) * max(len(self.minutes), 1)
        days = max(len(self.week_days), 1) * max(len(self.month_days) + len(self.monthly_occurrences), 1)
        return _NOMINAL_S[self.frequency] * self.interval / (per_day * days)


def parse_recurrence(value: Any) -> Recurrence:
    """Return the schedule that a `recurrence` object says.

    Raises:
        RecurrenceFault: an unknown frequency or zone, an interval outside the limits, a wrong schedule part.
    """
    if not isinstance(value, Mapping):
        raise RecurrenceFault("a recurrence is an object with 'frequency' and 'interval'")
    fields = {str(key).casefold(): item for key, item in value.items()}
    frequency = _FREQUENCIES.get(str(fields.get("frequency", "")).casefold())
    if frequency is None:
        raise RecurrenceFault(
            f"frequency {fields.get('frequency')!r} is not Second, Minute, Hour, Day, Week or Month", field="frequency"
        )
    interval = _whole(fields.get("interval", 1), "interval", 1, _LONGEST.get(frequency, 1_000))
    zone = fields.get("timezone")
    if zone is not None and (not isinstance(zone, str) or find_zone(zone) is None):
        raise RecurrenceFault(f"time zone {zone!r} is not known", field="timeZone")
    schedule = fields.get("schedule") or {}
    if not isinstance(schedule, Mapping):
        raise RecurrenceFault("'schedule' is an object", field="schedule")
    parts = {str(key).casefold(): item for key, item in schedule.items()}
    return Recurrence(
        frequency=frequency,
        interval=interval,
        start=_time(fields, "startTime"),
        end=_time(fields, "endTime"),
        time_zone=zone,
        hours=_wholes(parts.get("hours"), "hours", 0, 23),
        minutes=_wholes(parts.get("minutes"), "minutes", 0, 59),
        week_days=tuple(sorted({_week_day(day) for day in _list(parts.get("weekdays"))})),
        month_days=_wholes(parts.get("monthdays"), "monthDays", -31, 31),
        monthly_occurrences=tuple(_occurrence(item) for item in _list(parts.get("monthlyoccurrences"))),
    )


def next_slot(recurrence: Recurrence, after_ticks: int, started_ticks: int) -> int | None:
    """Return the first slot later than `after_ticks`, in ticks; None when the schedule never fires again.

    `started_ticks` is when the flow was switched on; it is the first slot of a
    schedule without `startTime` and without `schedule`. To get that one too,
    ask with `after_ticks = started_ticks - 1`.
    """
    zone = _zone(recurrence)
    started = _moment(started_ticks)
    start = recurrence.start
    base = started.astimezone(zone) if start is None else _placed(start, zone)
    floor = max(after_ticks, _ticks(base) - 1)
    if recurrence.start is None:
        floor = max(floor, started_ticks - 1)
    try:
        if recurrence.frequency in _ELAPSED_S and not recurrence.has_schedule:
            step = _ELAPSED_S[recurrence.frequency] * recurrence.interval * 10_000_000
            first = _ticks(base)
            slot: int | None = first + max(0, (floor - first) // step + 1) * step
        else:
            slot = _search(recurrence, base, floor, zone)
        is_over = slot is not None and recurrence.end is not None and slot > _ticks(_placed(recurrence.end, zone))
        return None if is_over else slot
    except OverflowError:
        return None


def _placed(written: datetime, zone: tzinfo) -> datetime:
    """Return a time as it stands in the zone: one without an offset is wall time there."""
    return _as_wall(written, zone) if written.tzinfo is None else written.astimezone(zone)


def slots(recurrence: Recurrence, after_ticks: int, until_ticks: int, started_ticks: int) -> Iterator[int]:
    """Yield every slot later than `after_ticks` and not later than `until_ticks`."""
    slot = next_slot(recurrence, after_ticks, started_ticks)
    while slot is not None and slot <= until_ticks:
        yield slot
        slot = next_slot(recurrence, slot, started_ticks)


def _search(recurrence: Recurrence, base: datetime, floor: int, zone: tzinfo) -> int | None:
    """Go through the periods (days, weeks, months, hours) from the one before `floor` on."""
    period = _PERIODS[recurrence.frequency]
    near = _moment(max(floor, _ticks(base))).astimezone(zone)
    first = max(0, period.count(base, near) // recurrence.interval - 1)
    for number in range(first, first + _PERIODS_WITHOUT_SLOT.get(recurrence.frequency, _FEW_PERIODS)):
        found = [
            ticks
            for wall in period.walls(recurrence, base, number * recurrence.interval)
            if (ticks := _ticks(_as_wall(wall, zone))) > floor
        ]
        if found:
            return min(found)
    return None


@dataclass(frozen=True, slots=True)
class _Period:
    """How a frequency counts its periods from the base, and the wall times in the n-th."""

    count: Callable[[datetime, datetime], int]
    walls: Callable[[Recurrence, datetime, int], Iterator[datetime]]


def _times(recurrence: Recurrence, base: datetime, day: date) -> Iterator[datetime]:
    on_time = not (recurrence.hours or recurrence.minutes)
    for hour in recurrence.hours or (base.hour,):
        for minute in recurrence.minutes or (base.minute,):
            # A part of the schedule names whole minutes; only the start itself keeps its seconds.
            seconds, micro = (base.second, base.microsecond) if on_time else (0, 0)
            yield datetime(day.year, day.month, day.day, hour, minute, seconds, micro)  # noqa: DTZ001  wall time


def _short_walls(recurrence: Recurrence, base: datetime, number: int) -> Iterator[datetime]:
    step = _ELAPSED_S[recurrence.frequency]
    wall = base.replace(tzinfo=None, fold=0) + timedelta(seconds=step * number)
    minutes = recurrence.minutes if recurrence.frequency == "Hour" else ()
    for minute in minutes or (wall.minute,):
        slot = wall.replace(minute=minute, second=0, microsecond=0) if minutes else wall
        if _day_fits(recurrence, slot.date()) and (not recurrence.hours or slot.hour in recurrence.hours):
            if minutes or not recurrence.minutes or slot.minute in recurrence.minutes:
                yield slot


def _day_walls(recurrence: Recurrence, base: datetime, number: int) -> Iterator[datetime]:
    day = base.date() + timedelta(days=number)
    if _day_fits(recurrence, day):
        yield from _times(recurrence, base, day)


def _week_walls(recurrence: Recurrence, base: datetime, number: int) -> Iterator[datetime]:
    sunday = _sunday(base.date()) + timedelta(weeks=number)
    for week_day in recurrence.week_days or (base.weekday(),):
        yield from _times(recurrence, base, sunday + timedelta(days=(week_day + 1) % 7))


def _month_walls(recurrence: Recurrence, base: datetime, number: int) -> Iterator[datetime]:
    year, month = divmod(base.year * 12 + base.month - 1 + number, 12)
    month += 1
    if year > 9999:
        raise OverflowError
    last = calendar.monthrange(year, month)[1]
    days: set[int] = set()
    for wished in recurrence.month_days:
        day = wished if wished > 0 else last + 1 + wished
        if 1 <= day <= last:
            days.add(day)
    for week_day, nth in recurrence.monthly_occurrences:
        fitting = [d for d in range(1, last + 1) if week_day is None or calendar.weekday(year, month, d) == week_day]
        index = nth - 1 if nth > 0 else nth
        if -len(fitting) <= index < len(fitting):
            days.add(fitting[index])
    if not (recurrence.month_days or recurrence.monthly_occurrences):
        days.add(min(base.day, last))
    for day in sorted(days):
        yield from _times(recurrence, base, date(year, month, day))


def _day_fits(recurrence: Recurrence, day: date) -> bool:
    return not recurrence.week_days or day.weekday() in recurrence.week_days


def _sunday(day: date) -> date:
    return day - timedelta(days=(day.weekday() + 1) % 7)


def _seconds_between(base: datetime, near: datetime) -> float:
    return (near.replace(tzinfo=None) - base.replace(tzinfo=None)).total_seconds()


_PERIODS: dict[Frequency, _Period] = {
    "Second": _Period(lambda base, near: int(_seconds_between(base, near)), _short_walls),
    "Minute": _Period(lambda base, near: int(_seconds_between(base, near) // 60), _short_walls),
    "Hour": _Period(lambda base, near: int(_seconds_between(base, near) // 3600), _short_walls),
    "Day": _Period(lambda base, near: (near.date() - base.date()).days, _day_walls),
    "Week": _Period(lambda base, near: (_sunday(near.date()) - _sunday(base.date())).days // 7, _week_walls),
    "Month": _Period(lambda base, near: (near.year - base.year) * 12 + near.month - base.month, _month_walls),
    "Year": _Period(
        lambda base, near: near.year - base.year, lambda rec, base, number: _month_walls(rec, base, number * 12)
    ),
}


def _zone(recurrence: Recurrence) -> tzinfo:
    zone = find_zone(recurrence.time_zone) if recurrence.time_zone else None
    return zone or UTC


def _as_wall(wall: datetime, zone: tzinfo) -> datetime:
    """Give a wall time its zone: the later of two equal ones, a skipped one moved on by the gap."""
    first, second = wall.replace(tzinfo=zone, fold=0), wall.replace(tzinfo=zone, fold=1)
    skipped = (first.utcoffset() or _TICK * 0) < (second.utcoffset() or _TICK * 0)
    return (first if skipped else second).astimezone(UTC).astimezone(zone)


def _ticks(moment: datetime) -> int:
    return (moment.astimezone(UTC) - _EPOCH) // _TICK * 10


def _moment(ticks: int) -> datetime:
    return _EPOCH + timedelta(microseconds=ticks // 10)


def _time(fields: Mapping[str, Any], name: str) -> datetime | None:
    value = fields.get(name.casefold())
    if value is None or value == "":
        return None
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise RecurrenceFault(f"{name} {value!r} is no ISO 8601 time", field=name) from None


def _whole(value: Any, name: str, low: int, high: int) -> int:
    value = whole(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise RecurrenceFault(f"'{name}' is {value!r}; a whole number from {low} to {high} is needed", field=name)
    return value


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _wholes(value: Any, name: str, low: int, high: int) -> tuple[int, ...]:
    return tuple(sorted({_whole(item, name, low, high) for item in _list(value)}))


def _week_day(value: Any) -> int:
    name = str(value).casefold()
    if name not in _WEEK_DAYS:
        raise RecurrenceFault(f"{value!r} is no English name of a week day", field="weekDays")
    return _WEEK_DAYS.index(name)


def _occurrence(value: Any) -> tuple[int | None, int]:
    if not isinstance(value, Mapping):
        raise RecurrenceFault("'monthlyOccurrences' holds objects", field="monthlyOccurrences")
    fields = {str(key).casefold(): item for key, item in value.items()}
    day = fields.get("dayofweek", fields.get("day"))
    nth = _whole(fields.get("occurrence"), "occurrence", -5, 5)
    if nth == 0:
        raise RecurrenceFault("'occurrence' is 1 to 5 or -5 to -1", field="monthlyOccurrences")
    return (None if str(day).casefold() == "day" else _week_day(day)), nth
