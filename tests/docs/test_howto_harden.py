"""What docs/howto/harden-a-flow.md shows is what harden prints, and its names are the names of repairs."""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner

from runafter.cli.main import cli
from runafter.lint.harden import GROUPS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "howto" / "harden-a-flow.md").read_text("utf-8")
SAMPLE = "examples/support_escalation/fragile/flow.json"


def _blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)


def test_the_shown_summary_and_diff_are_printed() -> None:
    result = CliRunner().invoke(cli, ["harden", str(ROOT / SAMPLE), "-w"])

    summary = next(block for block in _blocks("") if "findings repaired" in block)
    assert summary in result.stderr
    for block in _blocks("diff"):
        for part in block.split("...\n"):
            assert part in result.stdout


def test_every_repair_is_on_the_page() -> None:
    table = PAGE.split("## The repairs")[1].split("## What it leaves")[0]
    named = {
        name
        for row in re.findall(r"^\| ((?:`[a-z-]+`(?:, )?)+) \|", table, flags=re.MULTILINE)
        for name in re.findall(r"`([a-z-]+)`", row)
    }

    assert named == set(GROUPS)
