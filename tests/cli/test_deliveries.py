"""An event that a platform delivers twice: two runs and two records bare, one of each with a key."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from runafter.cli.main import cli

SAMPLE = Path(__file__).parents[2] / "examples" / "order_fan_out"


@pytest.mark.parametrize(
    ("flow", "runs", "records"), [("fragile", 2, 2), (".", 1, 1)], ids=["fragile twin", "hardened sample"]
)
def test_a_key_makes_two_deliveries_one_run(flow: str, runs: int, records: int) -> None:
    result = CliRunner().invoke(
        cli,
        [
            "run",
            str(SAMPLE / flow),
            "--virtual",
            "--tenant",
            str(SAMPLE / "tenant.yaml"),
            "--trigger",
            f"@{SAMPLE / 'trigger.json'}",
            "--duplicate-deliveries",
            "2",
        ],
        env={"NO_COLOR": "1", "COLUMNS": "160"},
    )

    assert result.exit_code == 0, result.output
    assert result.output.count("✓ Succeeded") == runs
    assert f"Dataverse  contoso_orders  +{records}" in result.output
    assert ("the key 'SO-1001' is claimed, no run starts" in result.output) == (runs == 1)
