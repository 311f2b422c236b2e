"""What the durable cases share: flows of calls that return at once, a host on a SQLite file, the limit beside it."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.limit import limit_steps_per_s
from bench.peers import measure_peers

from runafter.hosts.embedded.host import Host
from runafter.hosts.embedded.interpreter import hurry_writer, quick_loop, relax_collector
from runafter.program.steps import Program
from runafter.protocol.commands import CallOperation
from runafter.protocol.events import Outcome
from runafter.storage.api import Storage
from runafter.storage.open import open_storage

SCHEMA = "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#"
TRIGGER = {"name": "manual", "outputs": {"body": {}}}


def connector(*after: str, body: Any = None) -> dict[str, Any]:
    """Return a connector action in the dialect of Power Automate."""
    return {
        "type": "OpenApiConnection",
        "inputs": {
            "host": {
                "apiId": "/providers/Microsoft.PowerApps/apis/shared_example",
                "connectionName": "shared_example",
                "operationId": "CreateItem",
            },
            "parameters": {"item": body},
        },
        "runAfter": {name: ["Succeeded"] for name in after},
    }


def flow(actions: dict[str, Any]) -> bytes:
    value = {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": {"$connections": {"type": "Object", "defaultValue": {}}, "$authentication": {"type": "Object"}},
        "triggers": {"manual": {"type": "Request", "kind": "Http", "inputs": {}}},
        "actions": actions,
    }
    return json.dumps(value).encode()


def load(source: bytes) -> Program:
    from runafter.definition.read import read_bytes
    from runafter.program.build import build

    (definition,) = read_bytes(source, name="flow.json")
    return build(definition, profile="power-automate")


def load_program(program_hash: str, source: bytes) -> Program:
    return load(source)


class AtOnce:
    """Answers without waiting."""

    def __init__(self, body: Any) -> None:
        self.outcome = Outcome(status_code=200, headers={"Content-Type": "application/json"}, body=body)
        self.count = 0

    async def perform(self, call: CallOperation) -> Outcome:
        self.count += 1
        return self.outcome


async def payload_bytes(storage: Storage) -> tuple[int, int]:
    """Return (rows, average bytes) of the journal: what the limit loop writes too."""
    ((rows, size),) = await storage.fetch_text("SELECT COUNT(*), SUM(LENGTH(event)) FROM journal", ())
    return rows, size // max(rows, 1)


def measure_beside_limit(
    source: bytes, body: Any, *, runs: int, steps: int, in_flight: int, trigger: Any = None
) -> dict[str, Any]:
    """Return durable steps per second of `runs` runs of `steps` calls each, and of the bare loop with the same bytes."""

    async def ours(folder: Path) -> tuple[float, int]:
        storage = await open_storage(str(folder / "runs.db"))
        outside = AtOnce(body)
        host = Host(storage, outside, load_program=load_program)
        await host.start()
        program = load(source)
        waiting = iter(range(runs))
        relax_collector()  # these two as `runafter serve` does, and its event loop; they hold for the limit below too
        hurry_writer()

        async def worker() -> None:
            for _ in waiting:
                run_id = await host.start_run(program, trigger or TRIGGER, source=source)
                finish = await host.wait(run_id)
                assert finish.status == "Succeeded", finish

        began = time.perf_counter()
        await asyncio.gather(*[worker() for _ in range(min(in_flight, runs))])
        took = time.perf_counter() - began
        assert outside.count == runs * steps
        _, size = await payload_bytes(storage)
        await host.stop()
        await storage.close()
        return runs * steps / took, size

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with asyncio.Runner(loop_factory=quick_loop()) as runner:
            ours_per_s, size = runner.run(ours(folder))
        chains = runs if runs > 1 else in_flight
        count = runs * steps // chains
        with asyncio.Runner(loop_factory=quick_loop()) as runner:
            limit_per_s = runner.run(
                limit_steps_per_s(folder, chains=chains, steps=count, in_flight=in_flight, payload=b"x" * size)
            )
    return {
        "steps_per_s": ours_per_s,
        "limit_steps_per_s": limit_per_s,
        "share_of_limit": ours_per_s / limit_per_s,
        "event_bytes": float(size),
        "runafter_is": "flow, connector and host in one Python process; nothing crosses HTTP; SQLite WAL, synchronous FULL",
    }


def measure_beside_peers(ours: dict[str, Any], work: str, counts: dict[str, int]) -> dict[str, Any]:
    """Add the peers that are installed, on the same work, and how many times faster we are than each family."""
    figures = ours | measure_peers(work, counts)
    for family in ("restate", "dbos", "temporal"):
        variants = [figures[name] for name in figures if name.startswith(family) and name.endswith("_steps_per_s")]
        if variants:
            figures[f"times_{family}"] = ours["steps_per_s"] / max(variants)
    return figures
