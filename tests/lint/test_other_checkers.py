"""The comparison with other checkers names codes that exist, and leaves no family without a code or a reason."""

from __future__ import annotations

import re
from pathlib import Path

from runafter.definition.codes import CODES as READING
from runafter.lint.run import pages

TABLE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "other-checkers.md"
TOOLS = ("logicapps-lint", "AutoReview", "Flow Checker", "Solution Checker")


def _rows() -> list[list[str]]:
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return [row for row in cells if row[0] != "Looks for"]


def test_every_family_of_another_tool_has_a_code_or_a_reason() -> None:
    known = set(pages()) | set(READING)

    for family, *tools, ours in _rows():
        codes = re.findall(r"`([A-Z]{3}[0-9]{3})`", ours)
        assert len(tools) == len(TOOLS), family
        assert "yes" in tools, family
        assert set(tools) <= {"yes", ""}, family
        assert codes or len(ours.split()) >= 4, family
        assert set(codes) <= known, family


def test_each_tool_is_compared() -> None:
    for place, tool in enumerate(TOOLS, start=1):
        assert any(row[place] == "yes" for row in _rows()), tool
