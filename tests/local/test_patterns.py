from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runafter.local.patterns import text_of_pattern
from runafter.local.schema_shapes import from_schema


@pytest.mark.parametrize(
    "pattern",
    [
        r"^SO-[0-9]+$",
        r"^[A-Z]{2}\d{4,}$",
        r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$",
        r"^(?<year>\d{4})-(0[1-9]|1[0-2])$",
        r"^a*b?$",
    ],
)
def test_a_text_is_made_that_fits(pattern: str) -> None:
    texts = {text_of_pattern(pattern, index) for index in range(5)}

    assert all(text is not None and re.search(pattern.replace("?<", "?P<"), text) for text in texts)
    assert all(text is not None and len(text) < 30 for text in texts)
    assert text_of_pattern(pattern, 3) == text_of_pattern(pattern, 3)


def test_what_is_no_pattern_gives_none() -> None:
    assert text_of_pattern("(") is None
    assert text_of_pattern("a" * 2_000) is None
    assert text_of_pattern("(((a{150}){150}){150}){150}") is None


@given(st.text(max_size=40))
def test_any_text_is_a_pattern_or_none(pattern: str) -> None:
    made = text_of_pattern(pattern)

    assert made is None or isinstance(made, str)


def test_a_sample_of_a_schema_keeps_its_patterns() -> None:
    schema = {"type": "object", "properties": {"orderId": {"type": "string", "pattern": "^SO-[0-9]+$"}}}

    assert re.fullmatch("SO-[0-9]+", from_schema(schema).sample()["orderId"])
