"""Commands on a database: they make none, and say why nothing was begun."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from runafter.cli.main import cli


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments), env={"NO_COLOR": "1", "COLUMNS": "200"})


@pytest.mark.parametrize(
    "words",
    [
        ["flows", "list"],
        ["flows", "enable", "orders"],
        ["flows", "run", "orders"],
        ["approvals", "list"],
        ["review", "list"],
        ["runs", "list"],
        ["runs", "purge", "--older-than", "P1D"],
        ["runs", "resume", "last"],
        ["db", "size"],
        ["db", "backup", "copy.db"],
    ],
)
@pytest.mark.parametrize("name", [None, "other.db", "sqlite:///other.db"])
def test_a_database_that_is_not_there_is_not_made(
    words: list[str], name: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    result = call(*words, *([] if name is None else ["--db", name]))

    assert result.exit_code == 2
    assert f"there is no database {name or '.runafter/runs.db'}" in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_is_not_begun_is_told_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    trigger = {"type": "Request", "kind": "Http", "splitOn": "@triggerBody()?['orders']"}
    flow = {"definition": {"triggers": {"start": trigger}, "actions": {"Note": {"type": "Compose", "inputs": 1}}}}
    Path("orders.json").write_text(json.dumps(flow), "utf-8")
    assert call("import", "orders.json").output == "installed orders\n"

    refused = call("flows", "run", "orders", "--trigger", '{"orders": 5}')
    begun = call("flows", "run", "orders", "--trigger", '{"orders": [5]}')

    assert refused.exit_code == 1
    assert refused.output.startswith("Failed InvalidTemplate: ")
    assert "must be an array" in refused.output
    assert begun.exit_code == 0
    assert begun.output.startswith("Started 0")
