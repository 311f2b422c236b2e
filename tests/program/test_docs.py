"""The reference pages are those that the tables give."""

from __future__ import annotations

import pytest
from tools.docs_codes import FOLDER, codes, profiles

from runafter.program.codes import CODES


@pytest.mark.parametrize(("name", "page"), [("codes.md", codes()), ("profiles.md", profiles())])
def test_the_page_is_up_to_date(name: str, page: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == page, "run: python -m tools.docs_codes"


def test_every_code_is_on_the_page() -> None:
    page = codes()

    assert [code for code in CODES if f"| {code} |" not in page] == []
