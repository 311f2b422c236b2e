"""Runs a piece of a program on the virtual clock, with the embedded host and a database in memory."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import msgspec

from runafter.hosts.clock import TICKS_PER_S
from runafter.hosts.embedded.host import Host, Responder
from runafter.hosts.embedded.replay import LoadProgram
from runafter.hosts.embedded.settings import HostSettings
from runafter.hosts.outside import Outside
from runafter.simulator.loop import VirtualLoop
from runafter.storage.api import Storage
from runafter.storage.memory import MemoryStorage

T = TypeVar("T")

START_TICKS = 638_396_640_000_000_000
"""2024-01-01T00:00:00Z, where virtual time begins unless told otherwise."""

_SETTINGS = HostSettings(park_after_s=None, rearm_s=float("inf"), stop_grace_s=0.0, finds_dead_owners=False)


class Simulation:
    """One virtual world: a clock, a seed, and hosts made in it."""

    def __init__(self, seed: int, start_ticks: int) -> None:
        self.start_ticks = start_ticks
        self.rng = random.Random(seed)  # noqa: S311 - chance must be the same each time
        self.loop = asyncio.get_running_loop()
        self._storages: list[MemoryStorage] = []

    def now_ticks(self) -> int:
        return self.start_ticks + round(self.loop.time() * TICKS_PER_S)

    def storage(self) -> MemoryStorage:
        """Return an empty database that lives as long as the simulation."""
        made = MemoryStorage(self.loop)
        self._storages.append(made)
        return made

    async def close(self) -> None:
        """Close the databases made here."""
        for storage in self._storages:
            await storage.close()

    def host(
        self,
        outside: Outside,
        *,
        storage: Storage | None = None,
        load_program: LoadProgram | None = None,
        responder: Responder | None = None,
        settings: HostSettings = _SETTINGS,
    ) -> Host:
        """Return a host whose every id and draw comes from the seed."""
        return Host(
            storage or self.storage(),
            outside,
            load_program=load_program,
            clock=self.now_ticks,
            rng=random.Random(self.rng.getrandbits(64)),  # noqa: S311 - chance must be the same each time
            settings=msgspec.structs.replace(settings, park_after_s=None),
            responder=responder,
            owner="simulator",
        )


def run_virtual(
    main: Callable[[Simulation], Coroutine[Any, Any, T]], *, seed: int = 0, start_ticks: int = START_TICKS
) -> T:
    """Run `main(simulation)` to its end on a new virtual clock and return its result.

    Works beside a running event loop of another thread only; from a coroutine use a thread.
    """

    async def body() -> T:
        simulation = Simulation(seed, start_ticks)
        try:
            return await main(simulation)
        finally:
            await simulation.close()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(body())
