"""The machine's clock in the platform's unit."""

from __future__ import annotations

import time
from collections.abc import Callable

TICKS_PER_S = 10_000_000
_TICKS_AT_UNIX_EPOCH = 621_355_968_000_000_000

Clock = Callable[[], int]
"""Returns now in 100 ns ticks since 0001-01-01 UTC."""


def machine_clock() -> int:
    return time.time_ns() // 100 + _TICKS_AT_UNIX_EPOCH
