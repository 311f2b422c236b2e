"""Points in time as the language has them: 100 ns ticks since 0001-01-01 and a kind.

The kind says how the text told its zone. `utc` had a `Z` (or GMT) and keeps it;
`unspecified` had nothing and gets nothing; `offset` had an offset, was moved to
UTC and shows `+00:00`, because the platform's machines live in UTC.

Durations are ISO 8601: a year counts 365 days, a month 30.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple

Kind = Literal["utc", "unspecified", "offset"]

TICKS_PER_SECOND = 10_000_000
TICKS_PER_DAY = 864_000_000_000
MAX_TICKS = 3_155_378_975_999_999_999
_UNITS = {
    "second": TICKS_PER_SECOND,
    "minute": 60 * TICKS_PER_SECOND,
    "hour": 3_600 * TICKS_PER_SECOND,
    "day": TICKS_PER_DAY,
    "week": 7 * TICKS_PER_DAY,
}
_MONTH_UNITS = {"month": 1, "year": 12}
_SUFFIXES: dict[Kind, str] = {"utc": "Z", "unspecified": "", "offset": "+00:00"}


class OutOfRange(ValueError):
    """The time would lie outside the years 1 to 9999."""


class Timestamp(NamedTuple):
    """A wall-clock time and how its zone was told; `utc` and `offset` are UTC times."""

    ticks: int
    kind: Kind = "unspecified"


class Fields(NamedTuple):
    """The parts of a wall-clock time; `fraction` is in ticks, `weekday` counts from Sunday = 0."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    fraction: int
    weekday: int


@lru_cache(maxsize=1024)
def _calendar(days: int) -> tuple[int, int, int, int]:
    day = date.fromordinal(days + 1)
    return day.year, day.month, day.day, (days + 1) % 7


def fields(ticks: int) -> Fields:
    days, rest = divmod(ticks, TICKS_PER_DAY)
    year, month, day, weekday = _calendar(days)
    seconds, fraction = divmod(rest, TICKS_PER_SECOND)
    minutes, second = divmod(seconds, 60)
    return Fields(year, month, day, minutes // 60, minutes % 60, second, fraction, weekday)


def ticks_of(
    year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0, fraction: int = 0
) -> int:
    """Return the ticks of a wall-clock time.

    Raises:
        ValueError: there is no such time; 24:00 is none.
    """
    if not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60 and 0 <= fraction < TICKS_PER_SECOND):
        raise ValueError(f"{hour}:{minute}:{second} is no time of day")
    seconds = (date(year, month, day).toordinal() - 1) * 86_400 + hour * 3_600 + minute * 60 + second
    return seconds * TICKS_PER_SECOND + fraction


def round_trip(moment: Timestamp) -> str:
    """Return format `o`: seven fraction digits, and `Z`, nothing or `+00:00` by kind."""
    days, rest = divmod(moment.ticks, TICKS_PER_DAY)
    seconds, fraction = divmod(rest, TICKS_PER_SECOND)
    minutes, second = divmod(seconds, 60)
    return (
        f"{_iso_day(days)}T{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}.{fraction:07d}{_SUFFIXES[moment.kind]}"
    )


@lru_cache(maxsize=1024)
def _iso_day(days: int) -> str:
    return date.fromordinal(days + 1).isoformat()


def shift(moment: Timestamp, ticks: int) -> Timestamp:
    """Return the time that many ticks later, of the same kind.

    Raises:
        OutOfRange: before year 1 or after year 9999.
    """
    moved = moment.ticks + ticks
    if not 0 <= moved <= MAX_TICKS:
        raise OutOfRange("the time lies outside the years 1 to 9999")
    return Timestamp(moved, moment.kind)


def add(moment: Timestamp, count: int, unit: str) -> Timestamp:
    """Add `count` of a unit: Second, Minute, Hour, Day, Week, Month or Year, in any case.

    A month or year that is too short for the day gets its last day.

    Raises:
        OutOfRange: the result lies outside the years 1 to 9999.
        KeyError: the unit is unknown; plurals are.
    """
    name = unit.lower()
    if name in _MONTH_UNITS:
        return add_months(moment, count * _MONTH_UNITS[name])
    return shift(moment, count * _UNITS[name])


def is_unit(unit: str) -> bool:
    return unit.lower() in _UNITS or unit.lower() in _MONTH_UNITS


def add_months(moment: Timestamp, months: int) -> Timestamp:
    days, rest = divmod(moment.ticks, TICKS_PER_DAY)
    year, month, day, _ = _calendar(days)
    years, index = divmod(year * 12 + month - 1 + months, 12)
    if not 1 <= years <= 9999:
        raise OutOfRange("the time lies outside the years 1 to 9999")
    last = days_in_month(years, index + 1)
    ordinal = date(years, index + 1, min(day, last)).toordinal() - 1
    return Timestamp(ordinal * TICKS_PER_DAY + rest, moment.kind)


def days_in_month(year: int, month: int) -> int:
    if month == 12:
        return 31
    return (date(year, month + 1, 1) - timedelta(days=1)).day


def start_of_day(moment: Timestamp) -> Timestamp:
    return Timestamp(moment.ticks - moment.ticks % TICKS_PER_DAY, moment.kind)


