"""Actions and triggers are walked as they stand, whatever the author's manners."""

from __future__ import annotations

import json
from typing import Any

from tests.definition.cases import CASES

from runafter.definition.nodes import Definition
from runafter.definition.read import read_bytes
from runafter.definition.structure import triggers, walk_actions


def flow(actions: Any, **more: Any) -> Definition:
    schema = "https://schema.management.azure.com/schemas/2016-06-01/workflowdefinition.json#"
    return read_bytes(json.dumps({"$schema": schema, "triggers": {}, "actions": actions, **more}).encode(), "x.json")[0]


def test_every_nesting_is_walked_in_the_authors_order() -> None:
    definition = read_bytes((CASES / "bare.json").read_bytes(), "bare.json")[0]

    found = [
        (action.name, action.type, action.parent.name if action.parent else None, action.branch, action.depth)
        for action in walk_actions(definition)
    ]
    assert found == [
        ("Compose_[total],_a.b/c", "Compose", None, "", 1),
        ("Größe", "Compose", None, "", 1),
        ("Check", "If", None, "", 1),
        ("Yes", "Compose", "Check", "actions", 2),
        ("No", "Terminate", "Check", "else", 2),
        ("Sort", "Switch", None, "", 1),
        ("One", "Scope", "Sort", "case:Case one", 2),
        ("Deep", "Compose", "One", "actions", 3),
        ("Other", "Custom", "Sort", "default", 2),
    ]


def test_pointers_lead_back_to_the_actions() -> None:
    definition = read_bytes((CASES / "bare.json").read_bytes(), "bare.json")[0]

    for action in walk_actions(definition):
        assert definition.document.find(action.pointer) is action.node


def test_types_get_the_platforms_letter_case_and_unknown_ones_stay() -> None:
    definition = flow(
        {
            "a": {"type": "foreach"},
            "b": {"Type": "OPENAPICONNECTION"},
            "c": {"type": "myOwn"},
            "d": {},
            "e": {"type": 1},
        }
    )

    assert [(action.type, action.type_as_written) for action in walk_actions(definition)] == [
        ("Foreach", "foreach"),
        ("OpenApiConnection", "OPENAPICONNECTION"),
        ("myOwn", "myOwn"),
        ("", ""),
        ("", ""),
    ]


def test_run_after_is_read_in_any_form() -> None:
    definition = flow(
        {
            "a": {},
            "b": {"runAfter": None},
            "c": {"runafter": {"a": ["SUCCEEDED", "Failed"]}},
            "d": {"runAfter": ["a", "b"]},
            "e": {"runAfter": "a"},
            "f": {"runAfter": {"a": "Succeeded", "b": []}},
        }
    )

    assert [dict(action.run_after) for action in walk_actions(definition)] == [
        {},
        {},
        {"a": ("SUCCEEDED", "Failed")},
        {"a": (), "b": ()},
        {"a": ()},
        {"a": ("Succeeded",), "b": ()},
    ]


def test_odd_shapes_hold_no_actions_and_break_nothing() -> None:
    for actions in (
        None,
        [],
        [{"type": "Compose"}],
        {"a": None, "b": [], "c": {"actions": [], "else": 1, "cases": [1], "default": None}},
    ):
        definition = flow(actions)
        assert {action.depth for action in walk_actions(definition)} <= {1}


def test_triggers_are_given_like_actions() -> None:
    definition = flow({}, triggers={"When": {"type": "recurrence", "recurrence": {}}})

    assert [(trigger.name, trigger.type, trigger.pointer) for trigger in triggers(definition)] == [
        ("When", "Recurrence", "/triggers/When")
    ]
