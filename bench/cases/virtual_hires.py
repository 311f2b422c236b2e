"""200 hires of 4.5 minutes in 30 actions each, one after the other on the virtual clock: 15 virtual hours."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from bench.durable import TRIGGER, connector, flow, load

from runafter.protocol.commands import CallOperation
from runafter.protocol.events import Outcome
from runafter.simulator.host import Simulation, run_virtual

TITLE = "virtual clock, 200 hires x 30 connector actions of 9 s each, serial: seconds of real time"
BARS = {"seconds": ("at most", 2)}


class NineSeconds:
    async def perform(self, call: CallOperation) -> Outcome:
        await asyncio.sleep(9)
        return Outcome(status_code=200, body={"done": call.action})


def measure(quick: bool) -> dict[str, float]:
    actions: dict[str, Any] = {}
    for n in range(30):
        before = [f"Step_{n - 1}"] if n else []
        actions[f"Step_{n}"] = connector(*before, body={"n": n})
    program = load(flow(actions))
    hires = 20 if quick else 200

    async def main(world: Simulation) -> float:
        host = world.host(NineSeconds())
        await host.start()
        for _ in range(hires):
            finish = await host.wait(await host.start_run(program, TRIGGER))
            assert finish.status == "Succeeded", finish
        await host.stop()
        return world.loop.time()

    began = time.perf_counter()
    hours = run_virtual(main) / 3600
    return {"seconds": time.perf_counter() - began, "virtual_hours": hours}
