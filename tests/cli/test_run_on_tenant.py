"""`runafter run` on an emulated tenant: what lies beside a flow, what changed, how it is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from runafter.cli.main import cli

EXAMPLES = Path(__file__).parents[2] / "examples"
ORDER = str(EXAMPLES / "order_fan_out")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["run", *arguments], catch_exceptions=False)


def test_a_sample_folder_runs_on_its_own_tenant_and_trigger() -> None:
    found = run(ORDER, "--virtual")

    assert found.exit_code == 0
    assert "On the emulated tenant of" in found.stderr
    assert "Triggered by" in found.stderr
    for line in (
        "What changed in the tenant",
        "LAMP-01: OnHand 200 → 198",
        "Your order SO-1001  → adele.vance",
        "Calls  8",
    ):
        assert line in found.stdout


def test_faults_are_told_with_retries_and_what_was_undone() -> None:
    found = run(ORDER, "--virtual", "--faults", "dataverse.UpdateRecord=503")

    assert found.exit_code == 1
    assert "Retries  4: Create_CRM_record ×4" in found.stdout
    assert "Faults  5: Create_CRM_record: 503 ×5" in found.stdout
    assert "Undone  Mark_order_failed, Cancel_in_SQL, Send_correction, Release_inventory" in found.stdout


def test_the_twin_in_the_folder_below_uses_the_same_tenant() -> None:
    found = run(str(EXAMPLES / "weekly_reports" / "fragile"), "--virtual", "--variables", "racy")

    assert found.exit_code == 0
    assert "weekly_reports/tenant.yaml" in found.stderr


def test_each_item_of_a_split_event_is_a_run() -> None:
    found = run(str(EXAMPLES / "invoice_approval"), "--virtual", "--json")

    assert [result["status"] for result in json.loads(found.stdout)] == ["Succeeded", "Succeeded"]


def test_an_event_whose_conditions_do_not_hold_starts_no_run() -> None:
    found = run(ORDER, "--virtual", "--trigger", f"@{ORDER}/triggers/other_event.json")

    assert found.exit_code == 0
    assert "starts no run: its conditions do not hold" in found.stderr


def test_without_a_tenant_connector_calls_are_refused_by_name() -> None:
    found = run(ORDER, "--virtual", "--no-tenant", "--trigger", f"@{ORDER}/trigger.json")

    assert found.exit_code == 1
    assert "What changed in the tenant" not in found.stdout


def test_a_tenant_is_kept_in_a_file_for_the_next_run(tmp_path: Path) -> None:
    state = str(tmp_path / "tenant.db")

    first = run(ORDER, "--virtual", "--tenant-state", state)
    second = run(ORDER, "--virtual", "--tenant-state", state)

    assert "Calls  8" in first.stdout
    assert "Orders  ~1" not in second.stdout


@pytest.mark.parametrize("option", [("--faults", "sql.*=500"), ("--tenant-profile", "documented")])
def test_options_of_a_tenant_need_one(option: tuple[str, str], tmp_path: Path) -> None:
    flow = tmp_path / "flow.json"
    flow.write_text((EXAMPLES / "order_fan_out" / "flow.json").read_text("utf-8"), "utf-8")

    found = run(str(flow), "--virtual", *option)

    assert found.exit_code == 2
    assert "need a tenant" in found.stderr


def test_an_unknown_profile_is_named_with_those_that_exist() -> None:
    found = CliRunner().invoke(cli, ["run", ORDER, "--virtual", "--tenant-profile", "slow"])

    assert found.exit_code != 0
    assert "calibrated-sharepoint" in str(found.exception) + found.output


def test_the_machines_clock_runs_on_the_tenant_and_keeps_the_run(tmp_path: Path) -> None:
    found = run(ORDER, "--db", str(tmp_path / "runs.db"))

    assert found.exit_code == 0
    assert "What changed in the tenant" in found.stdout


def test_a_button_is_pressed_by_its_name() -> None:
    found = run(str(EXAMPLES / "weekly_reports" / "fragile"), "--virtual", "--trigger", "manual")

    assert found.exit_code == 0
    assert "Weekly Reports  ~30" in found.stdout


def test_who_could_answer_an_approval_that_nobody_answered_is_told(tmp_path: Path) -> None:
    seed = (EXAMPLES / "invoice_approval" / "tenant.yaml").read_text("utf-8").partition("approvals:")[0]
    (tmp_path / "tenant.yaml").write_text(seed, "utf-8")
    found = run(str(EXAMPLES / "invoice_approval"), "--virtual", "--tenant", str(tmp_path / "tenant.yaml"))

    assert "Unanswered  " in found.stdout
    assert "tenant.yaml can answer: approvals: {rules: {" in found.stdout
