"""An event that is delivered more than once: two runs and two records of an unprotected flow, one of a protected one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.server.world import COMPOSE, REQUEST, SCHEMA

from runafter.cli.main import cli

KEY = '[trigger]\ndeduplication_key = "@triggerBody()?[\'orderId\']"\ndeduplication_ttl = "P1D"\n'


def run(home: Path, *arguments: str) -> str:
    found = CliRunner().invoke(cli, [*arguments, "--db", str(home / "runs.db")], catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found.output


def installed(home: Path, sidecar: str = "", **trigger: object) -> Path:
    folder = home / "flows" / "orders"
    folder.mkdir(parents=True)
    value = {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "triggers": {"start": {**REQUEST, **trigger}}}
    (folder / "flow.json").write_text(json.dumps({**value, "actions": {"Record": COMPOSE}}))
    (folder / "flow.toml").write_text(sidecar)
    run(home, "import", str(home))
    return home


@pytest.mark.parametrize(
    ("sidecar", "words", "runs"), [("", ["Started"] * 2, 2), (KEY, ["Started", "Duplicate"], 1)], ids=["bare", "keyed"]
)
def test_two_deliveries(tmp_path: Path, sidecar: str, words: list[str], runs: int):
    home = installed(tmp_path, sidecar)
    given = ["flows", "run", "orders", "--trigger", '{"orderId": 17}', "--duplicate-deliveries", "2"]

    lines = [line.split() for line in run(home, *given).splitlines()]

    assert [line[0] for line in lines] == words
    assert len({line[1] for line in lines}) == runs
    assert len(json.loads(run(home, "runs", "list", "--json"))) == runs


def test_the_items_of_a_split_event_are_known_one_by_one(tmp_path: Path):
    home = installed(tmp_path, KEY, splitOn="@triggerBody()['value']")
    given = ["flows", "run", "orders", "--trigger", '{"value": [{"orderId": 1}, {"orderId": 2}, {"orderId": 1}]}']

    first = run(home, *given).split()
    again = run(home, *given).split()

    assert sorted(first[0::2]) == ["Duplicate", "Started", "Started"]
    assert again[0::2] == ["Duplicate"] * 3
    assert set(again[1::2]) == set(first[1::2])
