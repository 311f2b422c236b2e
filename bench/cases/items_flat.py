"""Cost per item of a loop with 1,000 and with 100,000 items x 3 actions of 1 KB results, and the peak of memory."""

from __future__ import annotations

import asyncio
import resource
import tempfile
import time
from pathlib import Path

from bench.durable import TRIGGER, AtOnce, connector, flow, load, load_program

from runafter.hosts.embedded.host import Host
from runafter.protocol.commands import CallOperation
from runafter.protocol.events import Outcome
from runafter.storage.open import open_storage


class OneKilobyte(AtOnce):
    """Every answer is another one, so that keeping equal contents once helps nobody."""

    async def perform(self, call: CallOperation) -> Outcome:
        self.count += 1
        return Outcome(status_code=200, body={"id": self.count, "text": f"{self.count:08d}" * 125})


TITLE = "cost per item, 1,000 and 100,000 items x 3 connector actions with 1 KB results, SQLite FULL"
BARS = {"ratio": ("at most", 1.3), "peak_memory_mb": ("at most", 400)}


def measure(quick: bool) -> dict[str, float]:
    few, many = 1000, 10_000 if quick else 100_000
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_per_item_us(Path(folder) / "warm.db", few))
        small = asyncio.run(_per_item_us(Path(folder) / "few.db", few))
        large = asyncio.run(_per_item_us(Path(folder) / "many.db", many))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"ratio": large / small, "few_us_per_item": small, "many_us_per_item": large, "peak_memory_mb": peak_mb}


async def _per_item_us(path: Path, items: int) -> float:
    loop = {
        "type": "Foreach",
        "foreach": f"@range(0, {items})",
        "runAfter": {},
        "runtimeConfiguration": {"concurrency": {"repetitions": 50}},
        "actions": {
            "First": connector(body={"n": "@items('Loop')"}),
            "Second": connector("First", body={"n": "@body('First')?['id']"}),
            "Third": connector("Second", body={"n": "@body('Second')?['id']"}),
        },
    }
    source = flow({"Loop": loop})
    storage = await open_storage(str(path))
    host = Host(storage, OneKilobyte(None), load_program=load_program)
    await host.start()
    began = time.perf_counter()
    finish = await host.wait(await host.start_run(load(source), TRIGGER, source=source))
    took = time.perf_counter() - began
    assert finish.status == "Succeeded", finish
    await host.stop()
    await storage.close()
    return took / items * 1e6
