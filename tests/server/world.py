"""Flows to serve, and runtimes of them on the virtual clock."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runafter.definition.read import read_bytes
from runafter.local.package import load_program
from runafter.project.project import Project, ProjectFlow, Sidecar
from runafter.protocol.commands import CallOperation
from runafter.protocol.events import Outcome
from runafter.server.runtime import Runtime
from runafter.server.settings import ServerSettings
from runafter.simulator.host import Simulation

SCHEMA = "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#"
NO_SIDECAR = Sidecar()
REQUEST = {"type": "Request", "kind": "Http", "inputs": {}}
COMPOSE = {"type": "Compose", "inputs": "@triggerBody()"}
WAIT = {"type": "Wait", "inputs": {"interval": {"count": 60, "unit": "Second"}}}
HTTP = {
    "type": "Http",
    "inputs": {"method": "POST", "uri": "https://example.test/x", "retryPolicy": {"type": "none"}},
}


def recurrence(frequency: str = "Hour", interval: int = 1, **more: Any) -> dict[str, Any]:
    return {"type": "Recurrence", "recurrence": {"frequency": frequency, "interval": interval, **more}}


def flow(
    name: str = "flow",
    trigger: Mapping[str, Any] = REQUEST,
    actions: Mapping[str, Any] | None = None,
    sidecar: Sidecar = NO_SIDECAR,
    **more: Any,
) -> ProjectFlow:
    value = {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "triggers": {"start": dict(trigger)},
        "actions": {"Note": COMPOSE} if actions is None else dict(actions),
        **more,
    }
    (definition,) = read_bytes(json.dumps(value).encode(), name=f"{name}/flow.json")
    return ProjectFlow(name=name, definition=definition, sidecar=sidecar)


def project(*flows: ProjectFlow) -> Project:
    return Project(name="test", root=Path(), flows=flows)


class Answers:
    """An outside that answers by action name and remembers what it was asked."""

    def __init__(self, **answers: Outcome | list[Outcome]) -> None:
        self.answers = answers
        self.asked: list[CallOperation] = []

    async def perform(self, call: CallOperation) -> Outcome:
        self.asked.append(call)
        answer = self.answers.get(call.action, Outcome(status_code=200, body={"ok": True}))
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        return answer


async def runtime(simulation: Simulation, *flows: ProjectFlow, outside=None, storage=None, settings=None) -> Runtime:
    kept = storage or simulation.storage()
    made = Runtime(
        kept,
        outside or Answers(),
        lambda inbox, respond: simulation.host(inbox, storage=kept, load_program=load_program, responder=respond),
        settings=settings or ServerSettings(),
    )
    await made.start(project(*flows))
    return made


async def statuses(made: Runtime, flow_name: str = "flow") -> list[str]:
    """Return the statuses of the flow's runs, oldest first."""
    return [header.status for header in reversed(await made.host.journal.runs(flow=flow_name, limit=10_000))]


async def histories(made: Runtime, flow_name: str = "flow") -> list[tuple[str, str | None]]:
    """Return (status, code) of the flow's trigger histories, oldest first."""
    found = await made.catalog.histories(flow_name, limit=10_000)
    return [(each.status, each.code) for each in reversed(found)]


async def settle(seconds: float = 0.0) -> None:
    await asyncio.sleep(seconds)
    for _ in range(20):
        await asyncio.sleep(0)
