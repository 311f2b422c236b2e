"""App settings in the parameters of Standard projects."""

from __future__ import annotations

import json
from typing import Any

import runafter
from runafter.definition.read import read_files
from runafter.engine.triggers import TriggerScope

SETTINGS = {"SHOP": "https://shop.example.com", "LIMIT": "20"}


def project(
    values: dict[str, Any],
    inputs: Any,
    *,
    own: dict[str, Any] | None = None,
    settings: dict[str, str] | None = None,
    types: dict[str, str] | None = None,
) -> runafter.Definition:
    definition = {
        "parameters": own or {},
        "triggers": {"manual": {"type": "Request", "kind": "Http", "inputs": {}}},
        "actions": {"Say": {"type": "Compose", "inputs": inputs, "runAfter": {}}},
    }
    files = {
        "host.json": {"version": "2.0"},
        "orders/workflow.json": {"definition": definition, "kind": "Stateful"},
        "parameters.json": {
            name: {"type": (types or {}).get(name, "String"), "value": value} for name, value in values.items()
        },
        "local.settings.json": {"Values": SETTINGS if settings is None else settings},
    }
    (found,) = read_files({name: json.dumps(content).encode() for name, content in files.items()})
    return found


def test_a_parameter_may_name_app_settings_anywhere_in_its_value() -> None:
    values = {"shop": {"url": "@{appsetting('shop')}/orders", "limit": "@int(appsetting('LIMIT'))", "name": "@@home"}}

    result = runafter.run(project(values, "@parameters('shop')"))

    assert result.action("Say").outputs == {"url": "https://shop.example.com/orders", "limit": 20, "name": "@home"}


def test_text_that_calls_no_app_setting_stays_as_written() -> None:
    values = {"mail": "me@example.com", "code": "@utcNow()", "why": "appsetting('SHOP')"}

    result = runafter.run(project(values, ["@parameters('mail')", "@parameters('code')", "@parameters('why')"]))

    assert result.action("Say").outputs == ["me@example.com", "@utcNow()", "appsetting('SHOP')"]


def test_a_default_may_name_a_setting_and_a_value_beside_it_comes_first() -> None:
    own = {
        "shop": {"type": "String", "defaultValue": "@appsetting('SHOP')"},
        "limit": {"type": "Int", "defaultValue": 5, "value": 7},
        "given": {"type": "Int", "defaultValue": 5, "value": 7},
    }
    inputs = ["@parameters('shop')", "@parameters('limit')", "@parameters('given')"]

    result = runafter.run(project({"given": 9}, inputs, own=own))

    assert result.action("Say").outputs == ["https://shop.example.com", 7, 9]


def test_a_setting_that_is_missing_fails_the_action_that_reads_it_and_no_other() -> None:
    values = {"shop": "@appsetting('SHOP')"}

    assert runafter.run(project(values, "no setting", settings={})).succeeded
    failed = runafter.run(project(values, "@parameters('shop')", settings={}))

    assert not failed.succeeded
    assert "The app setting 'SHOP' is not found." in str(failed.action("Say").error)


def test_settings_that_parameters_name_are_made_up() -> None:
    definition = project({"shop": "@appsetting('SHOP')"}, "@concat(parameters('shop'), '/orders')", settings={})

    result = runafter.run(definition, mocks="auto")

    assert result.succeeded
    assert str(result.action("Say").outputs).endswith("/orders")


def test_what_is_no_expression_though_it_names_a_setting_is_text() -> None:
    assert runafter.run(project({"odd": "@appsetting('SHOP'"}, "@parameters('odd')")).action("Say").outputs == (
        "@appsetting('SHOP'"
    )


def test_a_trigger_reads_such_parameters_too() -> None:
    scope = TriggerScope({}, 0, {"Queue": "@appsetting('QUEUE')"}, {"QUEUE": "orders"})

    assert scope.parameter("queue") == "orders"


TYPES = {"on": "Bool", "limit": "int", "rate": "Float", "to": "Array", "shop": "Object", "name": "String"}
NAMED = {name: f"@appsetting('{name}')" for name in TYPES}


def test_a_setting_is_what_the_type_of_its_parameter_says() -> None:
    settings = {"on": "True", "limit": "20", "rate": "1.5", "to": '["a"]', "shop": '{"id": 1}', "name": "20"}

    found = project(NAMED, {name: f"@parameters('{name}')" for name in TYPES}, settings=settings, types=TYPES)

    assert runafter.run(found).action("Say").outputs == {
        "on": True, "limit": 20, "rate": 1.5, "to": ["a"], "shop": {"id": 1}, "name": "20"
    }  # fmt: skip


def test_made_up_settings_are_of_the_type_of_their_parameters() -> None:
    inputs = {
        "on": "@not(parameters('on'))",
        "limit": "@add(parameters('limit'), 1)",
        "rate": "@mul(parameters('rate'), 2)",
        "to": "@join(parameters('to'), ';')",
        "shop": "@parameters('shop')['id']",
        "name": "@toUpper(parameters('name'))",
    }

    assert runafter.run(project(NAMED, inputs, settings={}, types=TYPES), mocks="auto").succeeded
