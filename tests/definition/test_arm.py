"""ARM templates: workflows at any depth, expressions resolved for running and kept for writing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.definition.cases import CASES

from runafter.definition.nodes import Definition
from runafter.definition.read import read_bytes
from runafter.definition.read.arm import api_name
from runafter.definition.rename import rename_action
from runafter.definition.write import canonical, write
from runafter.errors import UnreadableSource
from runafter.program.build import problems

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
TEMPLATE = (CASES / "arm" / "azuredeploy.json").read_bytes()
NOBODY = "/subscriptions/00000000-0000-0000-0000-000000000000"


def compose(inputs: Any) -> dict[str, Any]:
    return {"triggers": {}, "actions": {"A": {"type": "Compose", "inputs": inputs}}}


def workflow(definition: Any, name: Any = "flow", **more: Any) -> dict[str, Any]:
    return {"type": "Microsoft.Logic/workflows", "name": name, "properties": {"definition": definition}, **more}


def read_template(*resources: Any, given: dict[str, Any] | None = None, **sections: Any) -> list[Definition]:
    template = {"$schema": SCHEMA, **sections, "resources": list(resources)}
    return read_bytes(json.dumps(template, indent=1).encode(), "t.json", parameters=given)


def inputs_of(definition: Definition) -> Any:
    return definition.value["actions"]["A"]["inputs"]


def resolve(text: str, **sections: Any) -> Any:
    (definition,) = read_template(workflow(compose(text)), **sections)
    assert definition.unresolved == ()
    return inputs_of(definition)


def test_a_template_gives_its_workflow_with_values_to_run_and_text_to_write() -> None:
    (definition,) = read_bytes(TEMPLATE, "azuredeploy.json", parameters={"Channel": "general"})

    assert (definition.name, definition.container, definition.profile) == (
        "Tell_the_team",
        "arm",
        "logic-apps-consumption",
    )
    assert definition.unresolved == ()
    assert definition.value["triggers"]["Recurrence"]["recurrence"]["interval"] == 5
    assert definition.value["actions"]["Post"]["inputs"]["path"] == "/v3/general/messages"
    assert definition.value["actions"]["Post"]["inputs"]["body"]["text"] == "@{body('List')} in Tell_the_team"
    assert definition.value["actions"]["List"]["inputs"] == "[1, 2]"
    teams = definition.connections["teams"]
    assert (teams.api, teams.display_name) == ("teams", "teams-Tell_the_team")
    assert (
        teams.connection_id
        == f"{NOBODY}/resourceGroups/resource-group/providers/Microsoft.Web/connections/teams-Tell_the_team"
    )
    assert definition.parameter_values["$connections"]["teams"]["id"].endswith(
        "/locations/westeurope/managedApis/teams"
    )
    node = definition.node.find("/actions/Post/inputs/path")
    assert node is not None
    assert node.value == "[concat('/v3/', parameters('Channel'), '/messages')]"
    assert write(definition.document) == TEMPLATE


def test_what_the_template_does_not_decide_stays_visible() -> None:
    (definition,) = read_bytes(TEMPLATE, "azuredeploy.json")

    assert definition.unresolved == ("parameters('Channel')",)
    assert (
        definition.value["actions"]["Post"]["inputs"]["path"] == "[concat('/v3/', parameters('Channel'), '/messages')]"
    )


def test_a_parameters_file_gives_values_too() -> None:
    file = {
        "$schema": "https://example.com/deploymentParameters.json#",
        "parameters": {"channel": {"value": "x"}, "PlaybookName": {"value": "P"}},
    }

    (definition,) = read_bytes(TEMPLATE, "azuredeploy.json", parameters=file)

    assert (definition.name, definition.unresolved) == ("P", ())


def test_an_action_of_a_template_is_renamed_inside_template_expressions() -> None:
    (definition,) = read_bytes(TEMPLATE, "azuredeploy.json")

    before, after = (
        canonical(definition.document).splitlines(),
        canonical(rename_action(definition, "List", "It's")).splitlines(),
    )

    assert [new.strip() for old, new in zip(before, after, strict=True) if old != new] == [
        """"text": "[concat('@{body(''It''''s'')} in ', parameters('PlaybookName'))]\"""",
        '"It\'s": [',
        '"It\'s": {',
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[concat('a', 1, true())]", "a1True"),
        ("[concat(createArray(1), createArray(2))]", [1, 2]),
        ("[format('{0}-{1:D3}{{}}', 'x', 7)]", "x-007{}"),
        ("[toLower('AbC')][x", "[toLower('AbC')][x"),
        ("[toUpper(substring('abcdef', 1, 2))]", "BC"),
        ("[replace('a-b', '-', '''')]", "a'b"),
        ("[split('a;b,c', createArray(';', ','))]", ["a", "b", "c"]),
        ("[string(createObject('a', 1))]", '{"a":1}'),
        ("[add(int('4'), mul(2, 3))]", 10),
        ("[if(equals('A', 'a'), 'same', parameters('nowhere'))]", "same"),
        ("[if(false(), parameters('nowhere'), 'other')]", "other"),
        ("[and(true(), or(false(), not(false())))]", True),
        ("[empty('')]", True),
        ("[length(createArray(1, 2))]", 2),
        ("[first('abc')]", "a"),
        ("[last(createArray(1, 2))]", 2),
        ("[union(createObject('a', 1), createObject('b', 2))]", {"a": 1, "b": 2}),
        ("[json('{\"a\": [1, null]}').a[0]]", 1),
        ("[array('x')]", ["x"]),
        ("[base64('abc')]", "YWJj"),
        ("[coalesce(null(), 'x')]", "x"),
        ("[resourceGroup().location]", "westeurope"),
        (
            "[resourceId('Microsoft.Web/connections', 'c')]",
            f"{NOBODY}/resourceGroups/resource-group/providers/Microsoft.Web/connections/c",
        ),
        ("[resourceId('other', 'A.B/c/d', 'x', 'y')]", f"{NOBODY}/resourceGroups/other/providers/A.B/c/x/d/y"),
        ("[subscriptionResourceId('A.B/c', 'x')]", f"{NOBODY}/providers/A.B/c/x"),
        (
            "[extensionResourceId(subscriptionResourceId('A.B/c', 'x'), 'D.E/f/g', 'y', 'z')]",
            f"{NOBODY}/providers/A.B/c/x/providers/D.E/f/y/g/z",
        ),
        ("[tryGet(createObject('a', createObject('B', 1)), 'a', 'b')]", 1),
        ("[coalesce(tryGet(createArray(1), 3), tryGet('text', 'x'), 'none')]", "none"),
        ("[flatten(createArray(createArray(1), createArray(2, createArray(3))))]", [1, 2, [3]]),
        ("[shallowMerge(createArray(createObject('a', 1, 'b', 2), createObject('a', 3)))]", {"a": 3, "b": 2}),
        ("[uri('http://a/', 'b')]", "http://a/b"),
        ("[div(sub(0, 7), 2)]", -3),
        ("[mod(sub(0, 7), 2)]", -1),
        ("[parameters('o')['k'].l[1]]", "z"),
        ("[[parameters('o')]", "[parameters('o')]"),
        ("[variables('v')]", {"n": "x-1"}),
        ("[variables('many')]", ["n0", "n1", "n2"]),
        ("[rf.twice('ab')]", "abab"),
        ("[]", "[]"),
        ("not [an] expression", "not [an] expression"),
        ("[variables('w').hosts[1]]", "h2"),
    ],
)
def test_template_expressions_are_evaluated(text: str, value: Any) -> None:
    sections = {
        "parameters": {
            "o": {"type": "object", "defaultValue": {"k": {"l": ["y", "z"]}}},
            "p": {"type": "int", "defaultValue": 1},
        },
        "variables": {
            "v": {"n": "[concat('x-', parameters('p'))]"},
            "w": {
                "copy": [{"name": "hosts", "count": 2, "input": "[concat('h', copyIndex('hosts', 1))]"}],
            },
            "copy": [
                {"name": "many", "count": "[add(parameters('p'), 2)]", "input": "[concat('n', copyIndex('many'))]"}
            ],
        },
        "functions": [
            {
                "namespace": "rf",
                "members": {
                    "twice": {
                        "parameters": [{"name": "text", "type": "string"}],
                        "output": {"type": "string", "value": "[concat(parameters('text'), parameters('text'))]"},
                    }
                },
            }
        ],
    }

    assert resolve(text, **sections) == value


