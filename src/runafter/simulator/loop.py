"""An event loop whose time is a number: waiting advances it, nothing really waits.

Trap: a virtual clock with real sockets fires time-outs at once, so such a
loop watches none but the one with which asyncio wakes itself.
"""

from __future__ import annotations

import asyncio
import selectors
from typing import Any


class _VirtualSelector(selectors.DefaultSelector):
    """Instead of waiting, advances the time by what the loop would wait."""

    def __init__(self) -> None:
        super().__init__()
        self.time_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("nothing will ever happen on the virtual clock: a task waits for something outside")
        if timeout > 0:
            self.time_s += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Use it with `asyncio.Runner(loop_factory=VirtualLoop)`; never with threads or sockets."""

    def __init__(self) -> None:
        self.virtual = _VirtualSelector()
        super().__init__(self.virtual)
        self._clock_resolution = 1e-7

    def time(self) -> float:
        return self.virtual.time_s

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:  # type: ignore[override]
        raise RuntimeError("a virtual clock does not wait for threads")
