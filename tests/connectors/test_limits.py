"""Rows C-39, C-46 to C-49: every limit has a source; both formulas of safe concurrency."""

from __future__ import annotations

import pytest

from runafter.connectors.limiter import Concurrency, ExecutionTime, SlidingWindow, TokenBucket
from runafter.connectors.limits import explain, formula_concurrency, limits, read_overrides, timed_concurrency
from runafter.connectors.sources import is_source


def test_every_limit_has_a_source_and_a_date_or_says_that_it_is_not_verified() -> None:
    rows = limits()

    assert len(rows) >= 30
    assert all(is_source(row.throttle.source, row.throttle.read) for row in rows)


@pytest.mark.parametrize(
    ("connector", "limit", "calls", "iteration_s", "formula", "timed"),
    [
        ("shared_sharepointonline", "calls", 3, 3, 100, 5),
        ("dataverse", "requests", 1, 1, 600, 10),
        ("sharepointonline", "calls", 3, 1, 100, 1),
    ],
)
def test_both_formulas(connector, limit, calls, iteration_s, formula, timed) -> None:
    (found,) = [
        row for row in explain(connector, calls=calls, iteration_s=iteration_s) if row.limit.throttle.name == limit
    ]

    assert (found.by_formula, found.by_time) == (formula, timed)
    assert (found.recommended, found.used) == (timed, "time-aware")


def test_a_recommendation_never_passes_the_platforms_cap() -> None:
    assert explain("dataverse", calls=1, iteration_s=60)[0].recommended == 50


def test_a_safety_of_one_doubles_the_answer() -> None:
    assert formula_concurrency(600, 3, 1) == 2 * formula_concurrency(600, 3, 2)
    assert timed_concurrency(600, 3, 6, 1) == 2 * timed_concurrency(600, 3, 6, 2)


def test_an_override_changes_the_answer_and_is_marked() -> None:
    overrides = read_overrides('[limits."sharepointonline.calls"]\nlimit = 1200\nsource = "our contract"')

    (row,) = [row for row in limits(overrides) if row.key == "sharepointonline.calls"]

    assert (row.throttle.limit, row.throttle.source, row.overridden) == (1200, "our contract", True)
    assert [r.by_time for r in explain("sharepointonline", calls=3, iteration_s=3, overrides=overrides)] == [5, 10]


@pytest.mark.parametrize(
    "text", ["[", "limits = 3", '[limits."nope.calls"]\nlimit = 1', '[limits."sql.crud"]\nlimits = 1']
)
def test_a_wrong_override_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        limits(read_overrides(text))


def test_a_window_frees_a_place_when_its_oldest_call_leaves() -> None:
    window = SlidingWindow(2, 10)
    for at in (0.0, 4.0):
        window.start(at)

    assert [window.wait_s(5), window.wait_s(9.5), window.wait_s(10)] == [5, 0.5, 0]


def test_a_bucket_lets_its_burst_pass_and_then_its_rate() -> None:
    bucket, passed, now = TokenBucket(2.2, 17), 0, 0.0
    for step in range(100):
        now = step * 0.1
        while bucket.wait_s(now) == 0:
            bucket.start(now)
            passed += 1

    assert passed == 17 + int(2.2 * now + 1e-9)


def test_concurrency_and_execution_time_count_what_runs_and_what_ran() -> None:
    busy, spent = Concurrency(1), ExecutionTime(10, 100)
    busy.start(0)
    spent.finish(5, 10)

    assert (busy.wait_s(0) > 0, spent.wait_s(5), spent.wait_s(105)) == (True, 100, 0)
    busy.finish(1, 1)
    assert busy.wait_s(1) == 0
