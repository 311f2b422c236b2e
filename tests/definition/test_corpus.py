"""Real definitions: read without an internal error, in every form they come in, quickly, and written back as they were."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.definition.cases import SHARED, zipped

from runafter.definition.nodes import Definition
from runafter.definition.read import read_bytes, read_files
from runafter.definition.rename import rename_action
from runafter.definition.source import parse_bytes
from runafter.definition.structure import triggers, walk_actions
from runafter.definition.write import canonical, write

pytestmark = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the corpus of real definitions is not beside the repository"
)
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


def records() -> Iterator[dict[str, Any]]:
    for file in sorted(SHARED.glob("*.jsonl.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            yield from map(json.loads, lines)


@pytest.fixture(scope="module")
def corpus() -> list[dict[str, Any]]:
    return list(records())


def read_one(data: bytes, name: str = "flow.json") -> Definition:
    (definition,) = read_bytes(data, name)
    return definition


def test_every_definition_is_read_and_written_back(corpus: list[dict[str, Any]]) -> None:
    for record in corpus:
        data = json.dumps(record["definition"]).encode()
        definition = read_one(data)
        assert definition.value == record["definition"], record["path"]
        assert write(definition.document) == data, record["path"]
        text = canonical(definition.node)
        again = parse_bytes(text.encode())
        assert (canonical(again), again.value) == (text, record["definition"]), record["path"]

    assert len(corpus) == 746


def test_every_action_is_walked_and_found_by_its_pointer(corpus: list[dict[str, Any]]) -> None:
    def count(value: Any) -> int:
        here = len(value["actions"]) if isinstance(value.get("actions"), dict) else 0
        inner = [*value.get("actions", {}).values(), value.get("else"), value.get("default")]
        inner += [*(value.get("cases") or {}).values(), *(value.get("tools") or {}).values()]
        return here + sum(count(each) for each in inner if isinstance(each, dict))

    for record in corpus:
        definition = read_one(json.dumps(record["definition"], indent=2).encode())
        actions = list(walk_actions(definition))
        assert len(actions) == count(record["definition"]), record["path"]
        for node in [*actions, *triggers(definition)]:
            assert definition.document.find(node.pointer) is node.node
            assert node.node.line > 1


def test_every_definition_is_read_from_the_container_it_belongs_to(corpus: list[dict[str, Any]]) -> None:
    for record in corpus:
        flow, kind = record["definition"], record["kind"]
        if kind == "power-automate":
            body = {
                "properties": {"definition": flow, "connectionReferences": record.get("connectionReferences") or {}},
                "schemaVersion": "1.0.0.0",
            }
            members = {
                "solution.xml": b"<a/>",
                "Workflows\\Flow-1.json": b"\xef\xbb\xbf" + json.dumps(body, indent=2).encode(),
            }
            found = read_one(zipped({"Assets\\inner.zip": zipped(members)}), "outer.zip")
            names = set(record.get("connectionReferences") or {})
            assert set(found.connections) == names, record["path"]
            assert all(item.api for item in found.connections.values())
        elif record["arm"]:
            resource = {
                "type": "Microsoft.Logic/workflows",
                "name": "flow",
                "properties": {"definition": flow, "parameters": record.get("parameters") or {}},
            }
            template = {"$schema": SCHEMA, **(record.get("template") or {}), "resources": [resource]}
            found = read_one(json.dumps(template).encode("utf-16"), "azuredeploy.json")
            entry = (record.get("parameters") or {}).get("$connections")
            if isinstance(entry, dict) and isinstance(entry.get("value"), dict):
                assert set(found.connections) == set(entry["value"]), record["path"]
        else:
            body = {"definition": flow, "kind": record.get("workflowKind") or "Stateful"}
            (found,) = read_files({"host.json": b"{}", "flow/workflow.json": json.dumps(body).encode()})
            assert found.workflow_kind == body["kind"]
        assert found.node.value == flow, record["path"]
        assert found.profile == (
            kind if kind == "power-automate" else "logic-apps-consumption" if record["arm"] else "logic-apps-standard"
        )


def evaluated(value: Any) -> Iterator[str]:
    """The strings that may hold expressions: authors quote expressions in descriptions, where they are only read."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from evaluated(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            if key != "description":
                yield from evaluated(item)


def dotted(text: str) -> str:
    """A script's `actions["Name"]` as `actions.Name`: a name that needed brackets keeps them when it is renamed back."""
    return re.sub(r'workflowContext\.actions\[\\"(\w+)\\"\]', r"workflowContext.actions.\1", text)


def test_renaming_any_action_and_back_leaves_the_canonical_text_as_it_was(corpus: list[dict[str, Any]]) -> None:
    renamed = 0
    for record in corpus[::5]:
        definition = read_one(json.dumps(record["definition"]).encode())
        names = {action.name.casefold() for action in walk_actions(definition)}
        actions = [action for action in walk_actions(definition) if action.name == action.name.strip()]
        for action in actions[:: max(len(actions) // 3, 1)]:
            there = rename_action(definition, action.name, "Renamed (it's) [1]")
            back = rename_action(read_one(write(there)), "Renamed (it's) [1]", action.name)
            assert "renamed (it's) [1]" not in names
            quoted = "('" + action.name.replace("'", "''") + "')"
            left = [text for text in evaluated(there.value) if f"body{quoted}" in text or f"outputs{quoted}" in text]
            assert left == [], (record["path"], action.name)
            assert len(dotted(canonical(back))) == len(dotted(canonical(definition.document)))
            assert dotted(canonical(back)).casefold() == dotted(canonical(definition.document)).casefold()
            renamed += 1

    assert renamed > 300
