"""Small flows of calls and waits, and outsides that perform the calls."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

from runafter.program.steps import Program
from runafter.protocol.commands import CallOperation
from runafter.protocol.events import Outcome

SCHEMA = "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#"
NO_RETRY = {"retryPolicy": {"type": "none"}}


def http(**more: Any) -> dict[str, Any]:
    return {"type": "Http", "inputs": {"method": "POST", "uri": "https://example.test/x", **NO_RETRY}, **more}


def wait(seconds: int) -> dict[str, Any]:
    return {"type": "Wait", "inputs": {"interval": {"count": seconds, "unit": "Second"}}}


def webhook() -> dict[str, Any]:
    subscribe = {"method": "POST", "uri": "https://example.test/hook", "body": {"to": "@listCallbackUrl()"}}
    return {"type": "HttpWebhook", "inputs": {"subscribe": subscribe, "unsubscribe": {}}}


def chain(**actions: dict[str, Any]) -> bytes:
    """Return the file of a flow whose actions run one after the other."""
    before: str | None = None
    chained: dict[str, Any] = {}
    for name, action in actions.items():
        chained[name] = {"runAfter": {before: ["Succeeded"]} if before else {}, **action}
        before = name
    return flow(chained)


def flow(actions: dict[str, Any]) -> bytes:
    value = {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "triggers": {"manual": {"type": "Request", "kind": "Http", "inputs": {}}},
        "actions": actions,
    }
    return json.dumps(value).encode()


def load(source: bytes) -> Program:
    from runafter.definition.read import read_bytes
    from runafter.program.build import build

    (definition,) = read_bytes(source, name="flow.json")
    return build(definition, profile="logic-apps-consumption")


def load_program(program_hash: str, source: bytes) -> Program:
    return load(source)


TRIGGER = {"name": "manual", "outputs": {"body": {}}}


class Echo:
    """Answers every call after `delay_s` with 200 and its name; counts calls by action and idempotency key."""

    def __init__(self, delay_s: float = 0.0, body: Any = None) -> None:
        self.delay_s = delay_s
        self.body = body
        self.calls: Counter[str] = Counter()
        self.keys: dict[str, set[str]] = {}
        self.cancelled: list[str] = []

    async def perform(self, call: CallOperation) -> Outcome:
        self.calls[call.action] += 1
        self.keys.setdefault(call.action, set()).add(call.idempotency_key)
        try:
            if self.delay_s:
                await asyncio.sleep(self.delay_s)
        except asyncio.CancelledError:
            self.cancelled.append(call.action)
            raise
        return Outcome(status_code=200, body=self.body if self.body is not None else {"name": call.action})
