"""What `runafter convert` writes, and what it says would be lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runafter.cli.main import main

NUMBERS = '{"triggers": {}, "actions": {"A": {"type": "Compose", "inputs": [1.00, 1E5, -0, 1e-400, 0.1000]}}}'
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


def convert(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(["convert", *arguments])
    assert isinstance(stop.value.code, int)
    return stop.value.code


def template(inputs: Any) -> str:
    resource = {
        "type": "Microsoft.Logic/workflows",
        "name": "n",
        "properties": {"definition": {"triggers": {}, "actions": {"A": {"type": "Compose", "inputs": inputs}}}},
    }
    return json.dumps({"$schema": SCHEMA, "variables": {"v": "x"}, "resources": [resource]})


@pytest.mark.parametrize("container", ["definition", "standard", "consumption"])
def test_numbers_move_to_another_container_as_they_are_written(
    container: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "flow.json"
    source.write_text(NUMBERS)

    code = convert(str(source), "-", "--to", container)

    assert code == 0
    shown = "".join(capsys.readouterr().out.split())
    assert '"inputs":[1.00,1E5,-0,1e-400,0.1000]' in shown


def test_a_key_that_stands_twice_moves_to_another_container(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "flow.json"
    source.write_text('{"triggers": {}, "actions": {"A": {"type": "Compose", "inputs": 1, "inputs": 2}}}')

    code = convert(str(source), "-", "--to", "standard")

    assert code == 0
    assert capsys.readouterr().out.count('"inputs"') == 2


def test_expressions_of_a_template_become_values_outside_of_it_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "azuredeploy.json"
    source.write_text(template("[concat(variables('v'), '!')]"))

    refused = convert(str(source), "-", "--to", "definition")
    told = capsys.readouterr()
    forced = convert(str(source), "-", "--to", "definition", "--accept-loss")

    assert refused == 1
    assert "would be lost: template expressions, written as their values" in told.err
    assert told.out == ""
    assert forced == 0
    assert json.loads(capsys.readouterr().out)["actions"]["A"]["inputs"] == "x!"


def test_a_template_without_expressions_moves_without_a_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "azuredeploy.json"
    source.write_text(template("plain"))

    code = convert(str(source), "-", "--to", "definition")

    assert (code, capsys.readouterr().err) == (0, "")


def test_a_project_made_from_a_template_holds_what_its_expressions_say(tmp_path: Path) -> None:
    source = tmp_path / "azuredeploy.json"
    source.write_text(template("[concat(variables('v'), '!')]"))

    with pytest.raises(SystemExit) as stop:
        main(["init", str(tmp_path / "made"), "--from", str(source)])

    assert stop.value.code == 0
    (flow,) = (tmp_path / "made").rglob("flow.json")
    assert json.loads(flow.read_text())["actions"]["A"]["inputs"] == "x!"
