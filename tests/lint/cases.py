"""Flows of the cases: a few lines of YAML become a whole definition."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from runafter.definition.nodes import Connection, Definition
from runafter.definition.source import parse_bytes

CASES = Path(__file__).resolve().parents[1] / "cases"
SCHEMA = "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#"
MANUAL = {"manual": {"type": "Request", "kind": "Button", "inputs": {"schema": {}}}}


def load(name: str) -> Any:
    return yaml.safe_load((CASES / name).read_text(encoding="utf-8"))


def definition_of(case: dict[str, Any]) -> Definition:
    """Make the definition of one case; `profile`, `container`, `connections`, `parameters`, `triggers` are optional."""
    value = {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": case.get("parameters", {}),
        "triggers": case.get("triggers", MANUAL),
        "actions": case["actions"],
    }
    node = parse_bytes(json.dumps(value, indent=2).encode(), "flow.json")
    return Definition(
        name="flow",
        node=node,
        document=node,
        file="flow.json",
        container=case.get("container", "definition"),
        profile=case.get("profile", "power-automate"),
        connections={
            name: Connection(
                name=name,
                api=name,
                logical_name=(row.get("connection") or {}).get("connectionReferenceLogicalName"),
                display_name=row.get("displayName"),
            )
            for name, row in case.get("connections", {}).items()
        },
    )
