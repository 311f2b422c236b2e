"""The project that the browser looks at: a sample, a loop with a bad item, a large graph, a small one that runs often, a card, a schedule."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SCHEMA = "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#"
LARGE = 500
LONG = "a_name_that_is_as_long_as_the_platform_lets_it_be_and_nobody_can_read_at_once"

_BUTTON = {
    "type": "Request",
    "kind": "Button",
    "inputs": {
        "schema": {
            "type": "object",
            "required": ["divisor"],
            "properties": {
                "divisor": {"type": "integer", "title": "Divisor of the third item"},
                "note": {"type": "string", "title": "Note", "description": "Kept in the run"},
            },
        }
    },
}


_NIGHTLY = {"type": "Recurrence", "recurrence": {"frequency": "Day", "interval": 1, "schedule": {"hours": ["2"]}}}


def write_project(folder: Path) -> Path:
    """Write the project; return its folder."""
    shutil.copytree(ROOT / "examples" / "invoice_approval", folder / "flows" / "invoice_approval")
    shutil.copy(ROOT / "examples" / "invoice_approval" / "tenant.yaml", folder / "tenant.yaml")
    _write(folder, "divisions", _divisions(), _BUTTON)
    _write(folder, "large", _large())
    _write(folder, "ping", {"Note": {"type": "Compose", "inputs": "@triggerBody()"}})
    _write(folder, "card", _card())
    _write(folder, LONG, {LONG: {"type": "Compose", "inputs": "@int(triggerBody()?['text'])"}})
    _write(folder, "nightly", {"Note": {"type": "Compose", "inputs": 1}}, _NIGHTLY)
    return folder


def _write(folder: Path, name: str, actions: dict[str, Any], trigger: dict[str, Any] | None = None) -> None:
    home = folder / "flows" / name
    home.mkdir(parents=True)
    value = {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "triggers": {"manual": trigger or {"type": "Request", "kind": "Http", "inputs": {}}},
        "actions": actions,
    }
    (home / "flow.json").write_text(json.dumps(value, indent=2), encoding="utf-8")
    (home / "flow.toml").write_text('owner = "somebody@contoso.example"\n', encoding="utf-8")


def _card() -> dict[str, Any]:
    """Return a card in a chat that waits for one of its buttons, and what becomes of the answer."""
    card = {
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            {"type": "TextBlock", "text": "Ticket @{triggerBody()?['ticket']}"},
            {"type": "Input.Text", "id": "note"},
        ],
        "actions": [
            {"type": "Action.Submit", "title": "I take it", "data": {"action": "take"}},
            {"type": "Action.Submit", "title": "Escalate", "data": {"action": "escalate"}},
        ],
    }
    given = {
        "poster": "Flow bot",
        "location": "Chat with Flow bot",
        "body/body/recipient/to": "ada@contoso.example",
        "body/body/messageBody": json.dumps(card),
    }
    host = {
        "apiId": "/providers/Microsoft.PowerApps/apis/shared_teams",
        "connectionName": "shared_teams",
        "operationId": "PostCardAndWaitForResponse",
    }
    return {
        "Ask": {"type": "OpenApiConnectionWebhook", "inputs": {"host": host, "parameters": given}},
        "Answer": {"type": "Compose", "runAfter": {"Ask": ["Succeeded"]}, "inputs": "@outputs('Ask')?['body/data']"},
    }


def _divisions() -> dict[str, Any]:
    """Return a scope with a slow loop, whose third item may divide by zero, and the branch that catches it."""
    return {
        "Try": {
            "type": "Scope",
            "runAfter": {},
            "actions": {
                "Each": {
                    "type": "Foreach",
                    "foreach": "@createArray(2, 5, triggerBody()?['divisor'], 4)",
                    "runtimeConfiguration": {"concurrency": {"repetitions": 1}},
                    "actions": {
                        "Pause": {"type": "Wait", "inputs": {"interval": {"count": 1, "unit": "Second"}}},
                        "Divide": {
                            "type": "Compose",
                            "runAfter": {"Pause": ["Succeeded"]},
                            "inputs": "@div(100, items('Each'))",
                        },
                    },
                },
                "After_all": {"type": "Compose", "runAfter": {"Each": ["Succeeded"]}, "inputs": "all done"},
            },
        },
        "Catch": {
            "type": "Scope",
            "runAfter": {"Try": ["Failed", "TimedOut"]},
            "actions": {"Report": {"type": "Compose", "inputs": "@result('Try')"}},
        },
        "Finish": {"type": "Compose", "runAfter": {"Try": ["Succeeded"]}, "inputs": "fine"},
    }


def _large() -> dict[str, Any]:
    """Return LARGE actions: scopes one after another, each with rows of actions side by side."""
    actions: dict[str, Any] = {}
    before: dict[str, Any] = {}
    for number in range(LARGE // 25):
        inner: dict[str, Any] = {}
        for row in range(6):
            for column in range(4):
                after = {f"A{number}_{row - 1}_{column}": ["Succeeded"]} if row else {}
                inner[f"A{number}_{row}_{column}"] = {"type": "Compose", "runAfter": after, "inputs": row}
        actions[f"Part_{number}"] = {"type": "Scope", "runAfter": before, "actions": inner}
        before = {f"Part_{number}": ["Succeeded"]}
    return actions
