"""Ticks to the platform's timestamps and back, as records and Wait need them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

TICKS_PER_SECOND = 10_000_000
_EPOCH = datetime(1, 1, 1, tzinfo=UTC)
_LAST_TICKS = 3_155_378_975_999_999_999


@lru_cache(maxsize=4096)
def timestamp(ticks: int) -> str:
    """Return `2026-11-21T10:00:00.0000000Z`, seven digits."""
    whole, fraction = divmod(min(max(ticks, 0), _LAST_TICKS), TICKS_PER_SECOND)
    return f"{(_EPOCH + timedelta(seconds=whole)).strftime('%Y-%m-%dT%H:%M:%S').rjust(19, '0')}.{fraction:07d}Z"


def ticks_of(text: str) -> int:
    """Return the ticks of an ISO timestamp; without offset it is UTC.

    Raises:
        ValueError: the text is no timestamp.
    """
    moment = datetime.fromisoformat(text.strip())
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    since = aware - _EPOCH
    return (since.days * 86_400 + since.seconds) * TICKS_PER_SECOND + since.microseconds * 10


def ticks(seconds: float) -> int:
    return round(seconds * TICKS_PER_SECOND)
