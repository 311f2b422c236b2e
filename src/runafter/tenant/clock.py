"""Clocks for the tenant: the running event loop's time, and one that tests turn by hand."""

from __future__ import annotations

import asyncio
import time

from runafter.connectors.instants import TICKS_PER_SECOND

UNIX_EPOCH_TICKS = 621_355_968_000_000_000
"""Ticks of 1970-01-01."""


class LoopClock:
    """The event loop's own time, from a start: real under a real loop, virtual under a virtual one."""

    def __init__(self, start_ticks: int | None = None) -> None:
        self._start = UNIX_EPOCH_TICKS + time.time_ns() // 100 if start_ticks is None else start_ticks
        self._zero: float | None = None

    def now_ticks(self) -> int:
        try:
            now = asyncio.get_running_loop().time()
        except RuntimeError:  # before there is a loop, as when a tenant is seeded
            return self._start
        if self._zero is None:
            self._zero = now
        return self._start + round((now - self._zero) * TICKS_PER_SECOND)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class ManualClock:
    """A clock that only moves when told, or by as much as somebody sleeps: for callers one after another."""

    def __init__(self, start_ticks: int = 638_000_000_000_000_000) -> None:
        self.ticks = start_ticks

    def now_ticks(self) -> int:
        return self.ticks

    def advance(self, seconds: float) -> None:
        self.ticks += round(seconds * TICKS_PER_SECOND)

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)
        await asyncio.sleep(0)
