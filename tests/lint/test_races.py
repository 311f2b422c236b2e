"""All races of our own corpus are found, and no flow without one is accused."""

from __future__ import annotations

from typing import Any

import pytest
from tests.lint.cases import definition_of, load

from runafter.connectors.registry import catalogue
from runafter.lint.run import check

RACY: list[dict[str, Any]] = load("races/racy.yaml")
SAFE: list[dict[str, Any]] = load("races/safe.yaml")


def _races(case: dict[str, Any]) -> set[str]:
    report = check([definition_of(case)], catalogue=catalogue(), select=("RAC",))
    return {issue.code for issue in report.issues}


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in RACY])
def test_a_race_is_found(case: dict[str, Any]) -> None:
    assert set(case["codes"]) <= _races(case)


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in SAFE])
def test_no_race_is_found_where_there_is_none(case: dict[str, Any]) -> None:
    assert _races(case) == set()


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in RACY])
def test_a_race_ranks_its_remedies_with_what_they_cost(case: dict[str, Any]) -> None:
    report = check([definition_of(case)], catalogue=catalogue(), select=case["codes"])

    for issue in report.issues:
        assert issue.remedies
        assert all(remedy.cost for remedy in issue.remedies)
        assert len(issue.actions) >= 1
        assert issue.evidence


def test_there_are_twenty_of_each_and_more() -> None:
    assert min(len(RACY), len(SAFE)) >= 20
    assert len({case["name"] for case in (*RACY, *SAFE)}) == len(RACY) + len(SAFE)
