"""Prints a digest of all journals and history rows of a simulated hour; the seed is the argument."""

from __future__ import annotations

import asyncio
import hashlib
import sys

from tests.hosts.flows import TRIGGER, flow, http, load, wait

from runafter.protocol.commands import CallOperation
from runafter.protocol.events import Outcome
from runafter.simulator.host import Simulation, run_virtual


def after(action, *names):
    return {**action, "runAfter": {name: ["Succeeded"] for name in names}}


RETRIED = {
    "method": "GET",
    "uri": "https://example.test",
    "retryPolicy": {"type": "exponential", "count": 3, "interval": "PT7S"},
}
SOURCE = flow(
    {
        "Flaky": {"type": "Http", "inputs": RETRIED, "runAfter": {}},
        "Items": {
            "type": "Foreach",
            "foreach": "@range(0, 12)",
            "runtimeConfiguration": {"concurrency": {"repetitions": 4}},
            "runAfter": {},
            "actions": {"Get": http(), "Names": after({"type": "Compose", "inputs": "@guid()"}, "Get")},
        },
        "Pause": after(wait(30), "Items"),
        "Draw": after({"type": "Compose", "inputs": "@rand(0, 1000000)"}, "Pause"),
        "End": after(http(), "Draw", "Flaky"),
    }
)


def digest(seed: int) -> str:
    async def main(world: Simulation) -> str:
        class Varied:
            count = 0

            async def perform(self, call: CallOperation) -> Outcome:
                self.count += 1
                await asyncio.sleep(world.rng.random() * 5)
                code = 503 if call.action == "Flaky" and call.attempt < 3 else 200
                return Outcome(status_code=code, body={"n": self.count, "names": {"b": 1, "a": 2}})

        storage = world.storage()
        host = world.host(Varied(), storage=storage)
        await host.start()
        program = load(SOURCE)
        runs = [await host.start_run(program, TRIGGER, source=SOURCE) for _ in range(5)]
        for run_id in runs:
            assert (await host.wait(run_id)).status == "Succeeded"
        await host.stop()
        found = hashlib.blake2b(digest_size=16)
        for table in ("runs", "journal", "actions", "contents"):
            for row in storage.session.connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2"):
                found.update(repr(row).encode())
        return found.hexdigest()

    return run_virtual(main, seed=seed)


if __name__ == "__main__":
    print(digest(int(sys.argv[1])))
