"""Profiles as data."""

from __future__ import annotations

import pytest

from runafter.profiles.load import error_codes, get_profile, profile_names


@pytest.mark.parametrize("name", profile_names())
def test_every_fact_has_unit_source_and_date(name: str) -> None:
    profile = get_profile(name)

    facts = [*profile.limits.values(), *profile.defaults.values()]

    assert facts
    assert [fact.name for fact in facts if not (fact.unit and fact.source and fact.date)] == []


def test_profiles_hold_the_same_names_of_defaults() -> None:
    names = {frozenset(get_profile(name).defaults) for name in profile_names()}

    assert len(names) == 1


def test_foreach_runs_one_at_a_time_in_power_automate_and_twenty_in_logic_apps() -> None:
    assert get_profile("power-automate").default("foreach_concurrency") == 1
    assert get_profile("logic-apps-consumption").default("foreach_concurrency") == 20
    assert get_profile("logic-apps-standard").default("foreach_concurrency") == 20


@pytest.mark.parametrize(
    ("alias", "retries"), [("logicapps", 4), ("pa-low", 2), ("pa-medium", 12), ("Power_Automate", 12)]
)
def test_short_names_choose_the_default_retries(alias: str, retries: int) -> None:
    assert get_profile(alias).default("retry")["count"] == retries


def test_a_variant_keeps_what_it_does_not_change() -> None:
    assert get_profile("pa-low").limit("foreach_items") == 5000
    assert get_profile("pa-low").limit("actions") == get_profile("pa").limit("actions")
    assert get_profile("standard").limit("parameters") == 500


def test_an_unknown_profile_is_refused_with_the_list() -> None:
    with pytest.raises(ValueError, match="power-automate-low"):
        get_profile("biztalk")


def test_error_codes_have_a_meaning_and_a_known_status() -> None:
    statuses = {"", "Succeeded", "Failed", "Skipped", "TimedOut", "Cancelled"}

    assert {fact.unit for fact in error_codes().values()} <= statuses
    assert error_codes()["ActionSkipped"].value
