"""Renaming an action changes its key, every run-after entry and every expression that names it; nothing else."""

from __future__ import annotations

import difflib
import json
from typing import Any

import pytest

from runafter.definition.nodes import Definition
from runafter.definition.read import read_bytes
from runafter.definition.rename import rename_action, rename_in_script, rename_in_text
from runafter.definition.write import canonical


def flow(actions: dict[str, Any]) -> Definition:
    return read_bytes(json.dumps({"triggers": {}, "actions": actions}, indent=2).encode(), "flow.json")[0]


def changed(definition: Definition, old: str, new: str) -> list[str]:
    before = canonical(definition.document).splitlines()
    after = canonical(rename_action(definition, old, new)).splitlines()
    return [line[2:].strip() for line in difflib.ndiff(before, after) if line[0] == "+"]


def test_every_kind_of_reference_is_renamed_and_nothing_else() -> None:
    definition = flow(
        {
            "Get_it": {"type": "Compose", "inputs": "Get_it", "description": "Get_it gets it"},
            "Loop": {
                "type": "Foreach",
                "foreach": "@body('get_it')?['Get_it']",
                "runAfter": {"GET_IT": ["Succeeded"]},
                "actions": {
                    "In": {
                        "type": "Compose",
                        "inputs": {"@{outputs('Get_it')}": "x @{length( actions ( 'Get_it' ))} Get_it"},
                    },
                    "Get_it_2": {"type": "Compose", "inputs": "@concat('outputs(''Get_it'')', outputs('Get_it_2'))"},
                    "Text": {"type": "Compose", "inputs": "@@body('Get_it') outputs('Get_it')"},
                },
            },
        }
    )

    assert changed(definition, "Get_it", "Load's [x]") == [
        '"Load\'s [x]": {',
        "\"foreach\": \"@body('Load''s [x]')?['Get_it']\",",
        '"Load\'s [x]": [',
        "\"@{outputs('Load''s [x]')}\": \"x @{length( actions ( 'Load''s [x]' ))} Get_it\"",
    ]


def test_loops_are_renamed_in_items_and_iteration_indexes() -> None:
    definition = flow(
        {
            "Each": {
                "type": "Foreach",
                "foreach": "@range(0, 2)",
                "actions": {"A": {"type": "Compose", "inputs": "@items('Each')"}},
            },
            "Turn": {"type": "Until", "actions": {"B": {"type": "Compose", "inputs": "@iterationIndexes('Turn')"}}},
            "All": {"type": "Compose", "inputs": "@{result('each')}@{formDataValue('Each', 'Each')}"},
        }
    )

    assert changed(definition, "Each", "Every") == [
        '"Every": {',
        '"inputs": "@items(\'Every\')"',
        "\"inputs\": \"@{result('Every')}@{formDataValue('Every', 'Each')}\"",
    ]
    assert changed(definition, "Turn", "Spin") == ['"Spin": {', '"inputs": "@iterationIndexes(\'Spin\')"']


@pytest.mark.parametrize(
    ("text", "renamed"),
    [
        ("@body('A')", "@body('B')"),
        ("@{body('A')} and @{body('A')}", "@{body('B')} and @{body('B')}"),
        ("@@{body('A')}", "@@{body('A')}"),
        ("a @@{body('A')} @{body('A')}", "a @@{body('A')} @{body('B')}"),
        ("body('A')", "body('A')"),
        ("@concat('}', body('A'))", "@concat('}', body('B'))"),
        ("@{concat('}', body('A'))}", "@{concat('}', body('B'))}"),
        ("@variables('A')", "@variables('A')"),
        ("@mybody('A')", "@mybody('A')"),
        ("@parameters('A')['body'](body('A'))", "@parameters('A')['body'](body('B'))"),
        ("@{body('A')", "@{body('B')"),
        ("@body('a')", "@body('B')"),
        ("x@odata.type", "x@odata.type"),
    ],
)
def test_references_are_found_in_expressions_alone(text: str, renamed: str) -> None:
    assert rename_in_text(text, "A", "B") == renamed


@pytest.mark.parametrize(
    "text",
    ["@" + "a" * 200_000, "@" + "body(" * 40_000, "@" + "''" * 100_000 + "'", "@{" * 50_000, "@body('" + " " * 200_000],
)
@pytest.mark.timeout(30)  # far more than a linear search needs, far less than a quadratic one
def test_hostile_texts_are_searched_in_linear_time(text: str) -> None:
    assert rename_in_text(text, "A", "B") == text


def test_expressions_inside_template_expressions_are_renamed() -> None:
    text = "[concat('@{body(''It''''s'')} ', parameters('It''s'))]"

    assert rename_in_text(text, "It's", "X", arm=True) == "[concat('@{body(''X'')} ', parameters('It''s'))]"


