"""The dialect of a definition is told from what only one dialect writes."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from tests.definition.cases import SHARED

from runafter.profiles.detect import detect


def one(**action: Any) -> dict[str, Any]:
    return {"triggers": {}, "actions": {"S": {"type": "If", "else": {"actions": {"A": action}}}}}


def host(**value: Any) -> dict[str, Any]:
    return {"host": value}


@pytest.mark.parametrize(
    ("flow", "profile"),
    [
        ({"parameters": {"$connections": {}, "$authentication": {}}}, "power-automate"),
        ({"parameters": {"$connections": {}}}, "logic-apps-consumption"),
        (one(type="OpenApiConnection"), "power-automate"),
        (one(type="openapiconnectionwebhook"), "power-automate"),
        (one(type="Workflow", inputs=host(workflowReferenceName="x")), "power-automate"),
        (one(type="Compose", metadata={"operationMetadataId": "x"}), "power-automate"),
        (one(type="Response", kind="PowerApp"), "power-automate"),
        (one(type="ApiConnection", inputs=host(connection={"name": "@parameters('$connections')['shared_x']['connectionId']"})), "power-automate"),
        (one(type="ApiConnection", inputs=host(connection={"name": "@parameters('$connections')['sql']['connectionId']"})), "logic-apps-consumption"),
        (one(type="ApiConnection", inputs=host(connection={"referenceName": "sql"})), "logic-apps-standard"),
        (one(type="ServiceProvider"), "logic-apps-standard"),
        (one(type="Function", inputs={"function": {"connectionName": "f"}}), "logic-apps-standard"),
        (one(type="Function", inputs={"function": {"id": "/subscriptions/x"}}), "logic-apps-consumption"),
        (one(type="Workflow", inputs=host(workflow={"id": "child"})), "logic-apps-standard"),
        (one(type="Workflow", inputs=host(triggerName="manual", workflow={"id": "/subscriptions/x"})), "logic-apps-consumption"),
        (one(type="Xslt", inputs={"map": {"source": "LogicApp"}}), "logic-apps-standard"),
        (one(type="Xslt", inputs={"integrationAccount": {"map": {"name": "m"}}}), "logic-apps-consumption"),
        ({}, "logic-apps-consumption"),
        ({"triggers": [], "actions": {"A": None, "B": {"inputs": 1, "type": 2, "kind": None}}}, "logic-apps-consumption"),
    ],
)  # fmt: skip
def test_what_only_one_dialect_writes_decides(flow: dict[str, Any], profile: str) -> None:
    assert detect(flow) == profile


def test_container_and_kind_go_before_content() -> None:
    assert detect(one(type="OpenApiConnection"), container="arm") == "logic-apps-consumption"
    assert detect({}, container="solution") == "power-automate"
    assert detect({}, workflow_kind="Stateless") == "logic-apps-standard"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the corpus of real definitions is not beside the repository")
def test_nearly_all_real_definitions_are_told_right() -> None:
    right = bare = total = 0
    for file in sorted(SHARED.glob("*.jsonl.gz")):
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            for record in map(json.loads, lines):
                total += 1
                right += detect(record["definition"], workflow_kind=record.get("workflowKind")) == record["kind"]
                bare += detect(record["definition"]) == record["kind"]

    assert total == 746
    assert right / total >= 0.98  # with the kind that stands beside a Standard workflow
    assert bare / total >= 0.96  # a bare flow of the core types shows nothing of its dialect
