"""The reference pages are those that the tables give."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tools.docs_codes import FOLDER, codes, profiles

from runafter.definition.codes import CODES as READING
from runafter.program.codes import CODES

SOURCE = Path(__file__).resolve().parents[2] / "src" / "runafter"


@pytest.mark.parametrize(("name", "page"), [("codes.md", codes()), ("profiles.md", profiles())])
def test_the_page_is_up_to_date(name: str, page: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == page, "run: python -m tools.docs_codes"


def test_every_code_is_on_the_page() -> None:
    page = codes()

    assert [code for code in CODES if f"| `{code}` |" not in page] == []


def test_every_code_that_the_language_and_program_rooms_give_is_described() -> None:
    given = {
        code
        for room in ("definition", "expressions", "program")
        for file in sorted((SOURCE / room).rglob("*.py"))
        for code in re.findall(r'"((?:EXP|GRF|REF|ACT|TRG|VAR|LIM|CAT|DEF)\d{3})"', file.read_text(encoding="utf-8"))
    }

    assert sorted(given - {*CODES, *READING}) == []
