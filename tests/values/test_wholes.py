"""Whole numbers written as text."""

from __future__ import annotations

from typing import Any

import pytest

from runafter.values.wholes import whole


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("25", 25),
        (" -3 ", -3),
        (7, 7),
        (None, None),
        ("", ""),
        ("1.5", "1.5"),
        ("²", "²"),
        ("9" * 5000, "9" * 5000),
        ("-", "-"),
    ],
)
def test_only_texts_that_name_a_whole_number_become_one(given: Any, found: Any) -> None:
    assert whole(given) == found
