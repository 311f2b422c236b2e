"""Small flows for the tests of this room."""

from __future__ import annotations

import json
from typing import Any

from runafter.definition.nodes import Connection, Definition
from runafter.definition.source import parse_bytes
from runafter.errors import Finding
from runafter.program.build import build, problems
from runafter.program.steps import Program

PA = "power-automate"
CONSUMPTION = "logic-apps-consumption"
STANDARD = "logic-apps-standard"

SCHEMA = "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#"
MANUAL = {"manual": {"type": "Request", "kind": "Http", "inputs": {}}}


def definition_of(
    actions: dict[str, Any] | None = None,
    *,
    profile: str = PA,
    triggers: dict[str, Any] | None = None,
    connections: dict[str, Connection] | None = None,
    parameter_values: dict[str, Any] | None = None,
    workflow_kind: str | None = None,
    **more: Any,
) -> Definition:
    """Read a definition with these actions from JSON text."""
    value = {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "triggers": MANUAL if triggers is None else triggers,
        "actions": actions or {},
        **more,
    }
    node = parse_bytes(json.dumps(value, indent=1).encode(), "flow.json")
    return Definition(
        name="flow",
        node=node,
        document=node,
        file="flow.json",
        container="definition",
        profile=profile,
        workflow_kind=workflow_kind,
        connections=connections or {},
        parameter_values=parameter_values or {},
    )


def findings_of(actions: dict[str, Any] | None = None, **more: Any) -> list[Finding]:
    return problems(definition_of(actions, **more))


def codes_of(actions: dict[str, Any] | None = None, **more: Any) -> list[str]:
    return [finding.code for finding in findings_of(actions, **more)]


def program_of(actions: dict[str, Any] | None = None, **more: Any) -> Program:
    return build(definition_of(actions, **more))


def compose(inputs: Any = 1, *after: str, **more: Any) -> dict[str, Any]:
    """A Compose that runs after these actions succeeded."""
    return {"type": "Compose", "inputs": inputs, "runAfter": {name: ["Succeeded"] for name in after}, **more}


def initialize(name: str, type_: str = "string", *after: str, **row: Any) -> dict[str, Any]:
    return {
        "type": "InitializeVariable",
        "inputs": {"variables": [{"name": name, "type": type_, **row}]},
        "runAfter": {each: ["Succeeded"] for each in after},
    }


def foreach(actions: dict[str, Any], source: Any = "@triggerBody()", **more: Any) -> dict[str, Any]:
    return {"type": "Foreach", "foreach": source, "actions": actions, "runAfter": {}, **more}


def scope(actions: dict[str, Any], *after: str) -> dict[str, Any]:
    return {"type": "Scope", "actions": actions, "runAfter": {name: ["Succeeded"] for name in after}}
