"""ISO 8601 durations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runafter.program.durations import duration_s, duration_text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT5S", 5),
        ("PT1H30M", 5400),
        ("P1D", 86400),
        ("P1DT1S", 86401),
        ("pt0.5s", 0.5),
        ("P1W", 604800),
        ("P1M", 2592000),
        ("P1Y", 31536000),
        ("PT1M", 60),
    ],
)
def test_durations_in_seconds(text: str, seconds: float) -> None:
    assert duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "P", "PT", "P1DT", "5", "PT5", "1H", "PT-5S", "PT1H1H", "01:00:00"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no ISO 8601 duration"):
        duration_s(text)


@given(st.integers(0, 10_000_000))
def test_text_of_seconds_reads_back(seconds: int) -> None:
    assert duration_s(duration_text(seconds)) == seconds
