"""Rate limits as small machines over a given `now`, and a limiter that waits by an injected clock.

The same machines refuse calls in the emulated tenant and hold them back in
front of a real service. A refused call counts where the service says so.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Protocol

from runafter.connectors.instants import TICKS_PER_SECOND
from runafter.connectors.manifest import Throttle
from runafter.connectors.spec import Clock


class Meter(Protocol):
    """One limit's state. Times are seconds on one steady scale."""

    def wait_s(self, now: float) -> float:
        """Return 0 when a call may start now, else the seconds until one may."""
        ...

    def start(self, now: float) -> None:
        """Count a call that starts."""
        ...

    def refuse(self, now: float) -> None:
        """Count a call that was not let in, where the service counts those."""
        ...

    def finish(self, now: float, spent_s: float) -> None:
        """Count the end of a call that took `spent_s` of service time."""
        ...


class SlidingWindow:
    """At most `limit` starts in any half-open window `(now - window_s, now]`."""

    def __init__(self, limit: float, window_s: float) -> None:
        self.limit = int(limit)
        self.window_s = window_s
        self._starts: deque[float] = deque()

    def wait_s(self, now: float) -> float:
        while self._starts and self._starts[0] <= now - self.window_s:
            self._starts.popleft()
        if len(self._starts) < self.limit:
            return 0.0
        return max(1e-6, self._starts[len(self._starts) - self.limit] + self.window_s - now)

    def start(self, now: float) -> None:
        self._starts.append(now)

    def refuse(self, now: float) -> None:
        """Only starts count."""

    def finish(self, now: float, spent_s: float) -> None:
        """Only starts count."""

    @property
    def used(self) -> int:
        return len(self._starts)


class TokenBucket:
    """`rate` tokens a second up to `burst`; full at first. A refused call takes `refused_cost` tokens."""

    def __init__(self, rate: float, burst: float, *, refused_cost: float = 0.0) -> None:
        self._refused_cost = refused_cost
        self.rate = rate
        self.burst = burst
        self._tokens = burst
        self._at: float | None = None

    def _fill(self, now: float) -> None:
        if self._at is not None and now > self._at:
            self._tokens = min(self.burst, self._tokens + (now - self._at) * self.rate)
        self._at = now if self._at is None else max(now, self._at)

    def wait_s(self, now: float) -> float:
        self._fill(now)
        return 0.0 if self._tokens >= 1 - 1e-9 else (1 - self._tokens) / self.rate

    def start(self, now: float) -> None:
        self._fill(now)
        self._tokens -= 1

    def refuse(self, now: float) -> None:
        self._fill(now)
        self._tokens -= self._refused_cost

    def finish(self, now: float, spent_s: float) -> None:
        """Only starts count."""


class Concurrency:
    """At most `limit` calls in flight."""

    def __init__(self, limit: float, *, retry_s: float = 1.0) -> None:
        self.limit = int(limit)
        self.in_flight = 0
        self._retry_s = retry_s

    def wait_s(self, now: float) -> float:
        return 0.0 if self.in_flight < self.limit else self._retry_s

    def start(self, now: float) -> None:
        self.in_flight += 1

    def refuse(self, now: float) -> None:
        """Only calls in flight count."""

    def finish(self, now: float, spent_s: float) -> None:
        self.in_flight -= 1


class ExecutionTime:
    """At most `limit` seconds of service time in any window, counted when calls end."""

    def __init__(self, limit: float, window_s: float) -> None:
        self.limit = limit
        self.window_s = window_s
        self._spent: deque[tuple[float, float]] = deque()

    def wait_s(self, now: float) -> float:
        while self._spent and self._spent[0][0] <= now - self.window_s:
            self._spent.popleft()
        total = sum(seconds for _, seconds in self._spent)
        if total < self.limit:
            return 0.0
        for at, seconds in self._spent:
            total -= seconds
            if total < self.limit:
                return max(1e-6, at + self.window_s - now)
        return self.window_s

    def start(self, now: float) -> None:
        """Only the time spent counts."""

    def refuse(self, now: float) -> None:
        """Only the time spent counts."""

    def finish(self, now: float, spent_s: float) -> None:
        self._spent.append((now, spent_s))


def meter_of(throttle: Throttle) -> Meter:
    """Return a fresh meter for a limit of a manifest."""
    match throttle.kind:
        case "window":
            return SlidingWindow(throttle.limit, throttle.window_s)
        case "bucket":
            return TokenBucket(throttle.rate, throttle.limit, refused_cost=throttle.refused_cost)
        case "concurrency":
            return Concurrency(throttle.limit)
        case "execution_time":
            return ExecutionTime(throttle.limit, throttle.window_s)


class ConnectionLimiter:
    """Holds calls back so that a connection stays within its limits, across all runs of the process.

    First come, first served. `pause_until` is moved by the service itself: after
    429 with Retry-After nobody on this connection calls before that.
    """

    def __init__(self, throttles: Iterable[Throttle], clock: Clock) -> None:
        self._throttles = tuple((throttle, meter_of(throttle)) for throttle in throttles)
        self._clock = clock
        self._turn = asyncio.Lock()
        self.pause_until = 0.0

    def _now(self) -> float:
        return self._clock.now_ticks() / TICKS_PER_SECOND

    def _meters(self, operation: str) -> list[Meter]:
        return [meter for throttle, meter in self._throttles if not throttle.only or operation in throttle.only]

    def hold(self, seconds: float) -> None:
        """Let nobody start for `seconds` from now, as a service asked by Retry-After."""
        self.pause_until = max(self.pause_until, self._now() + seconds)

    @asynccontextmanager
    async def slot(self, operation: str) -> AsyncIterator[None]:
        """Wait until a call of `operation` may start; count its end."""
        meters = self._meters(operation)
        async with self._turn:
            while True:
                now = self._now()
                wait = max([self.pause_until - now, *(meter.wait_s(now) for meter in meters)])
                if wait <= 0:
                    break
                await self._clock.sleep(wait)
            for meter in meters:
                meter.start(now)
        began = self._now()
        try:
            yield
        finally:
            ended = self._now()
            for meter in meters:
                meter.finish(ended, ended - began)
