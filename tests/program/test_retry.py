"""Retry policies and their waits."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runafter.profiles.load import get_profile
from runafter.program.retry import (
    NO_RETRY,
    RetryFault,
    RetryPolicy,
    default_policy,
    is_retriable,
    parse_policy,
    wait_bounds_s,
    worst_case_hold_s,
)

PA = get_profile("power-automate")
LA = get_profile("logic-apps-consumption")


@given(interval_s=st.floats(5, 3600), attempt=st.integers(1, 90))
def test_wait_bounds_are_an_interval(interval_s: float, attempt: int) -> None:
    policy = RetryPolicy(kind="exponential", count=90, interval_s=interval_s, minimum_s=5, maximum_s=3600)
    low, high = wait_bounds_s(policy, attempt)
    assert policy.minimum_s <= low <= high <= policy.maximum_s


@given(attempt=st.integers(1, 89))
def test_wait_bounds_never_shrink(attempt: int) -> None:
    policy = RetryPolicy(kind="exponential", count=90, interval_s=7.5, minimum_s=5, maximum_s=3600)
    assert wait_bounds_s(policy, attempt)[1] <= wait_bounds_s(policy, attempt + 1)[1]


@pytest.mark.parametrize(
    ("profile", "attempts", "bounds"),
    [
        ("logic-apps-consumption", 5, [(5, 7.5), (7.5, 15), (15, 30), (30, 45)]),
        ("power-automate-low", 3, [(5, 300), (300, 600)]),
        ("power-automate", 13, [(5, 7), (7, 14), (14, 28)]),
    ],
)
def test_default_policy_by_profile(profile: str, attempts: int, bounds: list[tuple[float, float]]) -> None:
    policy = default_policy(get_profile(profile))

    assert policy.count + 1 == attempts
    assert [wait_bounds_s(policy, n + 1) for n in range(len(bounds))] == bounds
    assert policy.is_default


def test_the_last_default_waits_of_power_automate_are_about_an_hour() -> None:
    assert wait_bounds_s(default_policy(PA), 12) == (3600, 3600)


def test_worst_case_hold_of_the_default_policies_in_minutes() -> None:
    def minutes(name: str) -> float:
        return round(worst_case_hold_s(default_policy(get_profile(name)), 120) / 60, 1)

    assert minutes("logicapps") == 11.6
    assert minutes("pa-low") == 21.0
    assert 264 <= minutes("pa-medium") <= 266


def test_a_fixed_policy_waits_its_interval() -> None:
    policy = parse_policy({"type": "Fixed", "count": 3, "interval": "PT20S"}, PA)

    assert [wait_bounds_s(policy, n) for n in (1, 2, 3)] == [(20, 20)] * 3


def test_an_exponential_policy_without_bounds_gets_the_documented_ones() -> None:
    policy = parse_policy({"type": "exponential", "count": 4, "interval": "PT10S"}, PA)

    assert (policy.minimum_s, policy.maximum_s) == (5, 3600)


@pytest.mark.parametrize("value", [{"type": "none"}, {"type": "None"}])
def test_none_switches_retries_off(value: Any) -> None:
    assert parse_policy(value, LA) is NO_RETRY


@pytest.mark.parametrize("value", [None, {"type": "default"}, {}])
def test_absent_and_default_give_the_profiles_own(value: Any) -> None:
    assert parse_policy(value, LA) == default_policy(LA)


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"type": "fixed", "count": 0, "interval": "PT20S"}, "count"),
        ({"type": "fixed", "count": 91, "interval": "PT20S"}, "count"),
        ({"type": "fixed", "count": True, "interval": "PT20S"}, "count"),
        ({"type": "fixed", "count": 1, "interval": "PT4S"}, "interval"),
        ({"type": "fixed", "count": 1, "interval": "P1DT1S"}, "interval"),
        ({"type": "fixed", "count": 1, "interval": "20 seconds"}, "interval"),
        ({"type": "fixed", "count": 1}, "interval"),
        ({"type": "linear", "count": 1, "interval": "PT20S"}, "type"),
        (
            {
                "type": "exponential",
                "count": 1,
                "interval": "PT20S",
                "minimumInterval": "PT1H",
                "maximumInterval": "PT1M",
            },
            "minimumInterval",
        ),
    ],
)
def test_what_the_platform_refuses_names_the_field(value: Any, field: str) -> None:
    with pytest.raises(RetryFault) as caught:
        parse_policy(value, LA)

    assert caught.value.field == field


def test_a_stateless_flow_may_retry_sooner() -> None:
    policy = parse_policy({"type": "fixed", "count": 1, "interval": "PT1S"}, get_profile("stateless"))

    assert policy.interval_s == 1


@pytest.mark.parametrize("attempt", [0, -1, 5])
def test_a_retry_outside_the_count_is_a_callers_fault(attempt: int) -> None:
    with pytest.raises(ValueError, match=r"not in 1\.\.4"):
        wait_bounds_s(default_policy(LA), attempt)


def test_only_throttles_timeouts_and_server_faults_are_retried() -> None:
    assert [code for code in range(100, 600) if is_retriable(code)] == [408, 429, *range(500, 600)]
    assert is_retriable(None)