def test_names_are_compared_without_regard_to_case_and_must_be_free() -> None:
    definition = flow({"One": {"type": "Compose"}, "Two": {"type": "Scope", "actions": {"Three": {"type": "Compose"}}}})

    assert changed(definition, "one", "ONE") == ['"ONE": {']
    with pytest.raises(ValueError, match="no action named 'Four'"):
        rename_action(definition, "Four", "Five")
    with pytest.raises(ValueError, match="is taken"):
        rename_action(definition, "One", "three")


def test_a_definition_inside_a_larger_file_is_renamed_there() -> None:
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "resources": [
            {
                "type": "Microsoft.Logic/workflows",
                "name": name,
                "properties": {
                    "definition": {"triggers": {}, "actions": {"A": {"type": "Compose", "inputs": "@outputs('A')"}}}
                },
            }
            for name in ("first", "second")
        ],
    }
    second = read_bytes(json.dumps(template, indent=1).encode(), "t.json")[1]

    root = rename_action(second, "A", "B")

    assert [list(resource["properties"]["definition"]["actions"]) for resource in root.value["resources"]] == [
        ["A"],
        ["B"],
    ]


@pytest.mark.parametrize(
    ("code", "renamed"),
    [
        ("return workflowContext.actions.Get_it.outputs.body;", "return workflowContext.actions.Fetch.outputs.body;"),
        ("x = workflowContext.actions['get_it'].name", "x = workflowContext.actions['Fetch'].name"),
        ('x = workflowContext . actions [ "Get_it" ]?.a', 'x = workflowContext . actions ["Fetch"]?.a'),
        ("workflowContext.actions?.Get_it?.outputs", "workflowContext.actions?.Fetch?.outputs"),
        ("workflowContext.actions.Get_it_2 + workflowContext.trigger.Get_it", None),
        ("actions.Get_it + 'Get_it'", None),
        ('var r = await context.GetActionResults("Get_it");', 'var r = await context.GetActionResults("Fetch");'),
        (
            "$x = Get-ActionOutput -ActionName Get_it | Out-String",
            "$x = Get-ActionOutput -ActionName Fetch | Out-String",
        ),
        ('$x = Get-ActionOutput -ActionName "Get_it"', '$x = Get-ActionOutput -ActionName "Fetch"'),
        ("$x = Get-ActionOutput -ActionName Get_it_2", None),
    ],
)
def test_the_code_of_scripts_names_the_action_anew(code: str, renamed: str | None) -> None:
    assert rename_in_script(code, "Get_it", "Fetch") == (renamed or code)


@pytest.mark.parametrize(
    ("code", "renamed"),
    [
        ("workflowContext.actions.Get_it.name", """workflowContext.actions["It's \\"x\\""].name"""),
        ("workflowContext.actions?.Get_it.name", """workflowContext.actions?.["It's \\"x\\""].name"""),
        ("workflowContext.actions['Get_it'].name", """workflowContext.actions['It\\'s "x"'].name"""),
    ],
)
def test_a_name_that_is_no_identifier_goes_into_brackets(code: str, renamed: str) -> None:
    assert rename_in_script(code, "Get_it", 'It\'s "x"') == renamed


def test_a_script_and_what_it_declares_to_read_are_renamed_with_the_action() -> None:
    code = "return workflowContext.actions.Get_it.outputs; // @{body('Get_it')}"
    script = {"code": code, "explicitDependencies": {"actions": ["GET_IT", "Other"], "includeTrigger": True}}
    definition = flow(
        {
            "Get_it": {"type": "Compose", "inputs": ["Get_it"]},
            "Other": {"type": "Compose", "inputs": {"explicitDependencies": {"actions": ["Get_it"]}}},
            "Script": {"type": "JavaScriptCode", "inputs": script, "runAfter": {"Get_it": ["Succeeded"]}},
        }
    )

    assert changed(definition, "Get_it", "Fetch") == [
        '"Fetch": {',
        """"code": "return workflowContext.actions.Fetch.outputs; // @{body('Get_it')}",""",
        '"Fetch",',
        '"Fetch": [',
    ]


def test_what_an_action_depends_on_in_the_schema_of_2015_is_renamed() -> None:
    definition = flow(
        {
            "Get_it": {"type": "Http", "inputs": {"method": "GET", "uri": "https://example.com"}},
            "Use": {"type": "Compose", "inputs": 1, "conditions": [{"dependsOn": "get_it"}, {"expression": "@true"}]},
        }
    )

    assert changed(definition, "Get_it", "Fetch") == ['"Fetch": {', '"dependsOn": "Fetch"']
