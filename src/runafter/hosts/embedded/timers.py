"""Timers of all runs on the event loop's clock, re-armed so that weeks and clock jumps do no harm.

A timer fires when either clock says so: the loop's (steady, but it may stand
still while the machine sleeps) or the wall clock (which may jump forward, and
is looked at every `rearm_s`). A wall clock that jumps back delays nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from runafter.hosts.clock import TICKS_PER_S, Clock

_Key = tuple[str, str]


class Timers:
    """Timers by run and id. `fire(run_id, timer_id, due)` is called on the loop."""

    def __init__(self, clock: Clock, fire: Callable[[str, str, int], None], rearm_s: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._clock = clock
        self._fire = fire
        self._rearm_s = rearm_s
        self._handles: dict[_Key, asyncio.TimerHandle] = {}

    def start(self, run_id: str, timer_id: str, due: int) -> None:
        """Fire at `due` (ticks) or as soon as possible after it; replaces a timer of the same name."""
        key = (run_id, timer_id)
        old = self._handles.pop(key, None)
        if old is not None:
            old.cancel()
        wait_s = max(0.0, (due - self._clock()) / TICKS_PER_S)
        self._arm(key, due, self._loop.time() + wait_s)

    def cancel(self, run_id: str, timer_id: str) -> None:
        handle = self._handles.pop((run_id, timer_id), None)
        if handle is not None:
            handle.cancel()

    def close(self) -> None:
        for handle in self._handles.values():
            handle.cancel()
        self._handles.clear()

    def __len__(self) -> int:
        return len(self._handles)

    def _arm(self, key: _Key, due: int, deadline_s: float) -> None:
        at = min(deadline_s, self._loop.time() + self._rearm_s)
        self._handles[key] = self._loop.call_at(at, self._look, key, due, deadline_s)

    def _look(self, key: _Key, due: int, deadline_s: float) -> None:
        if self._loop.time() >= deadline_s - 1e-6 or self._clock() >= due:
            del self._handles[key]
            self._fire(*key, due)
        else:
            self._arm(key, due, deadline_s)
