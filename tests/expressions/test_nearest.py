"""The name that was meant is found among few and among very many names, without regard to case."""

from __future__ import annotations

import pytest

from runafter.expressions.nearest import nearest

MANY = [f"Get_row_{n}_of_the_table" for n in range(3_000)] + ["Send_the_mail"]


@pytest.mark.parametrize(
    ("name", "names", "found"),
    [
        ("concta", ["concat", "contains"], "concat"),
        ("SEND_MAIL", MANY, "Send_the_mail"),
        ("get_row_2999_of_teh_table", MANY, "Get_row_2999_of_the_table"),
        ("zzzz", MANY, None),
        ("", MANY, None),
        ("a", [], None),
    ],
)
def test_the_nearest_name_is_found(name: str, names: list[str], found: str | None) -> None:
    assert nearest(name, names) == found
