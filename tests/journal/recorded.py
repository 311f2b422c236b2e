"""Journals recorded by releases: `python -m tests.journal.recorded 0.1.0` writes those of this release.

A file holds the flow, then the journal's rows as they were written, then what
a replay must give. A recorded journal is never edited; it is replayed for ever.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import msgspec
from tests.hosts.flows import TRIGGER, chain, flow, http, load, wait, webhook

from runafter.engine.step import Run
from runafter.journal import codec
from runafter.protocol.commands import CallOperation
from runafter.protocol.events import Outcome, RunStarted
from runafter.simulator.host import Simulation, run_virtual

FOLDER = Path(__file__).resolve().parents[1] / "cases" / "journals"


def _after(action: dict[str, Any], *names: str) -> dict[str, Any]:
    return {**action, "runAfter": {name: ["Succeeded"] for name in names}}


_RETRIED = {
    "method": "GET",
    "uri": "https://example.test",
    "retryPolicy": {"type": "fixed", "count": 3, "interval": "PT7S"},
}

FLOWS: dict[str, bytes] = {
    "sequence": chain(One=http(), Pause=wait(90), Two=http()),
    "loops": flow(
        {
            "Count": {
                "type": "InitializeVariable",
                "inputs": {"variables": [{"name": "n", "type": "integer", "value": 0}]},
                "runAfter": {},
            },
            "Items": {
                "type": "Foreach",
                "foreach": "@range(0, 7)",
                "runtimeConfiguration": {"concurrency": {"repetitions": 3}},
                "runAfter": {"Count": ["Succeeded"]},
                "actions": {"Get": http(), "Keep": _after({"type": "Compose", "inputs": "@body('Get')"}, "Get")},
            },
            "Rounds": {
                "type": "Until",
                "expression": "@equals(variables('n'), 3)",
                "limit": {"count": 5, "timeout": "PT1H"},
                "runAfter": {"Items": ["Succeeded"]},
                "actions": {
                    "Look": http(),
                    "Next": _after({"type": "IncrementVariable", "inputs": {"name": "n", "value": 1}}, "Look"),
                },
            },
        }
    ),
    "retries": flow(
        {
            "Flaky": {"type": "Http", "inputs": _RETRIED, "runAfter": {}},
            "Handled": {**http(), "runAfter": {"Flaky": ["Failed", "TimedOut"]}},
            "Draw": _after({"type": "Compose", "inputs": "@rand(0, 1000000)"}, "Flaky"),
        }
    ),
    "webhook": chain(Ask=webhook(), Then=http()),
}


class _Varied:
    async def perform(self, call: CallOperation) -> Outcome:
        await asyncio.sleep(2.5)
        status = 503 if call.action == "Flaky" and call.attempt < 3 else 200
        return Outcome(status_code=status, body={"action": call.action, "item": list(call.repetition)})


def _record(name: str, source: bytes) -> list[Any]:
    async def main(world: Simulation) -> list[Any]:
        host = world.host(_Varied())
        await host.start()
        program = load(source)
        run_id = await host.start_run(program, TRIGGER, source=source, callback_base="https://flows.test/")
        if name == "webhook":
            await asyncio.sleep(100)
            await host.signal(run_id, "Ask", outputs={"statusCode": 200, "headers": {}, "body": "yes"})
        await host.wait(run_id)
        rows = await host.journal.storage.fetch(host.journal.statements["read_journal"], run_id)
        await host.stop()
        lines: list[Any] = [{"flow": json.loads(source)}]
        lines.extend({"version": version, "event": data.decode()} for _, version, data, *_ in rows)
        commands, digest = replay(lines)
        return [*lines, {"commands": commands, "digest": digest}]

    return run_virtual(main, seed=3)


def replay(lines: list[Any]) -> tuple[str, str]:
    """Return (hash of all commands, digest of the state) of replaying a recorded file's rows."""
    program = load(json.dumps(lines[0]["flow"]).encode())
    events = [codec.decode_event(line["event"].encode(), line["version"]) for line in lines[1:] if "event" in line]
    first = events[0]
    assert isinstance(first, RunStarted)
    machine = Run(program, flags=first.flags)
    commands = hashlib.blake2b(digest_size=16)
    for event in events:
        for command in machine.step(event):
            commands.update(msgspec.json.encode(command) + b"\n")
    assert machine.is_finished
    return commands.hexdigest(), machine.digest()


if __name__ == "__main__":
    folder = FOLDER / sys.argv[1]
    folder.mkdir(parents=True)
    for name, source in FLOWS.items():
        text = "".join(json.dumps(line) + "\n" for line in _record(name, source))
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
