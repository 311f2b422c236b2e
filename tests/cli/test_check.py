"""`check`, `readiness` and `rule`: what they print and how they exit."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from tests.lint.schemas import faults

from runafter.cli.main import cli, main
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


def test_rule_explains_errors_too() -> None:
    error = _run("rule", "con010")

    assert error.exit_code == 0
    assert error.output == "CON010  error  errors\n\nNo pack serves this connector.\n"
    assert "Instead: Install runafter[azure]." in _run("rule", "CON031").output
    listed = [line.split()[0] for line in _run("rule", "CON").output.splitlines()]
    assert {"CON002", "CON010"} <= set(listed)
    assert listed == sorted(listed)


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


def test_the_action_and_the_hooks_are_of_the_published_form() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))

    assert faults("github-action.json", action) == []
    assert all({"id", "name", "entry", "language"} <= set(hook) for hook in hooks)
    assert all(re.search(hook["files"], "flows/orders/flow.json") for hook in hooks)
    assert not any(re.search(hook["files"], "package.json") for hook in hooks)


def test_hook_and_action_call_commands_that_exist() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))

    assert [hook["entry"].split()[1] for hook in hooks] == ["check", "readiness"]
    script = "\n".join(step["run"] for step in action["runs"]["steps"])
    assert "${{" not in script
    assert "runafter check" in script


def _project(folder: Path, settings: str, *, beside: str = "") -> Path:
    flow = folder / "flows" / "reports" / "flow.json"
    flow.parent.mkdir(parents=True)
    flow.write_bytes(Path(FRAGILE).read_bytes())
    (folder / "runafter.toml").write_text(settings, encoding="utf-8")
    if beside:
        (flow.parent / "flow.toml").write_text(beside, encoding="utf-8")
    return flow


def test_settings_above_the_flow_are_found_and_can_be_left_out(tmp_path: Path) -> None:
    flow = str(_project(tmp_path, '[check]\nselect = ["ERR"]\nfail-on = "warning"\n'))

    found, without, other = (
        _run("check", flow, "--format", "json"),
        _run("check", flow, "--format", "json", "--no-config"),
        _run("check", flow, "--format", "json", "--select", "RAC"),
    )

    assert {row["code"][:3] for row in json.loads(found.output)["findings"]} == {"ERR"}
    assert found.exit_code == 1
    assert {"RAC001", "ERR001"} <= {row["code"] for row in json.loads(without.output)["findings"]}
    assert {row["code"][:3] for row in json.loads(other.output)["findings"]} == {"RAC"}


def test_a_waiver_beside_the_flow_counts_for_that_flow_alone(tmp_path: Path) -> None:
    waiver = '[[waive]]\ncode = "RAC001"\nreason = "one site at a time"\n'
    flow = _project(tmp_path, "", beside=waiver)
    other = tmp_path / "flows" / "other" / "flow.json"
    other.parent.mkdir()
    other.write_bytes(flow.read_bytes())

    result = _run("check", str(tmp_path), "--select", "RAC001", "--format", "json")

    rows = json.loads(result.output)["findings"]
    assert {Path(row["file"]).parent.name for row in rows if row.get("waived")} == {"reports"}
    assert {Path(row["file"]).parent.name for row in rows if not row.get("waived")} == {"other"}


def test_the_baseline_of_the_settings_is_read_and_written_anew(tmp_path: Path) -> None:
    flow = str(_project(tmp_path, '[check]\nbaseline = "old.json"\n'))

    missing = _run("check", flow)
    written = _run("check", flow, "--write-baseline", str(tmp_path / "old.json"))
    after = _run("check", flow, "--fail-on", "note")

    assert missing.exit_code == 2
    assert "cannot read" in missing.output
    assert written.exit_code == 0
    assert after.exit_code == 0


def test_a_flow_that_is_named_twice_is_checked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _project(tmp_path, "")
    monkeypatch.chdir(tmp_path)

    result = _run("check", "flows", "./flows/reports/flow.json", "flows/reports", "--format", "json")

    assert len(json.loads(result.output)["flows"]) == 1


def test_a_waiver_that_ended_is_told_on_standard_error(tmp_path: Path) -> None:
    waive = '[[check.waive]]\ncode = "RAC001"\nreason = "r"\nexpires = 2020-01-31\n'
    flow = str(_project(tmp_path, waive))

    result = _run("check", flow, "--select", "RAC")

    assert result.exit_code == 1
    assert "The waiver of RAC001 in " in result.stderr
    assert "ended on 2020-01-31." in result.stderr


@pytest.mark.parametrize(
    ("settings", "message"),
    [("[check]\nselects = []\n", "no field 'selects'"), ("[check", "no TOML"), ("check = 3\n", "'check' is a table")],
)
def test_settings_at_fault_exit_with_two_and_say_where(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], settings: str, message: str
) -> None:
    flow = str(_project(tmp_path, settings))

    with pytest.raises(SystemExit) as stop:
        main(["check", flow])

    told = capsys.readouterr().err
    assert stop.value.code == 2
    assert told.startswith("error CHK001 at ")
    assert message in told
    assert "runafter.toml" in told


@pytest.mark.parametrize(("settings", "fail_on", "code"), [("", "", 1), ("fail-on = 'never'", "", 0), ("", "never", 0)])
def test_the_script_of_the_action_writes_all_reports(tmp_path: Path, settings: str, fail_on: str, code: int) -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    script = action["runs"]["steps"][-1]["run"]
    _project(tmp_path, f"[check]\n{settings}\n")
    shim = tmp_path / "bin" / "runafter"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m runafter "$@"\n', encoding="utf-8")
    shim.chmod(0o755)
    given = {"FLOWS": "flows\nflows/reports/flow.json", "FAIL_ON": fail_on, "SELECT": "RAC,ERR", "IGNORE": "ERR001"}
    around = {
        **os.environ,
        **given,
        "BASELINE": "",
        "SARIF": "out.sarif",
        "GITHUB_STEP_SUMMARY": "summary.md",
        "PATH": f"{shim.parent}:/usr/bin:/bin",
    }

    ran = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=around,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == code, ran.stderr
    assert "::error file=flows/reports/flow.json,line=" in ran.stdout
    assert "RAC001" in (tmp_path / "summary.md").read_text(encoding="utf-8")
    log = json.loads((tmp_path / "out.sarif").read_text(encoding="utf-8"))
    assert faults("sarif-2.1.0.json", log) == []
    assert {row["ruleId"] for row in log["runs"][0]["results"]} >= {"RAC001"}


def test_the_beginning_of_a_code_lists_its_family() -> None:
    lines = _run("rule", "lck").output.splitlines()

    assert [line.split()[0] for line in lines] == ["LCK001", "LCK002", "LCK003", "LCK004", "LCK005", "LCK006"]
    assert {row["code"][:3] for row in json.loads(_run("rule", "rac", "--json").output)} == {"RAC"}


def test_reports_are_written_into_folders_that_are_made(tmp_path: Path) -> None:
    report = tmp_path / "reports" / "new" / "check.sarif"

    made = _run("check", FRAGILE, "--format", "sarif", "--output", str(report), "--fail-on", "never")
    refused = _run("check", FRAGILE, "--output", str(tmp_path))

    assert made.exit_code == 0
    assert json.loads(report.read_text(encoding="utf-8"))["version"] == "2.1.0"
    assert refused.exit_code == 2


def test_an_unknown_dialect_is_refused_by_name() -> None:
    result = _run("check", FRAGILE, "--profile", "nintex")

    assert result.exit_code == 2
    assert "'nintex' is not one of" in result.output


def test_a_terminal_shows_severities_in_colour(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")

    with pytest.raises(SystemExit):
        main(["check", FRAGILE, "--select", "RAC", "--no-config"])

    shown = capsys.readouterr().out
    assert "\x1b[31merror  RAC001\x1b[0m" in shown
    assert re.sub(r"\x1b\[[0-9;]*m", "", shown) == _run("check", FRAGILE, "--select", "RAC", "--no-config").output


def test_a_waiver_without_a_reason_is_named_and_covers_nothing(tmp_path: Path) -> None:
    waive = {"runafter": {"waive": [{"code": "RTY001"}]}}
    call = {"type": "Http", "inputs": {"method": "GET", "uri": "https://a.example"}, "runAfter": {}, "metadata": waive}
    file = tmp_path / "flow.json"
    file.write_text(json.dumps({"triggers": {"m": {"type": "Request", "kind": "Button"}}, "actions": {"Get": call}}))

    result = _run("check", str(file), "--select", "RTY001")

    assert "RTY001" in result.stdout
    assert "1 flow: 0 errors, 0 warnings, 1 note" in result.stdout
    assert "The waiver of RTY001 in" in result.stderr
    assert "says no reason: it covers nothing." in result.stderr
