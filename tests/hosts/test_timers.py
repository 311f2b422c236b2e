from __future__ import annotations

import asyncio

from runafter.hosts.clock import TICKS_PER_S
from runafter.hosts.embedded.timers import Timers
from runafter.simulator.host import Simulation, run_virtual


class Watch:
    """A wall clock that follows the loop's, plus what the test adds."""

    def __init__(self) -> None:
        self.jump_s = 0.0
        self.fired: list[tuple[str, float]] = []
        self.loop = asyncio.get_running_loop()
        self.timers = Timers(self, self.fire, rearm_s=60)

    def __call__(self) -> int:
        return round((self.loop.time() + self.jump_s) * TICKS_PER_S)

    def fire(self, run_id: str, timer_id: str, due: int) -> None:
        self.fired.append((timer_id, self.loop.time()))


def test_a_timer_of_weeks_fires_when_due() -> None:
    async def main(world: Simulation) -> list[tuple[str, float]]:
        watch = Watch()
        watch.timers.start("r", "t", 21 * 86_400 * TICKS_PER_S)
        await asyncio.sleep(22 * 86_400)
        return watch.fired

    assert run_virtual(main) == [("t", 21 * 86_400)]


def test_a_timer_in_the_past_fires_at_once() -> None:
    async def main(world: Simulation) -> list[tuple[str, float]]:
        watch = Watch()
        await asyncio.sleep(10)
        watch.timers.start("r", "t", 0)
        await asyncio.sleep(1)
        return watch.fired

    assert run_virtual(main) == [("t", 10)]


def test_a_clock_that_jumps_forward_is_noticed_within_a_minute() -> None:
    async def main(world: Simulation) -> list[tuple[str, float]]:
        watch = Watch()
        watch.timers.start("r", "t", 7200 * TICKS_PER_S)
        await asyncio.sleep(90)
        watch.jump_s = 86_400
        await asyncio.sleep(100)
        return watch.fired

    assert run_virtual(main) == [("t", 120)]


def test_a_clock_that_jumps_back_delays_nothing() -> None:
    async def main(world: Simulation) -> list[tuple[str, float]]:
        watch = Watch()
        watch.timers.start("r", "t", 300 * TICKS_PER_S)
        await asyncio.sleep(10)
        watch.jump_s = -86_400
        await asyncio.sleep(1000)
        return watch.fired

    assert run_virtual(main) == [("t", 300)]


def test_a_cancelled_timer_never_fires_and_a_replaced_one_once() -> None:
    async def main(world: Simulation) -> tuple[list[tuple[str, float]], int]:
        watch = Watch()
        watch.timers.start("r", "gone", 5 * TICKS_PER_S)
        watch.timers.start("r", "moved", 5 * TICKS_PER_S)
        watch.timers.start("r", "moved", 9 * TICKS_PER_S)
        watch.timers.cancel("r", "gone")
        watch.timers.cancel("r", "unknown")
        await asyncio.sleep(20)
        return watch.fired, len(watch.timers)

    assert run_virtual(main) == ([("moved", 9)], 0)
