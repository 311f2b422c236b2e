"""What every `Placement` must do: import the tests into a module that has a `world` fixture.

A `World` makes places over one database: `place()` begins one, `kill(place)`
ends it as a power cut would. Leases there last about half a second.
"""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from runafter.hosts.place import Placement
from runafter.protocol.events import CancelRequested, SignalReceived

AFTER = 638_400_000_000_000_000


class World(Protocol):
    async def place(self, *, delay_s: float = 0.0, park_after_s: float | None = None) -> Any: ...
    async def kill(self, place: Any) -> None: ...
    async def begin(self, place: Any, kind: str) -> str: ...
    def calls(self, action: str) -> int: ...
    async def statuses(self, run_id: str) -> dict[str, str]: ...


async def within(seconds: float, awaited: Any) -> Any:
    return await asyncio.wait_for(awaited, seconds)


async def test_a_run_is_driven_to_its_end(world: World) -> None:
    place = await world.place()
    run_id = await world.begin(place, "three")

    finish = await within(5, place.drive(run_id))

    assert finish.status == "Succeeded"
    assert not await place.place(run_id)


async def test_race_of_two_places_for_a_run_has_one_winner(world: World) -> None:
    first = await world.place(delay_s=0.05)
    run_id = await world.begin(first, "three")
    await first.stop()
    places: list[Placement] = [await world.place(delay_s=0.3), await world.place(delay_s=0.3)]

    won = await asyncio.gather(*[place.place(run_id) for place in places])
    ends = await within(10, asyncio.gather(*[place.wait(run_id) for place in places]))  # type: ignore[attr-defined]

    assert won.count(True) == 1
    assert {end.status for end in ends} == {"Succeeded"}
    assert max(world.calls(name) for name in ("One", "Two", "Three")) <= 2  # what `first` had under way comes again
    assert set((await world.statuses(run_id)).values()) == {"Succeeded"}


async def test_a_stopped_place_gives_its_runs_up_at_once(world: World) -> None:
    first = await world.place(delay_s=0.4)
    run_id = await world.begin(first, "three")
    await first.stop()
    second = await world.place()

    await second.place(run_id)

    assert (await within(5, second.wait(run_id))).status == "Succeeded"


async def test_a_killed_places_runs_go_on_elsewhere(world: World) -> None:
    first = await world.place(delay_s=0.2)
    second = await world.place()
    run_id = await world.begin(first, "three")
    await asyncio.sleep(0.3)  # One is recorded, Two is under way
    await world.kill(first)

    finish = await within(10, second.wait(run_id))

    assert finish.status == "Succeeded"
    assert world.calls("One") == 1
    assert world.calls("Two") == 2


async def test_waking_reaches_a_run_wherever_it_is(world: World) -> None:
    first = await world.place()
    second = await world.place()
    run_id = await world.begin(first, "ask")
    await asyncio.sleep(0.2)

    outputs = {"statusCode": 200, "headers": {}, "body": "yes"}
    assert await second.wake(run_id, SignalReceived(action="Ask", at=AFTER, outputs=outputs))

    assert (await within(5, second.wait(run_id))).status == "Succeeded"
    assert not await first.wake(run_id, CancelRequested(at=AFTER))


async def test_a_parked_run_is_out_of_memory_and_wakes(world: World) -> None:
    place = await world.place(park_after_s=0.0)
    run_id = await world.begin(place, "ask")

    assert await within(5, place.drive(run_id)) is None
    outputs = {"statusCode": 200, "headers": {}, "body": "yes"}
    assert await place.wake(run_id, SignalReceived(action="Ask", at=AFTER, outputs=outputs))

    assert (await within(5, place.wait(run_id))).status == "Succeeded"


async def test_a_parked_run_wakes_when_its_timer_is_due(world: World) -> None:
    place = await world.place(park_after_s=0.0)
    run_id = await world.begin(place, "pause")

    assert await within(5, place.drive(run_id)) is None

    assert (await within(5, place.wait(run_id))).status == "Succeeded"


async def test_many_runs_survive_the_death_of_one_of_two_places(world: World) -> None:
    first = await world.place(delay_s=0.1)
    second = await world.place(delay_s=0.1)
    runs = [await world.begin(place, "three") for place in (first, second) for _ in range(10)]
    await asyncio.sleep(0.15)
    await world.kill(first)

    ends = await within(15, asyncio.gather(*[second.wait(run_id) for run_id in runs]))

    assert [end.status for end in ends] == ["Succeeded"] * 20
    for run_id in runs:
        assert set((await world.statuses(run_id)).values()) == {"Succeeded"}
