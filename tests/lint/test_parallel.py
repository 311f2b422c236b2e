"""Actions that need nothing of each other start together; every edge that something depends on stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.lint.cases import definition_of

import runafter
from runafter.connectors.registry import catalogue
from runafter.definition.nodes import Definition
from runafter.lint.harden import SAFE, harden
from runafter.local.read import read

SITE = "https://contoso.sharepoint.com"
FRAGILE = Path(__file__).resolve().parents[2] / "examples" / "employee_onboarding" / "fragile" / "flow.json"


def call(api: str, operation: str, *after: str, **parameters: Any) -> dict[str, Any]:
    host = {
        "apiId": f"/providers/Microsoft.PowerApps/apis/{api}",
        "connectionName": api,
        "operationId": operation,
    }
    named = {name.replace("__", "/"): value for name, value in parameters.items()}
    inputs = {"host": host, "parameters": named}
    return {"type": "OpenApiConnection", "inputs": inputs, "runAfter": {name: ["Succeeded"] for name in after}}


def item(operation: str, table: str, *after: str, **parameters: Any) -> dict[str, Any]:
    return call("shared_sharepointonline", operation, *after, dataset=SITE, table=table, **parameters)


def compose(value: Any, *after: str) -> dict[str, Any]:
    return {"type": "Compose", "inputs": value, "runAfter": {name: ["Succeeded"] for name in after}}


def edges(actions: dict[str, Any]) -> dict[str, list[str]]:
    return {name: list(action.get("runAfter", {})) for name, action in actions.items()}


def together(actions: dict[str, Any], **case: Any) -> Definition:
    done = harden([definition_of({"actions": actions, **case})], only=("parallel",), catalogue=catalogue())
    assert not harden(done.definitions, only=("parallel",), catalogue=catalogue()).is_changed
    return done.definitions[0]


def row(*actions: dict[str, Any]) -> dict[str, Any]:
    """Put actions one behind the other: A, B, C."""
    named = dict(zip("ABCDEFGH", actions, strict=False))
    before = ""
    for name, action in named.items():
        action["runAfter"] = {before: ["Succeeded"]} if before else {}
        before = name
    return named


def test_reads_start_together_and_what_follows_waits_for_all() -> None:
    flow = together(
        row(item("GetItems", "Orders"), item("GetItems", "Prices"), item("GetItems", "Stock"), compose("@body('A')"))
    )

    assert edges(flow.value["actions"]) == {"A": [], "B": [], "C": [], "D": ["A"]}
    assert runafter.run(flow, mocks="auto").status == "Succeeded"


def test_what_waits_for_the_row_in_another_way_leaves_it_as_it_is() -> None:
    actions = row(item("GetItems", "Orders"), item("GetItems", "Prices"))
    actions["Caught"] = compose("x") | {"runAfter": {"B": ["Failed", "Skipped"]}}

    assert edges(together(actions).value["actions"]) == edges(actions)


NEEDS: dict[str, list[dict[str, Any]]] = {
    "a value that is read": [
        item("GetItems", "Orders"),
        item("GetItem", "Prices", id="@first(outputs('A')?['body/value'])?['ID']"),
    ],
    "one table, and one writes": [item("PostItem", "Orders", item__Title="x"), item("GetItems", "Orders")],
    "a table that is computed": [item("PostItem", "Orders", item__Title="x"), item("GetItems", "@outputs('Name')")],
    "a check of the data": [
        {"type": "ParseJson", "inputs": {"content": "@triggerBody()", "schema": {"type": "object"}}},
        item("PostItem", "Orders", item__Title="x"),
    ],
    "a message after a change": [
        item("PostItem", "Orders", item__Title="x"),
        call("shared_office365", "SendEmailV2", emailMessage__To="a@contoso.com", emailMessage__Subject="x"),
    ],
    "an unknown effect": [
        {"type": "Http", "inputs": {"method": "POST", "uri": "https://a.example"}},
        item("PostItem", "Orders", item__Title="x"),
    ],
    "what ends the run": [
        {"type": "Terminate", "inputs": {"runStatus": "Succeeded"}},
        item("GetItems", "Orders"),
    ],
    "a name that is computed": [
        item("GetItems", "Orders"),
        item("GetItem", "Prices", id="@outputs(triggerBody()?['name'])?['body/ID']"),
    ],
}


@pytest.mark.parametrize("why", NEEDS)
def test_an_edge_that_is_needed_stays(why: str) -> None:
    actions = row(*(dict(each) for each in NEEDS[why]))

    assert edges(together(actions).value["actions"]) == edges(actions)


def test_a_variable_that_both_touch_keeps_their_order() -> None:
    begin = {"type": "InitializeVariable", "inputs": {"variables": [{"name": "n", "type": "string"}]}}
    keep = {"type": "SetVariable", "inputs": {"name": "n", "value": "@string(outputs('B')?['body/value'])"}}
    read_it = item("GetItem", "Stock", id="@variables('n')")
    apart = item("GetItems", "Prices")

    flow = together(row(begin, item("GetItems", "Orders"), keep, read_it, apart))

    assert edges(flow.value["actions"]) == {"A": [], "B": ["A"], "C": ["B"], "D": ["C"], "E": ["A"]}


def test_the_first_of_a_row_hands_on_what_it_waits_for() -> None:
    scope = {"type": "Scope", "actions": {"Inner": item("GetItems", "Orders")}, "runAfter": {}}
    actions = {
        "Try": scope,
        "Find": item("GetItems", "Prices") | {"runAfter": {"Try": ["Failed", "TimedOut"]}},
        "Also": item("GetItems", "Stock", "Find"),
    }

    flow = together(actions).value["actions"]

    assert flow["Also"]["runAfter"] == {"Try": ["Failed", "TimedOut"]}


def test_the_onboarding_sample_falls_into_independent_branches() -> None:
    before = read(FRAGILE)[0]
    (after,) = harden([before], only=("parallel",), catalogue=catalogue()).definitions
    loop = after.value["actions"]["Apply_to_each"]["actions"]

    assert loop["Create_site"]["runAfter"] == {}
    assert list(loop["Add_to_all_staff"]["runAfter"]) == ["Set_user_id"]
    assert sorted(loop["Log_to_SQL"]["runAfter"]) == ["Assign_licence", "Send_an_email"]
    assert runafter.run(before, mocks="auto").status == runafter.run(after, mocks="auto").status


def test_it_is_done_by_name_only() -> None:
    assert "parallel" not in SAFE
