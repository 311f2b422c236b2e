"""Rows are read with the columns that are used, where every use names its column."""

from __future__ import annotations

from typing import Any

import pytest
from tests.lint.cases import definition_of

import runafter
from runafter.connectors.registry import catalogue
from runafter.lint.harden import SAFE, harden

ROWS = "@outputs('List')?['body/value']"


def rows(**parameters: Any) -> dict[str, Any]:
    host = {
        "apiId": "/providers/Microsoft.PowerApps/apis/shared_commondataserviceforapps",
        "connectionName": "shared_commondataserviceforapps",
        "operationId": "ListRecords",
    }
    return {
        "type": "OpenApiConnection",
        "inputs": {"host": host, "parameters": {"entityName": "accounts", **parameters}},
        "runAfter": {},
    }


def loop(*values: Any, source: str = ROWS, after: str = "List") -> dict[str, Any]:
    inner = {
        f"Use_{number}": {"type": "Compose", "inputs": value, "runAfter": {}} for number, value in enumerate(values)
    }
    return {"type": "Foreach", "foreach": source, "actions": inner, "runAfter": {after: ["Succeeded"]}}


def compose(value: Any, after: str = "List") -> dict[str, Any]:
    return {"type": "Compose", "inputs": value, "runAfter": {after: ["Succeeded"]}}


def selected(actions: dict[str, Any], first: dict[str, Any] | None = None) -> str | None:
    definition = definition_of({"actions": {"List": first or rows(), **actions}})
    done = harden([definition], only=("columns",), catalogue=catalogue())
    assert not harden(done.definitions, only=("columns",), catalogue=catalogue()).is_changed
    assert runafter.run(done.definitions[0], mocks="auto").status == runafter.run(definition, mocks="auto").status
    found = done.definitions[0].value["actions"]["List"]["inputs"]["parameters"].get("$select")
    return None if found is None else str(found)


def test_the_fields_of_a_loop_are_asked_for_once_each() -> None:
    inner = loop("@items('Each')?['name']", {"a": "@item()?['city']", "b": "to @{items('Each')['name']}"})

    assert selected({"Each": inner}) == "name,city"


def test_a_filter_keeps_rows_and_a_select_ends_them() -> None:
    query = {
        "type": "Query",
        "inputs": {"from": ROWS, "where": "@equals(item()?['statecode'], 0)"},
        "runAfter": {"List": ["Succeeded"]},
    }
    select = {
        "type": "Select",
        "inputs": {"from": "@body('Open')", "select": {"n": "@item()?['name']"}},
        "runAfter": {"Open": ["Succeeded"]},
    }

    assert selected({"Open": query, "Names": select, "All": compose("@body('Names')", "Names")}) == "statecode,name"


def test_the_first_row_its_number_and_what_stands_beside_the_rows() -> None:
    actions = {
        "One": compose("@first(outputs('List')?['body/value'])?['accountid']"),
        "Two": compose("@body('List')?['value'][0]?['name']"),
        "Many": compose("@length(outputs('List')?['body']?['value'])"),
        "Sent": compose("@outputs('List')?['statusCode']"),
    }

    assert selected(actions) == "accountid,name"


def test_a_label_of_a_column_needs_the_column_alone() -> None:
    label = "@items('Each')?['statuscode@OData.Community.Display.V1.FormattedValue']"

    assert selected({"Each": loop(label, "@items('Each')?['@odata.etag']")}) == "statuscode"


WHOLE: dict[str, dict[str, Any]] = {
    "a row handed on": {"Each": loop("@items('Each')")},
    "a column that is computed": {"Each": loop("@items('Each')?[triggerBody()?['column']]")},
    "all rows handed on": {"All": compose(ROWS)},
    "the whole answer": {"All": compose("@body('List')"), "Each": loop("@items('Each')?['name']")},
    "rows only counted": {"Many": compose("@length(outputs('List')?['body/value'])")},
    "an action by a name that is computed": {
        "Each": loop("@items('Each')?['name']"),
        "Any": compose("@outputs(triggerBody()?['name'])"),
    },
    "rows sorted first": {"Each": loop("@item()?['name']", source="@sort(outputs('List')?['body/value'], 'city')")},
}


@pytest.mark.parametrize("why", WHOLE)
def test_whole_rows_stay_where_a_use_does_not_name_its_column(why: str) -> None:
    assert selected(WHOLE[why]) is None


@pytest.mark.parametrize("said", [{"$select": "name"}, {"$expand": "owner"}, {"fetchXml": "<fetch/>"}])
def test_what_the_author_asked_for_stays(said: dict[str, str]) -> None:
    before = rows(**said)

    assert selected({"Each": loop("@items('Each')?['city']")}, before) == said.get("$select")


def test_it_is_done_by_name_only() -> None:
    assert "columns" not in SAFE
