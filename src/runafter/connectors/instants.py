"""Ticks (100 ns since 0001-01-01 UTC) to and from the texts that services write."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache

from runafter.values.time import Timestamp, round_trip

TICKS_PER_SECOND = 10_000_000
_EPOCH = datetime(1, 1, 1, tzinfo=UTC)


def moment(ticks: int) -> datetime:
    return _EPOCH + timedelta(microseconds=ticks // 10)


def ticks_of(value: datetime) -> int:
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    delta = aware - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * TICKS_PER_SECOND + delta.microseconds * 10


@lru_cache(maxsize=256)
def iso(ticks: int) -> str:
    """Return `2026-11-21T10:00:00Z`, whole seconds."""
    return f"{round_trip(Timestamp(ticks))[:19]}Z"


def iso_fraction(ticks: int) -> str:
    """Return `2026-11-21T10:00:00.0000000Z`, seven digits as most Microsoft services write."""
    return round_trip(Timestamp(ticks, "utc"))


def http_date(ticks: int) -> str:
    return format_datetime(moment(ticks).replace(microsecond=0), usegmt=True)


def parse_iso(text: str) -> int | None:
    """Return the ticks of an ISO time (UTC where no offset is said), None when it is none."""
    try:
        return ticks_of(datetime.fromisoformat(text.strip()))
    except ValueError:
        return None


def retry_after_s(text: str, now: int) -> float | None:
    """Return Retry-After in seconds from `now`, whether it is a number or an HTTP date; None when it is neither."""
    stripped = text.strip()
    try:
        seconds = float(stripped)
        return max(0.0, seconds) if math.isfinite(seconds) else None
    except ValueError:
        pass
    try:
        return max(0.0, (ticks_of(parsedate_to_datetime(stripped)) - now) / TICKS_PER_SECOND)
    except (TypeError, ValueError):
        return None
