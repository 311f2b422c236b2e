"""The fragile twins of the samples, hardened: the same work on good data, and no manual work under faults that pass."""

from __future__ import annotations

from typing import Any

import pytest
from bench.twins import SAMPLES, TRANSIENT, play, twin

import runafter
from runafter.connectors.registry import catalogue
from runafter.lint.readiness import readiness

ONE_HIRE = {
    "batch": "2026-W49",
    "hires": [
        {
            "employeeId": "E4001",
            "givenName": "Ada",
            "surname": "Lindqvist",
            "department": "Engineering",
            "jobTitle": "Developer",
            "managerId": "33333333-0000-4000-8000-000000000011",
            "startDate": "2026-12-07",
        }
    ],
}
RACING = {"employee_onboarding", "weekly_reports"}
"""The fragile ones of these do something else each time: iterations share variables."""
ONE = ("employee_onboarding", ONE_HIRE)


@pytest.mark.parametrize(("sample", "trigger"), [*((each, None) for each in SAMPLES if each not in RACING), ONE])
def test_a_hardened_twin_does_on_good_data_what_the_fragile_one_did(sample: str, trigger: Any) -> None:
    fragile, hardened = (play(sample, is_hardened=each, trigger=trigger) for each in (False, True))

    assert [result.status for result in hardened.results] == [result.status for result in fragile.results]
    assert hardened.succeeded
    assert hardened.content() == fragile.content()


@pytest.mark.parametrize("sample", sorted(RACING))
def test_iterations_that_shared_a_variable_no_longer_meet(sample: str) -> None:
    first, second = (play(sample, is_hardened=True, seed=seed) for seed in (1, 2))
    lost = [play(sample, is_hardened=False, seed=seed) for seed in (1, 2)]

    assert first.succeeded
    assert first.content() == second.content()
    assert all(not each.succeeded or each.content() != first.content() for each in lost)


@pytest.mark.parametrize("sample", sorted(RACING))
def test_iterations_do_what_they_did_one_after_the_other(sample: str) -> None:
    fragile = twin(sample, False)
    value = fragile.source.text
    for written in ('"repetitions": 20', '"repetitions": 50'):
        value = value.replace(written, '"repetitions": 1')
    (one_by_one,) = runafter.read(value.encode())

    hardened = play(sample, is_hardened=True)

    assert play(sample, flow=one_by_one).content() == hardened.content()


@pytest.mark.parametrize("sample", SAMPLES)
def test_faults_that_pass_leave_no_manual_work(sample: str) -> None:
    good = play(sample, is_hardened=True).content()

    runs = [play(sample, is_hardened=True, seed=seed, faults=TRANSIENT) for seed in range(6)]

    assert [each.succeeded and each.content() == good for each in runs] == [True] * 6


def test_bad_data_is_refused_before_any_change() -> None:
    def order(**changes: Any) -> Any:
        return {"event": "order.placed", "orderId": "SO-1001", "lines": [], "customer": {}, **changes}

    refused = play("order_fan_out", is_hardened=True, trigger=order())
    fragile = play("order_fan_out", is_hardened=False, trigger=order())

    (run,) = refused.results
    assert run.error["code"] == "InvalidInput"
    assert run.error["message"].startswith("refused before any change")
    assert run.action("Try").status == "Skipped"
    assert not fragile.succeeded


def test_a_failure_is_said_and_recorded() -> None:
    failed = play("order_fan_out", is_hardened=True, faults=("sql.*=400",))

    (run,) = failed.results
    assert run.status == "Failed"
    assert run.error["code"] == "WorkFailed"
    assert run.error["message"].startswith("Validate_inventory: ")
    assert run.action("Record_the_run").status == "Succeeded"


def test_every_twin_is_fit_for_production() -> None:
    assert {readiness(twin(sample, True), catalogue=catalogue()).grade for sample in SAMPLES} == {5}
