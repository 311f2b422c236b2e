"""`runafter count` and `runafter explain`: figures of a flow before it is run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import runafter
from runafter.cli.main import cli

COMPOSE = {"type": "Compose", "inputs": 1}


def after(name: str, action: dict[str, Any]) -> dict[str, Any]:
    return {**action, "runAfter": {name: ["Succeeded"]}}


def loop(items: int, actions: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Foreach", "foreach": f"@range(0, {items})", "actions": actions}


def flow(actions: dict[str, Any]) -> dict[str, Any]:
    schema = "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#"
    return {
        "$schema": schema,
        "contentVersion": "1.0.0.0",
        "triggers": {"manual": {"type": "Request", "kind": "Http"}},
        "actions": actions,
    }


def count(tmp_path: Path, actions: dict[str, Any], *options: str) -> Result:
    path = tmp_path / "made" / "flow.json"
    path.parent.mkdir()
    path.write_text(json.dumps(flow(actions)), "utf-8")
    return CliRunner().invoke(cli, ["count", str(path), *options])


def test_the_count_is_what_a_run_takes(tmp_path: Path) -> None:
    four = {"A": COMPOSE, "B": after("A", COMPOSE), "C": after("B", COMPOSE), "D": after("C", COMPOSE)}
    actions = {"First": COMPOSE, "Each": after("First", loop(100, four)), "Last": after("Each", COMPOSE)}

    result = count(tmp_path, actions, "--items", "100")
    (definition,) = runafter.read(tmp_path / "made" / "flow.json")
    ran = runafter.run(definition, trigger={})

    assert result.output == "made: 3 + Each x 4\n  with 100 iterations of each loop: 403 actions a run\n"
    assert sum(len(records) for records in ran.actions.values()) == 403


def test_levels_of_loops_multiply_and_branches_make_a_range(tmp_path: Path) -> None:
    inner = {
        "Inner": loop(3, {"A": COMPOSE}),
        "If": {"type": "If", "expression": {"equals": [1, 1]}, "actions": {"B": COMPOSE, "C": COMPOSE}},
    }

    result = count(tmp_path, {"Outer": loop(2, inner)}, "--items", "2", "--items", "inner=3", "--json")
    (row,) = json.loads(result.output)

    assert row == {"flow": "made", "formula": "1 + Outer x (2 to 4 + Inner x 1)", "least": 11, "most": 15}


@pytest.mark.parametrize(
    ("option", "words"), [("many", "is no number of items"), ("Nowhere=3", "has no loop 'nowhere'")]
)
def test_wrong_items_are_named(tmp_path: Path, option: str, words: str) -> None:
    result = count(tmp_path, {"A": COMPOSE}, "--items", option)

    assert result.exit_code == 2
    assert words in result.output


def test_the_longest_hold_of_the_default_policies() -> None:
    lines = CliRunner().invoke(cli, ["explain", "retry"]).output.splitlines()
    hold = {line.partition(":")[0]: line.rpartition("up to ")[2] for line in lines}

    assert hold["logic-apps-consumption"] == "11.6 min"
    assert hold["power-automate-low"] == "21.0 min"
    assert hold["power-automate"] == "265.4 min"


def test_a_policy_of_ones_own_shows_its_waits() -> None:
    policy = '{"type": "fixed", "count": 2, "interval": "PT20S"}'

    shown = CliRunner().invoke(cli, ["explain", "retry", "--policy", policy, "--timeout", "PT1M"]).output
    refused = CliRunner().invoke(cli, ["explain", "retry", "--policy", '{"type": "fixed", "count": 0}'])

    assert "up to 3.7 min\n  before retry  1  20 s\n  before retry  2  20 s\n" in shown
    assert refused.exit_code == 2
    assert "count" in refused.output
