"""The table of behaviours names every rule, and gives a reason where a behaviour has none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from runafter.lint.run import all_rules, pages

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs" / "reference" / "rule-codes.md"
REQUIREMENTS = ROOT.parent / "shared" / "requirements.md"
CODE = re.compile(r"\b[A-Z]{3}[0-9]{3}\b")


def _rows() -> list[tuple[str, list[str], str]]:
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("|---"))
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[start + 1 :] if line]
    return [(row[0], CODE.findall(row[1]), row[2]) for row in cells]


def test_every_code_of_the_table_is_one_that_check_gives_or_has_a_reason() -> None:
    known = pages()

    for behaviour, codes, where in _rows():
        missing = [code for code in codes if code not in known]
        if missing or not codes:
            assert "not " in where, (behaviour, missing)
        else:
            assert re.match(r"(rules?|program)\b", where), behaviour


def test_every_rule_guards_a_behaviour() -> None:
    named = {code for _, codes, _ in _rows() for code in codes}

    assert sorted({rule.code for rule in all_rules()} - named) == []


@pytest.mark.skipif(not REQUIREMENTS.is_file(), reason="the list of required codes is not beside the repository")
def test_every_required_code_is_in_the_table() -> None:
    required = set(CODE.findall(REQUIREMENTS.read_text(encoding="utf-8")))

    assert sorted(required - {code for _, codes, _ in _rows() for code in codes}) == []
    assert len(all_rules()) >= 60
