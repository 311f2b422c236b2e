"""What stands where an object belongs is said, never passed over with the actions in it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.program.flows import codes_of, compose, findings_of, foreach

SCOPE = {"type": "Scope", "runAfter": {}}
IF = {"type": "If", "expression": "@equals(1, 1)", "actions": {}, "runAfter": {}}
SWITCH = {"type": "Switch", "expression": "@triggerBody()", "runAfter": {}}
UNTIL = {"type": "Until", "expression": "@equals(1, 1)", "actions": {}, "runAfter": {}}
INNER = {"Inner": compose()}


@pytest.mark.parametrize(
    ("action", "place"),
    [
        ({**SCOPE, "actions": [compose()]}, "/actions"),
        ({**SCOPE, "actions": "Inner"}, "/actions"),
        ({**IF, "actions": 5}, "/actions"),
        ({**IF, "else": "Inner"}, "/else"),
        ({**IF, "else": {"actions": [compose()]}}, "/else/actions"),
        ({**SWITCH, "cases": [{"case": 1, "actions": INNER}]}, "/cases"),
        ({**SWITCH, "cases": {"c": {"case": 1, "actions": True}}}, "/cases/c/actions"),
        ({**SWITCH, "cases": {}, "default": {"actions": "x"}}, "/default/actions"),
        ({**UNTIL, "limit": "PT1H"}, "/limit"),
        ({**compose(), "limit": 5}, "/limit"),
        ({**compose(), "runtimeConfiguration": "secure"}, "/runtimeConfiguration"),
    ],
)
def test_what_is_no_object_is_an_error_at_its_place(action: dict[str, Any], place: str) -> None:
    found = [each for each in findings_of({"A": action}) if each.code == "ACT008"]

    assert [(each.pointer.removeprefix("/actions/A"), each.severity) for each in found] == [(place, "error")]


@pytest.mark.parametrize("key", ["else", "default"])
def test_actions_that_stand_in_a_branch_without_actions_are_an_error(key: str) -> None:
    around = {**IF, key: INNER} if key == "else" else {**SWITCH, "cases": {}, key: INNER}

    (found,) = [each for each in findings_of({"A": around}) if each.code == "ACT002"]

    assert found.message == f"'{key}' of 'A' has no 'actions'"


@pytest.mark.parametrize(
    "action",
    [
        {**SCOPE, "actions": None},
        {**SCOPE, "actions": []},
        {**IF, "else": {}},
        {**IF, "else": None},
        {**SWITCH, "cases": {}, "default": {"actions": {}}},
        {**UNTIL, "limit": {}},
        {**compose(), "runtimeConfiguration": {}, "trackedProperties": {}},
    ],
)
def test_nothing_in_the_place_of_an_object_is_an_empty_one(action: dict[str, Any]) -> None:
    assert not {"ACT002", "ACT008"} & set(codes_of({"A": action}))


@pytest.mark.parametrize("name", ["parameters", "outputs", "triggers"])
def test_parts_of_a_definition_are_objects(name: str) -> None:
    found = findings_of({"A": compose()}, **{name: "x"})

    assert [each.message for each in found if each.code == "ACT008"] == [f"'{name}' is no object"]


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ({**IF, "expression": "true"}, "the condition of 'A' is text, which is never a boolean"),
        ({**IF, "expression": "@@equals(1, 1)"}, "the condition of 'A' is text"),
        ({**IF, "expression": "@{equals(1, 1)}"}, "text with an expression in it"),
        ({**IF, "expression": 1}, "the value 1, which is never a boolean"),
        ({**UNTIL, "expression": "done"}, "the condition of 'A' is text"),
        (foreach({}, "items"), "what 'A' loops over is text, which is never a list"),
        (foreach({}, "@{triggerBody()}"), "text with an expression in it, which is never a list"),
        (foreach({}, {"a": 1}), "an object, which is never a list"),
    ],
)
def test_what_can_never_have_the_needed_type_is_said(action: dict[str, Any], said: str) -> None:
    (found,) = [each for each in findings_of({"A": action}) if each.code == "EXP007"]

    assert said in found.message
    assert found.severity == "warning"


@pytest.mark.parametrize(
    "action",
    [
        {**IF, "expression": True},
        {**IF, "expression": "@true"},
        {**IF, "expression": {"equals": [1, 1]}},
        {**UNTIL, "expression": "@equals(1, 1)"},
        foreach({}, ["a", "b"]),
        foreach({}, "@triggerBody()"),
        foreach({}, "[parameters('rows')]"),
    ],
)
def test_what_may_have_the_needed_type_is_not_judged(action: dict[str, Any]) -> None:
    assert "EXP007" not in codes_of({"A": action})


@pytest.mark.parametrize("tree", [{"equals": [1]}, {"and": [{"less": [1, 2, 3]}]}, {"not": [True, False]}])
def test_a_condition_with_a_wrong_number_of_operands_is_said_at_its_operator(tree: dict[str, Any]) -> None:
    found = [each for each in findings_of({"A": {**IF, "expression": tree}}) if each.code == "EXP002"]

    assert len(found) == 1
    assert found[0].pointer.startswith("/actions/A/expression/")
