"""Ticks as the platform's records write them."""

from __future__ import annotations

from functools import lru_cache

from runafter.values.time import MAX_TICKS, TICKS_PER_SECOND, Timestamp, round_trip


@lru_cache(maxsize=4096)
def timestamp(ticks: int) -> str:
    """Return `2026-11-21T10:00:00.0000000Z`."""
    return round_trip(Timestamp(min(max(ticks, 0), MAX_TICKS), "utc"))


def ticks(seconds: float) -> int:
    """Return seconds as ticks; more than all of time is the end of it."""
    return round(min(seconds, MAX_TICKS / TICKS_PER_SECOND) * TICKS_PER_SECOND)