def start_of_hour(moment: Timestamp) -> Timestamp:
    return Timestamp(moment.ticks - moment.ticks % _UNITS["hour"], moment.kind)


def start_of_month(moment: Timestamp) -> Timestamp:
    days = moment.ticks // TICKS_PER_DAY
    return Timestamp((days - _calendar(days)[2] + 1) * TICKS_PER_DAY, moment.kind)


def day_of_year(moment: Timestamp) -> int:
    day = date.fromordinal(moment.ticks // TICKS_PER_DAY + 1)
    return day.timetuple().tm_yday


def span_text(ticks: int) -> str:
    """Return a span as .NET writes one: `[-][d.]hh:mm:ss[.fffffff]`."""
    days, rest = divmod(abs(ticks), TICKS_PER_DAY)
    seconds, fraction = divmod(rest, TICKS_PER_SECOND)
    minutes, second = divmod(seconds, 60)
    day = f"{days}." if days else ""
    text = f"{'-' if ticks < 0 else ''}{day}{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}"
    return f"{text}.{fraction:07d}" if fraction else text


_ISO = re.compile(
    r"\s*+([0-9]{4})-([0-9]{2})(?:-([0-9]{2})(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?"
    r"(?:\s*+(Z|[+-][0-9]{2}:?[0-9]{2}))?)?)?\s*+",
    re.IGNORECASE,
)


def parse_iso(text: str) -> Timestamp | None:
    """Return the time of an ISO 8601 text, None where the text has another form.

    Fractions are rounded to ticks. An offset moves the time to UTC.

    Raises:
        ValueError: the form is ISO's, but there is no such time.
    """
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    ticks = ticks_of(int(year), int(month), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0))
    moment = Timestamp(ticks + fraction_ticks(fraction or ""))
    return in_zone(moment, zone) if zone else moment


def fraction_ticks(digits: str) -> int:
    """Return the ticks of the digits behind a second's point, the eighth digit rounded half to even."""
    if len(digits) <= 7:
        return int(digits.ljust(7, "0"))
    kept = digits[:30]
    whole, rest = int(kept[:7]), kept[7:]
    half = "5".ljust(len(rest), "0")
    return whole + 1 if rest > half or (rest == half and whole % 2) else whole


def in_zone(moment: Timestamp, zone: str) -> Timestamp:
    """Return a wall-clock time told with `Z`, `GMT` or an offset such as `+05:30`, as a UTC time.

    Raises:
        ValueError: the offset is more than 14 hours, or the UTC time out of range.
    """
    if zone[0] not in "+-":
        return Timestamp(moment.ticks, "utc")
    hours, _, minutes = zone[1:].partition(":")
    if not minutes and len(hours) > 2:
        hours, minutes = hours[:-2], hours[-2:]
    offset = int(hours) * 60 + int(minutes or 0)
    if offset > 14 * 60 or int(minutes or 0) > 59:
        raise ValueError(f"{zone!r} is no offset from UTC")
    signed = offset if zone[0] == "+" else -offset
    return Timestamp(shift(moment, -signed * _UNITS["minute"]).ticks, "offset")


_DURATION = re.compile(
    r"(?P<sign>-)?P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?P<time>T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?",
    re.ASCII,
)
_DURATION_UNITS = {
    "years": 31_536_000,
    "months": 2_592_000,
    "weeks": 604_800,
    "days": 86_400,
    "hours": 3_600,
    "minutes": 60,
    "seconds": 1,
}


def duration_s(text: str) -> float:
    """Return the seconds of an ISO 8601 duration such as `PT5S`, `P1D`, `PT0.5S`; a year counts 365 days, a month 30.

    Raises:
        ValueError: the text is no duration.
    """
    match = _DURATION.fullmatch(text.strip().upper())
    found = {name: match[name] for name in _DURATION_UNITS if match[name] is not None} if match else {}
    if match is None or not found or match["time"] == "T":
        raise ValueError(f"{text!r} is no ISO 8601 duration such as 'PT30S', 'PT1H30M' or 'P1D'")
    seconds = float(sum(_DURATION_UNITS[name] * float(value) for name, value in found.items()))
    if seconds * TICKS_PER_SECOND > MAX_TICKS:
        raise ValueError(f"{text[:40]!r} is longer than all of time until the year 9999")
    return -seconds if match["sign"] else seconds


def duration_text(seconds: float) -> str:
    """Return the shortest ISO 8601 duration of seconds, to seven fraction digits: `PT1M30S`, `P1D`, `PT0S`."""
    whole, fraction = divmod(round(abs(seconds) * TICKS_PER_SECOND), TICKS_PER_SECOND)
    days, rest = divmod(whole, 86_400)
    minutes, second = divmod(rest, 60)
    hours, minute = divmod(minutes, 60)
    last = f"{second}.{fraction:07d}".rstrip("0") if fraction else str(second)
    parts = [(str(hours), "H"), (str(minute), "M"), (last, "S")]
    time = "".join(value + unit for value, unit in parts if value != "0")
    if not days and not time:
        return "PT0S"
    return f"{'-' if seconds < 0 else ''}P{f'{days}D' if days else ''}{'T' + time if time else ''}"