def test_unique_strings_and_guids_have_their_form_and_repeat() -> None:
    one, two, other = (resolve(f"[uniqueString('{seed}')]") for seed in ("a", "a", "b"))

    assert one == two != other
    assert len(one) == 13
    assert set(one) <= set("abcdefghijklmnopqrstuvwxyz234567")
    assert len(resolve("[guid('a', 'b')]")) == 36


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[parameters('absent')]", "parameters('absent')"),
        ("[variables('absent')]", "variables('absent')"),
        ("[reference('x').y]", 'reference("x")'),
        ("[listKeys(resourceId('A.B/c', 'd'), '2020-01-01').key]", "listKeys("),
        ("[concat('a'", None),
        ("[concat('a')b]", "a faulty expression"),
        ("[substring('abc', 5)]", "a faulty expression"),
        ("[div(1, 0)]", "a faulty expression"),
        ("[variables('self')]", "refers to itself"),
        ("[rf.unknown(1)]", "rf.unknown(1)"),
        ("[copyIndex()]", "copyIndex()"),
        ("[" + "concat(" * 300 + ")" * 300 + "]", "nested too deeply"),
        ("[int('x')]", "a faulty expression"),
        ("[json('[NaN]')]", "a faulty expression"),
        ("[json('{\"a\": 1e999}')]", "a faulty expression"),
        ("[float('inf')]", "a faulty expression"),
    ],
)
def test_what_cannot_be_resolved_stays_as_written(text: str, reason: str | None) -> None:
    (definition,) = read_template(workflow(compose(text)), variables={"self": "[concat(variables('self'))]"})

    assert inputs_of(definition) == text
    assert [reason in found for found in definition.unresolved] == ([True] if reason else [])


