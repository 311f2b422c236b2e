"""A run with inferred mocks takes the way that a flow is written for, on data that its services could give."""

from __future__ import annotations

from typing import Any

import pytest

import runafter
from runafter.definition.read import read_bytes
from runafter.local.infer import Inference
from runafter.local.shapes import CLOCK
from runafter.program.build import build
from runafter.simulator.host import START_TICKS
from runafter.values.time import Timestamp, round_trip

MANUAL = {"manual": {"type": "Request", "kind": "Http", "inputs": {}}}


def definition(actions: dict[str, Any], triggers: dict[str, Any] | None = None) -> runafter.Definition:
    import json

    document = {"definition": {"contentVersion": "1.0.0.0", "triggers": triggers or MANUAL, "actions": actions}}
    return read_bytes(json.dumps(document).encode(), "flow.json")[0]


def body_of(expression: str) -> Any:
    """Return the trigger's body made up for a flow that reads it in one Compose."""
    flow = definition({"Read": {"type": "Compose", "inputs": expression, "runAfter": {}}})
    return Inference(build(flow)).trigger.property("body").sample()


def taken(condition: Any) -> bool:
    """Tell whether a run with inferred mocks takes the branch of this condition."""
    inside = {"Inside": {"type": "Compose", "inputs": 1, "runAfter": {}}}
    flow = definition({"If": {"type": "If", "expression": condition, "actions": inside, "runAfter": {}}})
    result = runafter.run(flow, mocks="auto")
    assert result.status == "Succeeded"
    return result.actions["Inside"][0].status == "Succeeded"


def test_a_value_that_a_compose_passes_on_is_text_not_an_object() -> None:
    assert body_of("@triggerBody()?['title']") == {"title": "title 1"}


def test_a_way_through_objects_is_made_of_objects() -> None:
    assert body_of("@triggerBody()?['Author/Email']") == {"Author": {"Email": "user1@example.com"}}
    assert body_of("@triggerOutputs()?['body/resource/id']") == {"resource": {"id": "1"}}


@pytest.mark.parametrize(
    "condition",
    [
        "@endsWith(toLower(triggerBody()?['name']), '.pdf')",
        "@and(startsWith(triggerBody()?['name'], 'INV'), endsWith(triggerBody()?['name'], '.xml'))",
        "@equals(toUpper(trim(triggerBody()?['state'])), 'OPEN')",
        "@greaterOrEquals(int(triggerBody()?['count']), 3)",
        {"and": [{"greater": ["@int(triggerBody()?['count'])", 40]}]},
        "@less(triggerBody()?['due'], utcNow())",
        "@greater(triggerBody()?['due'], addDays(utcNow(), 30))",
        "@less(ticks(triggerBody()?['due']), ticks(addDays(startOfDay(utcNow()), 7)))",
        "@equals(formatDateTime(triggerBody()?['birthday'], 'MM-dd'), formatDateTime(utcNow(), 'MM-dd'))",
        "@not(greater(triggerBody()?['due'], utcNow()))",
        "@and(greaterOrEquals(triggerBody()?['due'], startOfDay(utcNow())), less(triggerBody()?['due'], addDays(utcNow(), 7)))",
    ],
)
def test_a_branch_is_taken_where_made_up_data_can_meet_its_condition(condition: Any) -> None:
    assert taken(condition)


def test_a_filter_keeps_made_up_items_that_are_due() -> None:
    where = "@and(not(empty(item()?['Due Date'])), less(ticks(item()?['Due Date']), ticks(addDays(utcNow(), 7))))"
    flow = definition(
        {
            "List": {"type": "Http", "inputs": {"method": "GET", "uri": "https://example.com"}, "runAfter": {}},
            "Due": {"type": "Query", "inputs": {"from": "@body('List')?['value']", "where": where}, "runAfter": {"List": ["Succeeded"]}},
        }
    )  # fmt: skip

    result = runafter.run(flow, mocks="auto")

    assert len(result.actions["Due"][0].outputs["body"]) == 2


def test_a_made_up_list_has_one_page() -> None:
    inside = {
        "Get": {"type": "Http", "inputs": {"method": "GET", "uri": "@variables('next')"}, "runAfter": {}},
        "Next": {
            "type": "SetVariable",
            "inputs": {"name": "next", "value": "@{body('Get')?['@odata.nextLink']}"},
            "runAfter": {"Get": ["Succeeded"]},
        },
    }
    flow = definition(
        {
            "Init": {
                "type": "InitializeVariable",
                "inputs": {"variables": [{"name": "next", "type": "string", "value": "https://example.com"}]},
                "runAfter": {},
            },
            "Pages": {
                "type": "Until",
                "expression": "@empty(variables('next'))",
                "limit": {"count": 60, "timeout": "PT1H"},
                "actions": inside,
                "runAfter": {"Init": ["Succeeded"]},
            },
        }
    )

    result = runafter.run(flow, mocks="auto")

    assert len(result.actions["Get"]) == 1


def test_the_clock_that_times_are_made_for_is_where_virtual_time_starts() -> None:
    assert round_trip(Timestamp(START_TICKS)).startswith(CLOCK.rstrip("Z"))


@pytest.mark.parametrize(
    "expression",
    [
        "@addProperty(triggerBody()?['tags'], 'host', 'a')",
        "@setProperty(triggerBody()?['tags'], 'host', 'a')",
        "@removeProperty(triggerBody()?['tags'], 'host')",
    ],
)
def test_what_gets_or_loses_a_property_is_an_object(expression: str) -> None:
    assert body_of(expression) == {"tags": {}}
