"""`runafter limits`: every row with its source, both recommendations, overrides that change them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from runafter.cli.main import cli


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["limits", *arguments])


def test_every_limit_has_a_scope_and_a_source() -> None:
    rows = json.loads(call("list", "--json").output)

    assert len(rows) > 20
    assert all(row["source"] and row["read"] and row["per"] and row["allows"] for row in rows)


def test_a_connector_goes_by_its_everyday_name() -> None:
    assert {row["limit"].split(".")[0] for row in json.loads(call("list", "sharepoint", "--json").output)} == {
        "sharepointonline"
    }


def test_a_dialect_lists_its_own_limits() -> None:
    rows = json.loads(call("list", "--dialect", "power-automate", "--json").output)

    assert {"limit": "nesting", "value": "8 levels"}.items() <= rows[1].items()


@pytest.mark.parametrize(
    ("connector", "calls", "seconds", "formula", "recommended"),
    [("sharepoint", "3", "3", 100, 5), ("dataverse", "1", "1", 600, 10)],
)
def test_both_answers_are_given_and_the_one_that_knows_time_is_used(
    connector: str, calls: str, seconds: str, formula: int, recommended: int
) -> None:
    tightest = json.loads(call("explain", connector, "--calls", calls, "--seconds", seconds, "--json").output)[0]

    assert (tightest["formula"], tightest["recommended"], tightest["used"]) == (formula, recommended, "time-aware")


def test_people_read_what_to_set() -> None:
    told = call("explain", "sharepoint", "--calls", "3", "--seconds", "3").output

    assert "iterations a minute, not at once" in told
    assert "set the loop's concurrency to 5" in told


def test_an_override_changes_the_answer_and_says_so(tmp_path: Path) -> None:
    file = tmp_path / "limits.toml"
    file.write_text('[limits."sharepointonline.calls"]\nlimit = 120\n', "utf-8")

    told = call("explain", "sharepoint", "--seconds", "3", "--override", str(file)).output

    assert "overridden" in told
    assert "concurrency to 3" in told


def test_an_override_of_nothing_names_what_is_near(tmp_path: Path) -> None:
    file = tmp_path / "limits.toml"
    file.write_text('[limits."sharepointonline.call"]\nlimit = 120\n', "utf-8")

    found = call("list", "--override", str(file))

    assert found.exit_code == 2
    assert "sharepointonline.calls" in found.output


def test_an_unknown_dialect_is_named_with_those_that_exist() -> None:
    found = call("list", "--dialect", "nix")

    assert found.exit_code == 2
    assert "logic-apps-standard" in found.output
