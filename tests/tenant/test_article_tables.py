"""Rows C-116 to C-118 and C-121 to C-125: the published timings, by flows on the virtual clock."""

from __future__ import annotations

import pytest
from bench.article_tables import branches, loops


@pytest.fixture(scope="module")
def in_branches():
    return {count: branches(count, 20) for count in (1, 3, 4)}


@pytest.fixture(scope="module")
def in_loops():
    return {degree: loops(degree, 12) for degree in (1, 5, 7, 10, 20, 50)}


@pytest.mark.parametrize(("count", "low", "high"), [(1, 12, 15), (3, 4, 6), (4, 3, 5)])
def test_four_actions_take_their_time_in_branches(in_branches, count: int, low: float, high: float) -> None:
    assert low <= in_branches[count].mean_s <= high


def test_a_fourth_branch_gains_less_than_a_quarter(in_branches) -> None:
    assert 0 < 1 - in_branches[4].mean_s / in_branches[3].mean_s < 0.25


@pytest.mark.slow
@pytest.mark.parametrize(
    ("degree", "low", "high"), [(1, 480, 600), (5, 120, 180), (10, 90, 120), (20, 75, 120), (50, 90, 150)]
)
def test_a_loop_of_100_items_takes_its_time(in_loops, degree: int, low: float, high: float) -> None:
    assert low <= in_loops[degree].mean_s <= high


@pytest.mark.slow
def test_more_at_once_is_refused_more_often_loses_items_and_is_no_faster(in_loops) -> None:
    refused = [in_loops[degree].refused for degree in (5, 10, 20, 50)]

    assert refused[0] == 0
    assert refused == sorted(set(refused))
    assert min(in_loops.values(), key=lambda row: row.mean_s) is in_loops[7]
    assert in_loops[50].mean_s > in_loops[10].mean_s
    assert in_loops[20].spread_s > in_loops[5].spread_s
    assert (in_loops[5].lost, in_loops[7].lost) == (0, 0)
    assert in_loops[50].lost > in_loops[20].lost
