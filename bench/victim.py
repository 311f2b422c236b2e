"""A host to be killed: begins runs by key, drives what the database holds, ends when all of them have ended.

python -m bench.victim DATABASE SERVER --runs first second --lease 10
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from typing import Any

import aiohttp

from runafter.hosts.embedded.host import Host
from runafter.hosts.embedded.loop import LiveRun
from runafter.hosts.embedded.settings import HostSettings
from runafter.program.steps import Program
from runafter.protocol.commands import CallOperation
from runafter.protocol.events import Outcome
from runafter.storage.open import open_storage

SCHEMA = "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#"


def _after(*names: str) -> dict[str, list[str]]:
    return {name: ["Succeeded"] for name in names}


def _http(path: str, *after: str, body: Any = None, retry: dict[str, Any] | None = None) -> dict[str, Any]:
    inputs = {"method": "POST", "uri": f"http://server{path}", "body": body, "retryPolicy": retry or {"type": "none"}}
    return {"type": "Http", "inputs": inputs, "runAfter": _after(*after)}


def _wait(seconds: int, *after: str) -> dict[str, Any]:
    return {
        "type": "Wait",
        "inputs": {"interval": {"count": seconds, "unit": "Second"}},
        "runAfter": _after(*after),
    }


def flow() -> bytes:
    """Return a flow with loops, a retry, timers and calls."""
    actions = {
        "Count": {
            "type": "InitializeVariable",
            "inputs": {"variables": [{"name": "round", "type": "integer", "value": 0}]},
            "runAfter": {},
        },
        "Start": _http("/start", "Count", body={"run": "@triggerBody()?['name']"}),
        "Items": {
            "type": "Foreach",
            "foreach": "@range(0, 8)",
            "runAfter": _after("Start"),
            "runtimeConfiguration": {"concurrency": {"repetitions": 3}},
            "actions": {
                "Fetch": _http("/fetch", body={"n": "@items('Items')"}),
                "Double": {"type": "Compose", "inputs": "@mul(2, body('Fetch')?['n'])", "runAfter": _after("Fetch")},
                "Put": _http("/put", "Double", body={"n": "@outputs('Double')"}),
            },
        },
        "Flaky": _http("/flaky", "Start", body={}, retry={"type": "fixed", "count": 2, "interval": "PT5S"}),
        "Rounds": {
            "type": "Until",
            "expression": "@equals(variables('round'), 3)",
            "limit": {"count": 10, "timeout": "PT1H"},
            "runAfter": _after("Start"),
            "actions": {
                "Look": _http("/look", body={"round": "@variables('round')"}),
                "Next": {
                    "type": "IncrementVariable",
                    "inputs": {"name": "round", "value": 1},
                    "runAfter": _after("Look"),
                },
                "Pause": _wait(1, "Next"),
            },
        },
        "End": _http("/end", "Items", "Flaky", "Rounds", body={"rounds": "@variables('round')"}),
    }
    value = {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "triggers": {"manual": {"type": "Request", "kind": "Http", "inputs": {}}},
        "actions": actions,
    }
    return json.dumps(value).encode()


def load_program(program_hash: str, source: bytes) -> Program:
    from runafter.definition.read import read_bytes
    from runafter.program.build import build

    (definition,) = read_bytes(source, name="flow.json")
    return build(definition, profile="logic-apps-consumption")


class HttpOutside:
    """Performs Http actions on one server, whatever host they name; says which call it is."""

    def __init__(self, server: str, session: aiohttp.ClientSession) -> None:
        self.server = server
        self.session = session

    async def perform(self, call: CallOperation) -> Outcome:
        path = call.inputs["uri"].removeprefix("http://server")
        headers = {"x-call": call.id.encode().hex(), "x-key": call.idempotency_key, "x-action": call.action}
        async with self.session.request(
            call.inputs["method"], self.server + path, json=call.inputs.get("body"), headers=headers
        ) as answer:
            return Outcome(status_code=answer.status, body=await answer.json())


async def main(arguments: argparse.Namespace) -> None:
    storage = await open_storage(arguments.database)
    refused = 0
    async with aiohttp.ClientSession() as session:
        outside = HttpOutside(arguments.server, session)
        settings = HostSettings(lease_s=arguments.lease, renew_s=arguments.lease * 0.3, poll_s=0.1)
        host = Host(storage, outside, load_program=load_program, settings=settings)
        count = host.refused

        def refuse(live: LiveRun) -> None:
            nonlocal refused
            refused += 1
            count(live)

        host.refused = refuse  # type: ignore[method-assign]
        await host.start()
        source = flow()
        program = load_program("", source)
        trigger = {"name": "manual", "outputs": {"body": {"name": "r"}}}
        runs = [await host.start_run(program, trigger, source=source, key=key) for key in arguments.runs]
        print("ready", flush=True)
        ends = [await host.wait(run_id) for run_id in runs]
        print(json.dumps({"ends": [end.status for end in ends], "refused": refused}), flush=True)
        await host.stop()
    await storage.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("database")
    parser.add_argument("server")
    parser.add_argument("--runs", nargs="*", default=[])
    parser.add_argument("--lease", type=float, default=10.0)
    asyncio.run(main(parser.parse_args(sys.argv[1:])))
