"""Conditions as trees of operators."""

from __future__ import annotations

from typing import Any

import pytest
from tests.program.flows import codes_of, initialize, program_of

from runafter.errors import EvaluationError
from runafter.program.steps import IfStep, UntilStep


class Variables:
    """A scope that knows variables alone; it notes which were asked for."""

    def __init__(self, **values: Any) -> None:
        self.values = values
        self.asked: list[str] = []

    def variable(self, name: str) -> Any:
        self.asked.append(name)
        return self.values[name]


def condition_of(expression: Any) -> Any:
    program = program_of(
        {
            "V": initialize("v", "object"),
            "W": initialize("w", "object", "V"),
            "I": {"type": "If", "expression": expression, "actions": {}, "runAfter": {"W": ["Succeeded"]}},
        }
    )
    step = program.steps["I"]
    assert isinstance(step, IfStep)
    return step.condition


@pytest.mark.parametrize(
    ("expression", "values", "expected"),
    [
        ("@equals(variables('v'), 1)", {"v": 1}, True),
        ({"equals": ["@variables('v')", 1]}, {"v": 1}, True),
        ({"equals": ["@variables('v')", "1"]}, {"v": 1}, False),
        ({"and": [{"equals": ["@variables('v')", "it's"]}]}, {"v": "it's"}, True),
        ({"and": [{"greater": ["@variables('v')", 1]}, {"less": ["@variables('v')", 3]}]}, {"v": 2}, True),
        ({"or": [{"equals": ["@variables('v')", 1]}, {"equals": ["@variables('v')", 2]}]}, {"v": 2}, True),
        ({"not": {"equals": ["@variables('v')", None]}}, {"v": 2}, True),
        ({"not": {"and": [{"contains": ["@variables('v')", "b"]}]}}, {"v": "abc"}, False),
        ({"startsWith": ["@variables('v')", "a@{variables('w')}"]}, {"v": "a7b", "w": 7}, True),
        ({"endsWith": ["@{variables('v')}", "b"]}, {"v": "ab"}, True),
        ({"equals": ["@variables('v')", [1, {"a": "x"}]]}, {"v": [1, {"a": "x"}]}, True),
        ({"equals": ["@variables('v')", "@@x"]}, {"v": "@x"}, True),
        ({"greaterOrEquals": ["@variables('v')", 1.5]}, {"v": 1.5}, True),
        ({"AND": ["@equals(variables('v'), 1)", True]}, {"v": 1}, True),
        ({"equals": [{"and": [True, False]}, False]}, {}, True),
        ({"equals": [{"lENgth": ["@variables('v')"]}, 2]}, {"v": ["a", "b"]}, True),
        ({"and": [{"not": {"isInt": ["@variables('v')"]}}]}, {"v": "x"}, True),
        ({"equals": ["@variables('v')", {"length": 2}]}, {"v": {"length": 2}}, True),
    ],
)
def test_trees_mean_their_expression(expression: Any, values: dict[str, Any], expected: bool) -> None:
    assert condition_of(expression).evaluate(Variables(**values)) is expected


def test_groups_stop_at_the_first_that_decides() -> None:
    scope = Variables(v=1, w=1)

    condition_of({"or": [{"equals": ["@variables('v')", 1]}, {"equals": ["@variables('w')", 1]}]}).evaluate(scope)

    assert scope.asked == ["v"]


def test_a_group_of_something_else_than_booleans_fails() -> None:
    with pytest.raises(EvaluationError):
        condition_of({"and": ["@variables('v')", True]}).evaluate(Variables(v="true"))


@pytest.mark.parametrize(
    "expression",
    [{"equal": [1, 1]}, {"and": [], "or": []}, {"and": []}, {"and": [{"nor": [1, 2]}]}, {}],
)
def test_what_is_no_tree_is_a_finding(expression: Any) -> None:
    assert codes_of({"I": {"type": "If", "expression": expression, "actions": {}}}) == ["ACT005"]


def test_a_fault_inside_a_tree_has_the_place_of_its_leaf() -> None:
    from tests.program.flows import findings_of

    tree = {"and": [{"equals": ["@body('Gone')", 1]}]}

    (finding,) = findings_of({"I": {"type": "If", "expression": tree, "actions": {}}})

    assert (finding.code, finding.pointer) == ("REF001", "/actions/I/expression/and/0/equals/0")


def test_an_until_takes_a_tree_too() -> None:
    until = {"type": "Until", "expression": {"equals": [1, 1]}, "actions": {}}

    step = program_of({"U": until}).steps["U"]

    assert isinstance(step, UntilStep)
    assert step.condition.evaluate(Variables()) is True
