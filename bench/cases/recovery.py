"""A host that starts on a database with 1,000 interrupted runs of 100 events each."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from bench.durable import TRIGGER, AtOnce, connector, flow, load, load_program

from runafter.hosts.embedded.host import Host
from runafter.protocol.commands import CallOperation
from runafter.protocol.events import Outcome
from runafter.storage.open import open_storage

TITLE = "recovery: seconds until 1,000 interrupted runs of 100 events are all under way again"
BARS = {"seconds": ("at most", 5)}


class StopsAtTheLast(AtOnce):
    """Answers all calls at once but `Last`, which never ends."""

    def __init__(self) -> None:
        super().__init__({"id": 7})
        self.at_last = asyncio.Event()
        self.wanted = 0

    async def perform(self, call: CallOperation) -> Outcome:
        if call.action != "Last":
            return await super().perform(call)
        self.wanted -= 1
        if self.wanted == 0:
            self.at_last.set()
        return await asyncio.get_running_loop().create_future()


def measure(quick: bool) -> dict[str, float]:
    runs = 100 if quick else 1000
    actions = {
        "Loop": {
            "type": "Foreach",
            "foreach": "@range(0, 99)",
            "runAfter": {},
            "runtimeConfiguration": {"concurrency": {"repetitions": 20}},
            "actions": {"Call": connector(body={"n": "@items('Loop')"})},
        },
        "Last": connector("Loop"),
    }
    source = flow(actions)

    async def make(path: Path) -> None:
        storage = await open_storage(str(path))
        outside = StopsAtTheLast()
        outside.wanted = runs
        host = Host(storage, outside, load_program=load_program)
        await host.start()
        program = load(source)
        for _ in range(runs):
            await host.start_run(program, TRIGGER, source=source)
        await outside.at_last.wait()
        outside.wanted = -1
        await host.loop.outbox.close(0)
        await host.stop()
        await storage.close()

    async def recover(path: Path) -> float:
        outside = StopsAtTheLast()
        outside.wanted = runs
        began = time.perf_counter()
        storage = await open_storage(str(path))
        host = Host(storage, outside, load_program=load_program)
        await host.start()
        await outside.at_last.wait()
        took = time.perf_counter() - began
        assert outside.count == 0
        await host.loop.outbox.close(0)
        await host.stop()
        await storage.close()
        return took

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "runs.db"
        asyncio.run(make(path))
        return {"seconds": asyncio.run(recover(path)), "runs": float(runs)}
