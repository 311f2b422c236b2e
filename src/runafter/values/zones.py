"""Time zones by their Windows names, and by their IANA names where the platform's engine takes those.

Windows names go through CLDR's table (tzlocal carries it, 142 names) and are
compared without regard to case; IANA names are taken as spelled. The rules
come from the `tzdata` wheel or the machine, whatever `zoneinfo` finds first.
Both are imported when a zone is first asked for.

A wall-clock time that occurs twice is the later one, in standard time, as .NET
reads it; one that a clock skips does not exist. Where a zone's offset would lead out
of the years 1 to 9999, the first or last tick stands, as in .NET.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from runafter.values.time import MAX_TICKS, TICKS_PER_SECOND, Timestamp

if TYPE_CHECKING:
    from datetime import tzinfo

_EPOCH = datetime(1, 1, 1)  # noqa: DTZ001 - a wall clock has no zone
_UTC_NAMES = frozenset({"utc", "coordinated universal time"})
_FIXED = re.compile(r"(?:EST|MST|HST|Etc/.*)")


class UnknownZone(ValueError):
    """No time zone has this name."""


class SkippedTime(ValueError):
    """The clock of the zone jumps over this time."""


@lru_cache(maxsize=512)
def find_zone(name: str) -> tzinfo | None:
    """Return the zone of a Windows or IANA name, None where nobody knows it."""
    if name.lower() in _UTC_NAMES:
        return UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    iana = _windows_names().get(name.lower(), name)
    if not iana or iana.startswith("/") or ".." in iana:
        return None
    try:
        return ZoneInfo(iana)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


@lru_cache(maxsize=1)
def _windows_names() -> dict[str, str]:
    from tzlocal.windows_tz import win_tz

    return {name.lower(): iana for name, iana in win_tz.items()}


def zone(name: str) -> tzinfo:
    """Return the zone of a name.

    Raises:
        UnknownZone: nobody knows the name.
    """
    found = find_zone(name)
    if found is None:
        raise UnknownZone(name)
    return found


def is_utc(name: str) -> bool:
    return find_zone(name) is UTC


def display_name(name: str) -> str:
    """Return how the measured engine shows a zone: `(UTC-08:00) GMT`, `(UTC-05:00) GMT-05:00` for a fixed one."""
    found = zone(name)
    if found is UTC:
        return "(UTC) Coordinated Universal Time"
    minutes = _standard_minutes(found)
    offset = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    return f"(UTC{offset}) GMT{offset if _FIXED.fullmatch(name) and minutes else ''}"


def _standard_minutes(found: tzinfo) -> int:
    """Return the zone's standard offset of late, in minutes."""
    for month in (1, 7):
        moment = datetime(2026, month, 1, tzinfo=found)
        if not moment.dst():
            break
    return round((moment.utcoffset() or timedelta()).total_seconds() / 60)


def from_utc(moment: Timestamp, name: str) -> Timestamp:
    """Return what a clock in the zone shows at a UTC time; `utc` where the zone is UTC, else `unspecified`."""
    found = zone(name)
    if found is UTC:
        return Timestamp(moment.ticks, "utc")
    at = (_EPOCH + timedelta(seconds=moment.ticks // TICKS_PER_SECOND)).replace(tzinfo=UTC)
    try:
        offset = at.astimezone(found).utcoffset()
    except OverflowError:
        offset = at.replace(tzinfo=found).utcoffset()
    return Timestamp(_within(moment.ticks + _ticks(offset)))


def to_utc(moment: Timestamp, name: str, *, strict: bool = False) -> Timestamp:
    """Return the UTC time at which a clock in the zone shows this.

    Raises:
        SkippedTime: the clock never shows it, and `strict` asks; otherwise the
            offset before the jump counts.
    """
    found = zone(name)
    if found is UTC:
        return Timestamp(moment.ticks, "utc")
    wall = (_EPOCH + timedelta(seconds=moment.ticks // TICKS_PER_SECOND)).replace(tzinfo=found)
    before, after = wall.utcoffset(), wall.replace(fold=1).utcoffset()
    skipped = _ticks(before) < _ticks(after)
    if skipped and strict:
        raise SkippedTime("the clock jumps over this time")
    offset = before if skipped else after
    return Timestamp(_within(moment.ticks - _ticks(offset)), "utc")


def _within(ticks: int) -> int:
    return min(max(ticks, 0), MAX_TICKS)


def _ticks(offset: timedelta | None) -> int:
    return round((offset or timedelta()).total_seconds()) * TICKS_PER_SECOND
