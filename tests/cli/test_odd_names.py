"""Flows whose names no designer would let through: they are shown and drawn, and what is wrong is said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FORMS = ("mermaid", "dot", "svg", "topo", "json")


def runafter(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "runafter", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "PYTHONUTF8": "1"},
    )


def written(folder: Path, actions: object, triggers: object = None) -> str:
    (folder / "flow.json").write_text(json.dumps({"triggers": triggers or {}, "actions": actions}))
    return "flow.json"


@pytest.fixture
def nested(tmp_path: Path) -> str:
    inner = {"type": "Scope", "actions": {"S": {"type": "Compose", "inputs": 1}, "": {"type": "Compose", "inputs": 2}}}
    return written(tmp_path, {"S": {"type": "Scope", "actions": {"S": inner}}, "": {"type": "Compose", "inputs": 3}})


@pytest.mark.parametrize("form", FORMS)
def test_actions_that_share_a_name_are_drawn_one_by_one(form: str, nested: str, tmp_path: Path) -> None:
    done = runafter("graph", nested, "--format", form, folder=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    if form == "json":
        graph = json.loads(done.stdout)
        assert [node["pointer"] for node in graph["nodes"]] == [
            *("/actions/S", "/actions/S/actions/S", "/actions/S/actions/S/actions/S", "/actions/S/actions/S/actions/"),
            "/actions/",
        ]
        assert graph["order"] == ["S", "S", "S", "", ""]
    if form == "dot":
        assert '"/actions/S/actions/S/actions/S" [label="S\\nCompose"]' in done.stdout


def test_the_tree_puts_actions_that_share_a_name_where_they_stand(nested: str, tmp_path: Path) -> None:
    done = runafter("inspect", nested, folder=tmp_path)

    assert done.returncode == 1
    assert "    ├── S  Scope\n    │   └── S  Scope\n    │       ├── S  Compose\n" in done.stdout
    assert "have the same name" in done.stdout


def test_an_edge_finds_its_action_in_any_letter_case(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        {
            "Get it": {"type": "Compose", "inputs": 1},
            "Use it": {"type": "Compose", "inputs": 2, "runAfter": {"GET IT": ["Succeeded"], "Nobody": ["Failed"]}},
        },
    )

    graph = json.loads(runafter("graph", path, "--format", "json", folder=tmp_path).stdout)
    drawn = runafter("graph", path, folder=tmp_path).stdout

    assert [edge["from"] for edge in graph["edges"]] == ["Get it", "Nobody"]
    assert {node["name"]: node["level"] for node in graph["nodes"]} == {"Get it": 0, "Use it": 1}
    assert "n0 --> n1" in drawn


def test_mermaid_keeps_marks_of_names_apart_from_its_own(tmp_path: Path) -> None:
    path = written(tmp_path, {'a "b" <c> #1\n|x|': {"type": "Compose", "inputs": 1}})

    drawn = runafter("graph", path, folder=tmp_path).stdout

    assert "a #quot;b#quot; #lt;c#gt; #35;1 #124;x#124;" in drawn


@pytest.mark.parametrize(
    "command", [("inspect",), ("inspect", "--json"), ("check",), *(("graph", "--format", form) for form in FORMS)]
)
def test_half_a_surrogate_pair_in_a_name_is_printed_as_its_escape(command: tuple[str, ...], tmp_path: Path) -> None:
    path = written(tmp_path, {"A\ud83d": {"type": "Compose", "inputs": "\ud83d"}})

    done = runafter(*command, path, folder=tmp_path)

    assert "Traceback" not in done.stderr
    if command != ("check",):
        assert "\\ud83d" in done.stdout


def test_triggers_that_are_no_objects_are_findings(tmp_path: Path) -> None:
    path = written(tmp_path, {}, {"Daily": "x", "Hourly": None, "Odd": {"type": "Recurrence", "kind": 5}})

    done = runafter("inspect", path, folder=tmp_path)

    assert done.returncode == 1
    assert "trigger 'Daily' is no object" in done.stdout
    assert "trigger 'Hourly' is no object" in done.stdout