def test_object_keys_are_expressions_too() -> None:
    (definition,) = read_template(workflow(compose({"[concat('a', 'b')]": 1})))

    assert inputs_of(definition) == {"ab": 1}


def test_nested_deployments_are_read_in_their_scope() -> None:
    inner = {
        "parameters": {"p": {"type": "string", "defaultValue": "inner default"}},
        "variables": {"v": "inner variable"},
        "resources": [workflow(compose("[concat(parameters('p'), ' ', variables('v'))]"))],
    }

    def deployment(scope: str) -> dict[str, Any]:
        return {
            "type": "Microsoft.Resources/deployments",
            "name": scope,
            "properties": {
                "expressionEvaluationOptions": {"scope": scope},
                "parameters": {"p": {"value": "[concat('given by ', parameters('p'))]"}},
                "template": inner,
            },
        }

    found = read_template(
        deployment("inner"),
        {"type": "A.B/c", "resources": [deployment("outer")]},
        parameters={"p": {"type": "string", "defaultValue": "outer default"}},
        variables={"v": "outer variable"},
    )

    assert [inputs_of(item) for item in found] == [
        "given by outer default inner variable",
        "outer default outer variable",
    ]
    assert [item.metadata["resource"] for item in found] == [
        "/resources/0/properties/template/resources/0",
        "/resources/1/resources/0/properties/template/resources/0",
    ]


def test_compiled_bicep_names_its_resources() -> None:
    template = {
        "$schema": SCHEMA,
        "languageVersion": "2.0",
        "variables": {"$fxv#0": compose("@{1}")},
        "resources": {"flow": workflow("[variables('$fxv#0')]", "named"), "other": {"type": "A.B/c"}},
    }

    (definition,) = read_bytes(json.dumps(template).encode(), "main.json")

    assert (definition.name, inputs_of(definition)) == ("named", "@{1}")
    assert definition.node.pointer == "/variables/$fxv#0"


def test_a_definition_held_in_a_variable_is_edited_there() -> None:
    (definition,) = read_template(workflow("[variables('d')]"), variables={"d": compose("@outputs('A')")})

    root = rename_action(definition, "A", "B")

    assert root.value["variables"]["d"]["actions"] == {"B": {"type": "Compose", "inputs": "@outputs('B')"}}


def test_a_definition_made_by_an_expression_has_nodes_of_its_own() -> None:
    text = json.dumps(compose("x")).replace("'", "''")

    (definition,) = read_template(workflow(f"[json('{text}')]"))

    assert definition.value == compose("x")
    assert definition.node.value == compose("x")


def test_a_definition_that_must_be_given_is_asked_for() -> None:
    resource = workflow("[parameters('d')]")
    declared = {"d": {"type": "object"}}

    (definition,) = read_template(resource, parameters=declared, given={"d": compose("x")})

    assert inputs_of(definition) == "x"
    with pytest.raises(UnreadableSource, match="Give the template's parameters") as caught:
        read_template(resource, parameters=declared)
    assert (caught.value.code, caught.value.pointer) == ("DEF014", "/resources/0/properties/definition")


def test_a_workflow_that_must_be_given_is_named_beside_those_that_are_there() -> None:
    found = read_template(workflow(compose("a")), workflow("[parameters('d')]"), parameters={"d": {"type": "object"}})

    (definition,) = found
    assert [(finding.code, finding.severity, finding.pointer) for finding in definition.findings] == [
        ("DEF014", "warning", "/resources/1/properties/definition")
    ]


