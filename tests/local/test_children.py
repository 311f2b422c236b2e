"""What a parent gets from the flow that it calls."""

from __future__ import annotations

import json
from typing import Any

import pytest

import runafter

DONE = ["Succeeded"]


def _flow(name: str, actions: dict[str, Any]) -> runafter.Definition:
    definition = {
        "$schema": "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#",
        "contentVersion": "1.0.0.0",
        "triggers": {"manual": {"type": "Request", "kind": "PowerAppV2", "inputs": {}}},
        "actions": actions,
    }
    text = json.dumps({"name": name, "properties": {"displayName": name, "definition": definition}})
    (found,) = runafter.read(text.encode(), profile="power-automate")
    return found


def _respond(status_code: Any, **more: Any) -> dict[str, Any]:
    return {"type": "Response", "kind": "Http", "inputs": {"statusCode": status_code, **more}, "runAfter": {}}


def _called(child: dict[str, Any]) -> Any:
    call = {"host": {"workflowReferenceName": "Child"}, "body": {"n": 21}}
    parent = _flow("Parent", {"Call": {"type": "Workflow", "inputs": call, "runAfter": {}}})
    return runafter.run(parent, flows=[_flow("Child", child)]).action("Call")


BAD = {"type": "Compose", "inputs": "@div(1, 0)", "runAfter": {}}


@pytest.mark.parametrize(
    "child",
    [
        {"Done": {"type": "Compose", "inputs": 1, "runAfter": {}}},
        {"Bad": BAD, "Answer": {**_respond(200), "runAfter": {"Bad": DONE}}},
        {"Answer": _respond("@div(1, 0)")},
        {"Stop": {"type": "Terminate", "inputs": {"runStatus": "Succeeded"}, "runAfter": {}}},
    ],
    ids=["no response", "never reached", "response fails", "terminated"],
)
def test_a_child_that_ends_unanswered_is_a_bad_gateway(child: dict[str, Any]) -> None:
    call = _called(child)

    assert (call.status, call.code, call.error) == ("Failed", "BadGateway", None)
    assert (call.outputs["statusCode"], call.outputs["body"]["error"]["code"]) == (502, "NoResponse")
    assert call.outputs["headers"]["x-ms-workflow-run-id"] in call.outputs["body"]["error"]["message"]


def test_a_child_counts_by_its_response_even_if_it_fails_later() -> None:
    call = _called({"Answer": _respond(200, body={"early": True}), "Bad": {**BAD, "runAfter": {"Answer": DONE}}})

    assert (call.status, call.outputs["body"]) == ("Succeeded", {"early": True})


def test_a_refusal_of_the_child_fails_the_call_and_keeps_the_answer() -> None:
    call = _called({"Answer": _respond("@add(399, 1)", headers={"X-Kind": "@concat('b', 'ad')"}, body={"error": 1})})

    assert (call.status, call.code) == ("Failed", "BadRequest")
    assert call.outputs["headers"]["X-Kind"] == "bad"
    assert call.outputs["headers"]["Content-Type"] == "application/json; charset=utf-8"


def test_a_quick_child_with_a_secured_response_still_answers() -> None:
    secured = {"runtimeConfiguration": {"secureData": {"properties": ["inputs"]}}}

    call = _called({"Answer": {**_respond(200, body={"key": 7}), **secured}})

    assert call.outputs["body"] == {"key": 7}


def test_a_response_without_a_body_gives_none() -> None:
    call = _called({"Answer": _respond(204)})

    assert call.code == "NoContent"
    assert "body" not in call.outputs
