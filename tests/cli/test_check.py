"""`check`, `readiness` and `rule`: what they print and how they exit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from runafter.cli.main import cli
from runafter.lint.formats import FORMATS

ROOT = Path(__file__).resolve().parents[2]
FRAGILE = str(ROOT / "examples" / "weekly_reports" / "fragile" / "flow.json")
HARDENED = str(ROOT / "examples" / "weekly_reports" / "flow.json")


def _run(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(cli, list(arguments), input=stdin)


def test_check_exits_with_one_at_an_error_and_names_the_race() -> None:
    result = _run("check", FRAGILE)

    assert result.exit_code == 1
    assert "error  RAC001  'Increment_completed' increments the variable 'Completed'" in result.output


@pytest.mark.parametrize(("level", "code"), [("error", 1), ("warning", 1), ("note", 1), ("never", 0)])
def test_fail_on_sets_the_bar(level: str, code: int) -> None:
    assert _run("check", FRAGILE, "--fail-on", level).exit_code == code


def test_a_hardened_flow_has_no_error() -> None:
    assert _run("check", HARDENED).exit_code == 0


@pytest.mark.parametrize("form", list(FORMATS))
def test_every_format_can_be_asked_for(form: str) -> None:
    result = _run("check", FRAGILE, "--format", form, "--fail-on", "never")

    assert result.exit_code == 0
    assert "RAC001" in result.output


def test_check_reads_standard_input_and_several_paths(tmp_path: Path) -> None:
    report = tmp_path / "report.json"

    from_input = _run("check", "-", "--select", "RAC", stdin=Path(FRAGILE).read_bytes())
    both = _run("check", FRAGILE, HARDENED, "--format", "json", "--output", str(report), "--fail-on", "never")

    assert from_input.exit_code == 1
    assert both.output == ""
    assert len(json.loads(report.read_text(encoding="utf-8"))["flows"]) == 2


def test_a_baseline_forgives_what_was_there_before(tmp_path: Path) -> None:
    kept = str(tmp_path / "baseline.json")

    written = _run("check", FRAGILE, "--write-baseline", kept)
    again = _run("check", FRAGILE, "--baseline", kept, "--fail-on", "note")

    assert written.exit_code == 0
    assert again.exit_code == 0
    assert "0 errors, 0 warnings, 0 notes" in again.output


@pytest.mark.parametrize(
    "arguments",
    [("check",), ("check", FRAGILE, "--select", "NOPE"), ("check", FRAGILE, "--format", "x"), ("rule", "RAC999")],
)
def test_a_wrong_use_exits_with_two(arguments: tuple[str, ...]) -> None:
    assert _run(*arguments).exit_code == 2


def test_rule_explains_rules_and_codes_of_the_build() -> None:
    rule = _run("rule", "rac001")
    code = _run("rule", "GRF001")

    assert rule.output.startswith("RAC001  error  races\n\nA loop that runs iterations at once changes a variable.")
    assert "Source: " in rule.output
    assert "run-after cycle" in code.output.lower()
    assert json.loads(_run("rule", "RAC001", "--json").output)["name"] == "variable_in_concurrent_loop"


def test_rule_lists_all_codes() -> None:
    lines = _run("rule", "--list").output.splitlines()

    assert len(lines) > 100
    assert any(line.startswith("RTY001  note") for line in lines)


def test_readiness_shows_five_layers_and_exits_by_the_grade() -> None:
    good, bad = _run("readiness", HARDENED), _run("readiness", FRAGILE)

    assert good.exit_code == 0
    assert "5/5" in good.output
    assert "Record_metrics" in good.output
    assert bad.exit_code == 1
    assert "0/5" in bad.output
    assert _run("readiness", FRAGILE, "--minimum", "0").exit_code == 0


def test_readiness_of_a_folder_sums_up() -> None:
    result = _run("readiness", str(ROOT / "examples"))

    assert result.exit_code == 1
    assert "10 flows: 5 at 5/5, 5 at 0/5" in result.output
    assert len(json.loads(_run("readiness", str(ROOT / "examples"), "--json").output)) == 10


def test_hook_and_action_call_commands_that_exist() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))

    assert [hook["entry"].split()[1] for hook in hooks] == ["check", "readiness"]
    script = "\n".join(step["run"] for step in action["runs"]["steps"])
    assert "${{" not in script
    assert "runafter check" in script