def test_a_nullable_parameter_without_a_value_is_null() -> None:
    text = "[coalesce(parameters('e'), 'none')]"
    (given,) = read_template(workflow(compose(text)), parameters={"e": {"type": "string", "nullable": True}})
    (asked,) = read_template(workflow(compose(text)), parameters={"e": {"type": "string"}})

    assert (inputs_of(given), given.unresolved) == ("none", ())
    assert (inputs_of(asked), asked.unresolved) == (text, ("parameters('e')",))


@pytest.mark.parametrize(
    ("identifier", "name"),
    [
        ("/subscriptions/s/providers/Microsoft.Web/locations/w/managedApis/office365", "office365"),
        ("[concat('/subscriptions/', subscription().id, '/managedApis/', 'sql-2')]", "sql-2"),
        ("[reference('conn', '2016-06-01', 'full').properties.api.id]", None),
        ("", None),
    ],
)
def test_a_connector_is_named_by_the_end_of_its_id_where_that_is_a_name(identifier: str, name: str | None) -> None:
    assert api_name(identifier) == name


def test_a_copy_loop_gives_as_many_workflows() -> None:
    resource = workflow(
        compose("[copyIndex(1)]"),
        "[concat('flow-', copyIndex('each'))]",
        copy={"name": "each", "count": "[length(parameters('names'))]"},
    )

    found = read_template(resource, parameters={"names": {"type": "array", "defaultValue": ["a", "b", "c"]}})

    assert [(item.name, inputs_of(item)) for item in found] == [("flow-0", 1), ("flow-1", 2), ("flow-2", 3)]


def test_a_copy_loop_of_unknown_length_gives_one_workflow() -> None:
    resource = workflow(compose("x"), copy={"name": "each", "count": "[parameters('n')]"})

    assert len(read_template(resource)) == 1


def doubled(text: str) -> dict[str, Any]:
    """Variables of which each is made of the one before, twice."""
    return {"v0": "[createArray('xxxxxxxx')]"} | {
        f"v{n}": text.replace("PREVIOUS", f"variables('v{n - 1}')") for n in range(1, 60)
    }


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("[variables('v59')]", doubled("[concat(PREVIOUS, PREVIOUS)]")),
        ("[variables('v59')]", doubled("[createArray(PREVIOUS, PREVIOUS)]")),
        ("[variables('v59')]", {**doubled("[mul(PREVIOUS, PREVIOUS)]"), "v0": 3}),
        ("[variables('v59')]", {**doubled("[replace(PREVIOUS, 'x', PREVIOUS)]"), "v0": "xxxxxxxx"}),
        ("[variables('v59')]", {**doubled("[join(createArray(PREVIOUS, PREVIOUS), PREVIOUS)]"), "v0": "xxxxxxxx"}),
        ("[padLeft('', 2000000000)]", {}),
        ("[format('{0:D2000000000}', 1)]", {}),
        ("[length(variables('a'))]", {"copy": [{"name": "a", "count": 800, "input": "[variables('b')]"}, {"name": "b", "count": 800, "input": "[variables('c')]"},
                                               {"name": "c", "count": 800, "input": "[copyIndex('c')]"}]}),
    ],
)  # fmt: skip
def test_a_bomb_of_expressions_stays_unresolved_and_is_over(text: str, variables: dict[str, Any]) -> None:
    (definition,) = read_template(workflow(compose(text)), variables=variables)

    assert inputs_of(definition) == text
    assert len(definition.unresolved) == 1


def test_nested_copy_loops_in_a_value_end() -> None:
    value: Any = {"x": 1}
    for name in "abcd":
        value = {"copy": [{"name": name, "count": 800, "input": value}]}

    (definition,) = read_template(workflow(compose(value)))

    assert definition.unresolved == ("more template expressions than are evaluated",)


def test_an_id_of_a_resource_without_a_type_is_left_unresolved() -> None:
    (definition,) = read_template(workflow(compose("[resourceId('connections', 'teams')]")))

    assert definition.unresolved != ()


def test_what_is_unresolved_has_the_place_where_it_stands() -> None:
    text = "[concat(parameters('absent'), '!')]"

    (definition,) = read_template(workflow(compose({"a/b": ["x", text], "[variables('no')]": 1})))

    assert definition.unresolved_at["parameters('absent')"] == "/actions/A/inputs/a~1b/1"
    assert definition.node.find("/actions/A/inputs/a~1b/1") is not None
    (found,) = [each for each in problems(definition) if "absent" in each.message]
    assert (found.code, found.pointer.endswith("/actions/A/inputs/a~1b/1"), found.line > 0) == ("REF007", True, True)
