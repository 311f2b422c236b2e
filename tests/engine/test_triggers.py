"""Decisions before there is a run."""

from __future__ import annotations

from typing import Any

import pytest
from tests.engine.driver import START, compose, program_of

from runafter.engine.triggers import Decision, Slots, TriggerScope, decide


def _decide(trigger: dict[str, Any], body: Any, **scope: Any) -> Decision:
    program = program_of({"A": compose()}, triggers={"T": {"type": "Request", "kind": "Http", "inputs": {}, **trigger}})
    record = {"name": "T", "outputs": {"headers": {"h": "1"}, "body": body}}
    return decide(program, program.triggers["T"], TriggerScope(record, START, **scope))


@pytest.mark.parametrize(
    ("a", "b", "status"), [(1, 1, "Succeeded"), (1, 2, "Skipped"), (2, 1, "Skipped"), (2, 2, "Skipped")]
)
def test_all_conditions_must_hold(a: int, b: int, status: str) -> None:
    conditions = [{"expression": f"@equals(triggerBody()?['{name}'], 1)"} for name in "ab"]

    decision = _decide({"conditions": conditions}, {"a": a, "b": b})

    assert decision.status == status
    assert len(decision.runs) == (status == "Succeeded")


def test_condition_that_cannot_be_evaluated_fails_the_trigger() -> None:
    decision = _decide({"conditions": [{"expression": "@greater(triggerBody()['n'], 1)"}]}, {})

    assert (decision.status, decision.code, decision.runs) == ("Failed", "InvalidTemplate", ())


def test_split_on_starts_a_run_for_each_item() -> None:
    decision = _decide({"splitOn": "@triggerBody()?['value']"}, {"value": [{"id": 1}, {"id": 2}]})

    assert [run.trigger["outputs"] for run in decision.runs] == [
        {"headers": {"h": "1"}, "body": {"id": 1}},
        {"headers": {"h": "1"}, "body": {"id": 2}},
    ]


def test_split_on_needs_an_array() -> None:
    assert _decide({"splitOn": "@triggerBody()?['value']"}, {}).status == "Failed"


@pytest.mark.parametrize(("given", "tracking"), [(7, "7"), ("a", "a"), (None, None)])
def test_an_id_to_correlate_by_may_be_a_number_or_absent(given: Any, tracking: str | None) -> None:
    decision = _decide({"correlation": {"clientTrackingId": "@triggerBody()?['id']"}}, {"id": given})

    assert [run.client_tracking_id for run in decision.runs] == [tracking]


def test_correlation_names_the_run_for_the_client() -> None:
    decision = _decide({"correlation": {"clientTrackingId": "order-@{triggerBody()?['id']}"}}, {"id": 7})

    assert decision.runs[0].client_tracking_id == "order-7"


def test_slots_start_in_order_wait_and_overflow() -> None:
    slots = Slots(2, 2)

    assert [slots.offer(name) for name in "abcde"] == ["start", "start", "wait", "wait", "overflow"]
    assert slots.overflows == 1
    assert slots.ended("b") == "c"
    assert slots.offer("f") == "wait"
    assert [slots.ended(name) for name in "acdf"] == ["d", "f", None, None]
    assert not slots.running


def test_with_split_on_conditions_are_asked_of_each_item() -> None:
    trigger = {
        "splitOn": "@triggerOutputs()?['body/value']",
        "conditions": [{"expression": "@equals(triggerOutputs()?['body/Status/Value'], 'New')"}],
    }
    items = [{"ID": number, "Status": {"Value": status}} for number, status in enumerate(["New", "Old", "New"])]

    decision = _decide(trigger, {"value": items})

    assert [run.trigger["outputs"]["body"]["ID"] for run in decision.runs] == [0, 2]


def test_split_on_skips_an_event_none_of_whose_items_is_wanted() -> None:
    trigger = {
        "splitOn": "@triggerBody()?['value']",
        "conditions": [{"expression": "@equals(triggerBody()?['n'], 1)"}],
    }

    decision = _decide(trigger, {"value": [{"n": 2}]})

    assert (decision.status, decision.code) == ("Skipped", "TriggerConditionNotMet")
