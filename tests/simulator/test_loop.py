from __future__ import annotations

import asyncio
import time

import pytest

from runafter.simulator.host import START_TICKS, Simulation, run_virtual


@pytest.mark.timeout(60)
def test_thirty_days_are_not_waited_for() -> None:
    async def main(world: Simulation) -> int:
        await asyncio.sleep(30 * 86_400)
        return world.now_ticks() - START_TICKS

    assert run_virtual(main) == 30 * 86_400 * 10_000_000


def test_sleepers_wake_in_order_of_time_whatever_order_they_began() -> None:
    woken: list[int] = []

    async def main(world: Simulation) -> None:
        async def sleep(n: int) -> None:
            await asyncio.sleep((n * 7) % 11)
            woken.append((n * 7) % 11)

        await asyncio.gather(*[sleep(n) for n in range(11)])

    run_virtual(main)

    assert woken == list(range(11))


def test_waiting_for_what_never_comes_is_an_error_and_no_hang() -> None:
    async def main(world: Simulation) -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(RuntimeError, match="nothing will ever happen"):
        run_virtual(main)


def test_threads_are_refused() -> None:
    async def main(world: Simulation) -> None:
        await asyncio.to_thread(time.time)

    with pytest.raises(RuntimeError, match="does not wait for threads"):
        run_virtual(main)


def test_equal_seeds_draw_equal_numbers() -> None:
    async def main(world: Simulation) -> float:
        return world.rng.random()

    assert run_virtual(main, seed=4) == run_virtual(main, seed=4) != run_virtual(main, seed=5)
