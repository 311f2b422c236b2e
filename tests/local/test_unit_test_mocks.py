"""Mock files that the designer of Logic Apps Standard makes for unit tests."""

from __future__ import annotations

import json
from typing import Any

import pytest

import runafter
from runafter.definition.read import read_bytes
from runafter.local.mocks import MockError

HTTP = {"type": "Http", "inputs": {"method": "GET", "uri": "https://example.com/orders"}}


def flow(said: str) -> runafter.Definition:
    definition = {
        "triggers": {"manual": {"type": "Request", "kind": "Http", "inputs": {}}},
        "actions": {
            "Get": {**HTTP, "runAfter": {}},
            "Say": {"type": "Compose", "inputs": said, "runAfter": {"Get": ["Succeeded", "Failed"]}},
        },
    }
    (found,) = read_bytes(json.dumps({"definition": definition, "kind": "Stateful"}).encode(), "flow.json")
    return found


def said(mock: dict[str, Any], expression: str) -> Any:
    mocks = {
        "triggerMocks": {"manual": {"name": "manual", "status": "Succeeded", "outputs": {"body": {"id": 7}}}},
        "actionMocks": {"Get": {"name": "Get", **mock}},
    }
    return runafter.run(flow(expression), mocks=mocks).action("Say").outputs


def test_the_trigger_brings_what_its_mock_has() -> None:
    assert said({"status": "Succeeded"}, "@triggerBody()?['id']") == 7


@pytest.mark.parametrize("code", [201, "201", "Created"])
def test_a_status_is_a_number_or_a_name(code: Any) -> None:
    mock = {"status": "Succeeded", "outputs": {"statusCode": code, "headers": {"a": "b"}, "body": {"ok": True}}}

    assert said(mock, "@{outputs('Get')?['statusCode']} @{body('Get')?['ok']} @{outputs('Get')?['headers']?['a']}") == (
        "201 True b"
    )


def test_outputs_of_another_form_are_given_whole() -> None:
    mock = {"Status": "Succeeded", "Outputs": {"rows": [1, 2]}}

    assert said(mock, "@outputs('Get')?['rows']") == [1, 2]


@pytest.mark.parametrize(
    ("mock", "code"),
    [
        ({"status": "Failed", "error": {"code": "Conflict", "message": "not now"}}, "Conflict"),
        ({"status": "Failed", "outputs": {"statusCode": "NotFound", "body": {}}}, "NotFound"),
        ({"status": "Failed"}, "BadRequest"),
    ],
)
def test_a_failed_mock_fails_the_action(mock: dict[str, Any], code: str) -> None:
    assert said(mock, "@{actions('Get')?['status']} @{actions('Get')?['code']}") == f"Failed {code}"


@pytest.mark.parametrize(
    "mocks",
    [
        {"actionMocks": []},
        {"actionMocks": {"Get": 1}},
        {"actionMocks": {"Get": {"status": "Skipped"}}},
        {"actionMocks": {"Get": {"outputs": {"statusCode": "Fine"}}}},
    ],
)
def test_what_cannot_be_mocked_is_refused_by_its_place(mocks: dict[str, Any]) -> None:
    with pytest.raises(MockError, match="actionMocks"):
        runafter.run(flow("x"), mocks=mocks)


def test_the_error_of_a_failed_mock_is_its_body() -> None:
    mock = {"status": "Failed", "error": {"code": "Odd", "message": "not now"}}

    assert said(mock, "@{outputs('Get')?['statusCode']} @{body('Get')?['error']?['message']}") == "400 not now"


def test_an_unknown_action_is_refused_as_in_any_mock_file() -> None:
    with pytest.raises(MockError, match="gone"):
        runafter.run(flow("x"), mocks={"actionMocks": {"Gone": {"status": "Succeeded"}}})
