"""The commands of the language rooms, as a person or a program calls them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).resolve().parents[2]
ORDER = "examples/order_fan_out/flow.json"


def runafter(
    *arguments: str, stdin: str | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "runafter", *arguments],
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **(env or {})},
    )


def flow(tmp_path: Path, **actions: object) -> str:
    path = tmp_path / "flow.json"
    path.write_text(
        json.dumps(
            {"triggers": {"manual": {"type": "Request", "kind": "Http", "inputs": {}}}, "actions": actions}, indent=2
        )
    )
    return str(path)


def test_inspect_shows_connectors_operations_and_edges() -> None:
    done = runafter("inspect", ORDER)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "shared_commondataserviceforapps UpdateRecord" in done.stdout
    assert "after " in done.stdout
    assert "\x1b[" not in done.stdout


def test_inspect_of_json_is_json() -> None:
    done = runafter("inspect", ORDER, "--json")

    (flow,) = json.loads(done.stdout)
    assert flow["profile"] == "power-automate"
    assert {connection["api"] for connection in flow["connections"]} >= {"shared_teams", "shared_office365"}
    assert all(action["line"] > 0 for action in flow["actions"])


def test_inspect_names_a_cycle_with_file_line_and_column_and_fails(tmp_path: Path) -> None:
    path = flow(
        tmp_path,
        A={"type": "Compose", "inputs": 1, "runAfter": {"B": ["Succeeded"]}},
        B={"type": "Compose", "inputs": 2, "runAfter": {"A": ["Succeeded"]}},
    )

    done = runafter("inspect", path)

    assert done.returncode == 1
    assert "error GRF001" in done.stdout
    assert "A -> B -> A" in done.stdout
    assert f"{path}:" in done.stdout


def test_inspect_reads_standard_input() -> None:
    done = runafter("inspect", "-", stdin=(ROOT / ORDER).read_text(encoding="utf-8"))

    assert done.returncode == 0
    assert "actions (" in done.stdout


def test_what_cannot_be_read_says_where_and_exits_with_2(tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_text('{\n  "actions": {\n')

    done = runafter("inspect", str(path))

    assert done.returncode == 2
    assert "DEF003" in done.stderr
    assert "broken.json:3:1" in done.stderr


def test_a_misspelt_command_names_the_near_one() -> None:
    done = runafter("inspct", ORDER)

    assert done.returncode == 2
    assert "Did you mean 'inspect'?" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (["@concat('a', 'b')"], '"ab"'),
        (["add(1, 2)"], "3"),
        (["@item()?['id']", "--item", '{"id": 7}'], "7"),
        (["@variables('n')", "--variables", '{"n": [1]}'], "[\n  1\n]"),
        (["@formatDateTime(utcNow(), 'yyyy-MM-dd')", "--now", "2026-03-29T01:30:00Z"], '"2026-03-29"'),
        (['{"a": "@{add(1, 2)}"}'], '{\n  "a": "3"\n}'),
    ],
)
def test_eval_prints_json(arguments: list[str], printed: str) -> None:
    done = runafter("eval", *arguments)

    assert (done.stdout.strip(), done.returncode) == (printed, 0), done.stderr


def test_eval_shows_a_caret_and_the_way_to_say_it() -> None:
    done = runafter("eval", "@length(filter(variables('x'), item() == 1))")

    assert done.returncode == 1
    assert "EXP010" in done.stderr
    assert "^" in done.stderr
    assert "hint:" in done.stderr


def test_eval_explains_every_part() -> None:
    done = runafter("eval", "@concat(toUpper(item()?['a']), '-')", "--item", '{"a": "x"}', "--explain")

    assert done.returncode == 0
    assert "item()?['a']" in done.stderr
    assert '"X"' in done.stderr


@pytest.mark.parametrize("form", ["mermaid", "dot", "svg", "topo", "json"])
def test_graph_prints_every_action(form: str) -> None:
    done = runafter("graph", "examples/order_fan_out/fragile/flow.json", "--format", form)

    assert done.returncode == 0
    for name in ("Validate_inventory", "Create_CRM_record", "Update_order_status"):
        assert name in done.stdout


def test_the_picture_has_a_box_for_each_action_within_its_container_and_an_arrow_for_each_edge() -> None:
    graph = json.loads(runafter("graph", ORDER, "--format", "json").stdout)
    root = ET.fromstring(runafter("graph", ORDER, "--format", "svg").stdout)
    space = "{http://www.w3.org/2000/svg}"
    boxes = {
        (group.findtext(f"{space}title") or "").rsplit(" (", 1)[0]: [
            float(group.find(f"{space}rect").get(key, "0"))  # type: ignore[union-attr]
            for key in ("x", "y", "width", "height")
        ]
        for group in root.iter(f"{space}g")
    }
    assert set(boxes) == {*graph["triggers"], *(node["name"] for node in graph["nodes"])}
    for node in graph["nodes"]:
        if node["container"] is not None:
            x, y, width, height = boxes[node["name"]]
            left, top, wide, tall = boxes[node["container"]]
            assert left < x
            assert top < y
            assert x + width < left + wide
            assert y + height < top + tall
    starts = sum(node["container"] is None and node["level"] == 0 for node in graph["nodes"])
    arrows = [path for path in root.iter(f"{space}path") if path.get("marker-end")]
    assert len(arrows) == len(graph["edges"]) + starts * len(graph["triggers"])


def test_topological_order_puts_predecessors_first() -> None:
    done = runafter("graph", ORDER, "--format", "json")

    graph = json.loads(done.stdout)
    place = {name: position for position, name in enumerate(graph["order"])}
    assert len(place) == len(graph["nodes"])
    assert all(place[edge["from"]] < place[edge["to"]] for edge in graph["edges"])


def test_convert_writes_canonical_json_and_says_what_another_container_would_lose(tmp_path: Path) -> None:
    target = tmp_path / "out.json"

    canonical = runafter("convert", ORDER, str(target))
    refused = runafter("convert", ORDER, "-", "--to", "definition")
    forced = runafter("convert", ORDER, "-", "--to", "definition", "--accept-loss")

    assert canonical.returncode == 0
    assert json.loads(target.read_text()) == json.loads((ROOT / ORDER).read_text())
    assert refused.returncode == 1
    assert "would be lost: connections" in refused.stderr
    assert refused.stdout == ""
    assert json.loads(forced.stdout) == json.loads((ROOT / ORDER).read_text())["properties"]["definition"]


def test_sample_makes_a_body_from_what_the_flow_reads() -> None:
    done = runafter("sample", "examples/order_fan_out/fragile/flow.json")

    body = json.loads(done.stdout)
    assert "orderId" in body
    assert "name" in body["customer"]


def test_sample_of_a_trigger_without_a_body_is_empty(tmp_path: Path) -> None:
    clock = {"type": "Recurrence", "recurrence": {"frequency": "Day", "interval": 1}}
    (tmp_path / "flow.json").write_text(json.dumps({"definition": {"triggers": {"Daily": clock}, "actions": {}}}))

    done = runafter("sample", str(tmp_path / "flow.json"))

    assert (done.returncode, done.stdout) == (0, "{}\n")


def test_a_tree_tells_repetitions_that_ran_from_those_that_were_skipped(tmp_path: Path) -> None:
    odd = {
        "type": "If",
        "expression": {"equals": ["@item()", 2]},
        "actions": {"Two": {"type": "Compose", "inputs": 1, "runAfter": {}}},
        "runAfter": {},
    }
    inner = {"type": "Foreach", "foreach": "@range(1, 3)", "actions": {"Is_two": odd}, "runAfter": {}}
    outer = {"type": "Foreach", "foreach": "@range(1, 2)", "actions": {"Inner": inner}, "runAfter": {}}
    flow = {"definition": {"triggers": {}, "actions": {"Outer": outer}}}
    (tmp_path / "flow.json").write_text(json.dumps(flow))

    done = runafter("run", str(tmp_path / "flow.json"), "--virtual", "--mock", "auto")

    assert "Outer  2/2" in done.stdout
    assert "Inner  x2, 6 iterations" in done.stdout
    assert "Two  x2, 4 skipped" in done.stdout


def test_help_lists_every_command_and_colour_is_asked_for() -> None:
    done = runafter("--help")

    assert done.returncode == 0
    for name in ("inspect", "eval", "graph", "convert", "sample", "run", "runs"):
        assert f"\n  {name}" in done.stdout


def test_convert_writes_no_json_under_the_name_of_an_archive(tmp_path: Path) -> None:
    source, target = tmp_path / "flow.json", tmp_path / "out.zip"
    source.write_text('{"triggers": {}, "actions": {}}', "utf-8")

    done = runafter("convert", str(source), str(target))

    assert done.returncode == 2
    assert "name it flow.json" in done.stderr
    assert not target.exists()
