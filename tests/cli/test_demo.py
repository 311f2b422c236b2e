"""The samples that come with Runafter run from the command line, on their happy and their failing paths."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from runafter.cli.main import cli
from runafter.local.samples import faults_of, samples

ROOT = Path(__file__).parents[2]


def demo(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["demo", *arguments], env={"NO_COLOR": "1", "COLUMNS": "120"})


def test_without_a_name_every_sample_and_error_path_is_listed() -> None:
    result = demo()

    assert result.exit_code == 0
    assert len(samples()) == 5
    for name, folder in samples().items():
        assert name in result.output
        assert faults_of(folder)
        assert all(f"--error {error}" in result.output for error in faults_of(folder))


@pytest.mark.parametrize("name", sorted(samples()))
def test_a_sample_runs_to_succeeded(name: str) -> None:
    result = demo(name)

    assert result.exit_code == 0, result.output
    assert "✓ Succeeded" in result.output
    assert "What changed in the tenant" in result.output


def test_an_error_path_ends_as_its_file_says() -> None:
    failed = demo("order_fan_out", "--error", "crm_down")
    handled = demo("order_fan_out", "--error", "mail_and_teams_down")

    assert (failed.exit_code, handled.exit_code) == (1, 0)
    assert "Undone  Mark_order_failed" in failed.output


def test_the_twin_loses_updates() -> None:
    result = demo("weekly_reports", "--fragile")

    assert "✓ Succeeded" in result.output
    assert "Weekly reports: 30 complete" not in result.output


def test_a_copy_is_ready_to_run(tmp_path: Path) -> None:
    target = tmp_path / "mine"

    copied = demo("order_fan_out", "--copy", str(target))
    again = demo("order_fan_out", "--copy", str(target))
    result = CliRunner().invoke(cli, ["run", str(target), "--virtual"])

    assert copied.exit_code == 0
    assert again.exit_code == 2
    assert result.exit_code == 0, result.output


def test_names_that_are_not_there_are_answered_with_those_that_are() -> None:
    assert "there are employee_onboarding, invoice_approval" in demo("orders").output
    assert "there are confirmation_fails, crm_commits_then_times_out" in demo("order_fan_out", "--error", "x").output


def test_wheels_carry_the_samples(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "RUNAFTER_NO_UI": "1"},
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")

    names = set(zipfile.ZipFile(wheel).namelist())

    for name in samples():
        assert f"runafter/examples/{name}/flow.json" in names
        assert f"runafter/examples/{name}/fragile/flow.json" in names
        assert f"runafter/examples/{name}/tenant.yaml" in names
