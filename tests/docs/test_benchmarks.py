"""The page of figures says what was kept, and hides no bar that was missed."""

from __future__ import annotations

from typing import Any

import pytest
from bench.page import is_met, page

RESULT: dict[str, Any] = {
    "case": "durable_sequential",
    "title": "durable steps per second",
    "figures": {
        "steps_per_s": 20000.0,
        "limit_steps_per_s": 80000.0,
        "share_of_limit": 0.25,
        "runafter_is": "one process",
        "restate_steps_per_s": 6000.0,
        "restate_steps": 20000.0,
        "restate_version": "restate-server 1",
        "restate_is": "two processes",
        "times_restate": 3.333,
    },
    "all": [19000.0, 20000.0, 21000.0],
    "bars": {"share_of_limit": ["at least", 0.15], "times_restate": ["at least", 4]},
    "commit": "abcdef1",
    "date": "2026-11-21",
    "machine": {"cores": 2},
}


def test_a_peer_stands_beside_us_with_its_version_and_what_crosses_http() -> None:
    text = page([RESULT])
    assert "| Runafter | 20,000 | all | this one | one process |" in text
    assert "| Restate | 6,000 | 20,000 | restate-server 1 | two processes |" in text
    assert "Commit abcdef1" in text


def test_a_missed_bar_is_said() -> None:
    text = page([RESULT])
    assert "| share_of_limit | 0.250 | at least 0.15: met |" in text
    assert "| times_restate | 3.333 | at least 4: **missed** |" in text


@pytest.mark.parametrize(
    ("value", "bar", "met"),
    [
        (4, ["at least", 4], True),
        (3.9, ["at least", 4], False),
        (5, ["at most", 5], True),
        (5.1, ["at most", 5], False),
        (7, ["within", 5, 8], True),
        (9, ["within", 5, 8], False),
    ],
)
def test_bars(value: float, bar: list[Any], met: bool) -> None:
    assert is_met(value, bar) is met
