"""Onboarding: one hire that fails is undone and reported, the others are ready."""

from __future__ import annotations

from typing import Any

import pytest
from tests.examples.stage import Played, play, trigger_of

NAME = "employee_onboarding"
MANAGERS = {"Erika Engel", "Sven Sales", "Fiona Director"}
HIRES = [f"{hire['givenName']} {hire['surname']}" for hire in trigger_of(NAME)["hires"]]


def users(played: Played) -> dict[str, dict[str, Any]]:
    return {row["displayName"]: row for row in played.rows("azuread", "users") if row["displayName"] not in MANAGERS}


def members(played: Played) -> dict[str, int]:
    return {row["displayName"]: len(row["members"]) for row in played.rows("azuread", "groups")}


def licensed(played: Played) -> set[str]:
    return {name for name, row in users(played).items() if row["assignedLicenses"]}


def log(played: Played) -> dict[str, str]:
    return {row["EmployeeId"]: row["Status"] for row in played.sql("Onboarding")}


def sites(played: Played) -> int:
    return len(played.rows("sharepointonline", "$sites")) - 1


def test_six_hires_get_account_groups_licence_site_mails_and_log() -> None:
    played = play(NAME)

    assert played.run.status == "Succeeded"
    assert set(users(played)) == licensed(played) == set(HIRES)
    assert members(played) == {
        "All staff": 6, "Licence Microsoft 365 E3": 6, "Engineering": 3, "Sales": 2, "Finance": 1
    }  # fmt: skip
    assert sites(played) == 6
    assert len(played.mails) == 13
    assert len(played.posts) == 6
    assert set(log(played).values()) == {"Complete"}
    assert played.mails[-1]["subject"] == "Onboarding 2026-W49: 6 ready, 0 failed"


def test_every_hire_has_the_manager_of_the_batch() -> None:
    played = play(NAME, profile="documented")
    wanted = {f"{hire['givenName']} {hire['surname']}": hire["managerId"] for hire in trigger_of(NAME)["hires"]}

    assert {name: row["manager"] for name, row in users(played).items()} == wanted


def test_five_hires_at_once_are_many_times_faster_than_one_after_the_other() -> None:
    played = play(NAME, profile="documented")

    busy_s = sum(call.ended_at - call.started_at for call in played.tenant.served) / 10_000_000

    assert busy_s > 3 * played.run.duration.total_seconds()


def test_a_site_that_cannot_be_made_undoes_that_hire_alone() -> None:
    played = play(NAME, faults="site_fails_for_one")
    undone = "Chiara Romano"

    assert played.run.status == "Succeeded"
    assert licensed(played) == set(HIRES) - {undone}
    assert members(played)["All staff"] == 5
    assert members(played)["Finance"] == 0
    assert users(played).get(undone, {}).get("accountEnabled") in (None, False)
    assert log(played)["E4003"] == "Failed"
    assert [task["Title"] for task in played.items("Onboarding Tasks") if "failed" in task["Title"]] == [
        "Onboarding failed: Chiara Romano (Create_site)"
    ]
    assert played.items("Flow Metrics")[0]["Outcome"] == "Partial"


def test_accounts_stay_when_mail_is_down_and_hr_introduces_in_person() -> None:
    played = play(NAME, faults="welcome_mail_fails")

    assert played.run.status == "Succeeded"
    assert licensed(played) == set(HIRES)
    assert played.mails == []
    assert len([task for task in played.items("Onboarding Tasks") if "ntroduce" in task["Title"]]) == 6


def test_a_throttled_directory_costs_time_and_nobody() -> None:
    played = play(NAME, faults="directory_throttled")

    assert set(log(played).values()) == {"Complete"}
    assert licensed(played) == set(HIRES)
    assert any(call.status == 429 for call in played.tenant.served)


def test_an_account_whose_answer_was_lost_is_made_once() -> None:
    played = play(NAME, faults=["entra.CreateUser=commit-then-timeout#1"])

    assert played.run.status == "Succeeded"
    assert set(users(played)) == set(HIRES)
    assert licensed(played) == set(HIRES)


def test_no_free_licence_fails_the_hires_that_get_none() -> None:
    played = play(NAME, change=lambda seed: seed.update(licences={"SPE_E3": 4}))

    assert played.run.status == "Succeeded"
    assert len(licensed(played)) == 4
    assert sorted(log(played).values()) == ["Complete"] * 4 + ["Failed"] * 2


@pytest.mark.parametrize("trigger", ["missing_manager", "bad_date"])
def test_a_hire_with_a_gap_is_set_aside_for_hr(trigger: str) -> None:
    played = play(NAME, trigger=trigger)

    assert played.run.status == "Succeeded"
    assert len(users(played)) == 1
    assert len(played.items("Onboarding Tasks")) == 4


def test_an_unknown_department_undoes_that_hire() -> None:
    played = play(NAME, trigger="unknown_department")

    assert played.run.status == "Succeeded"
    assert len(licensed(played)) == 1
    assert sorted(log(played).values()) == ["Complete", "Failed"]


@pytest.mark.parametrize(
    ("trigger", "code"),
    [("empty_batch", "InvalidBatch"), ("no_batch", "InvalidBatch"), ("conflicting_hires", "ConflictingHires")],
)
def test_a_wrong_batch_is_refused_before_the_first_write(trigger: str, code: str) -> None:
    played = play(NAME, trigger=trigger)

    assert (played.run.status, played.run.error["code"]) == ("Failed", code)
    assert users(played) == {}
    assert (played.mails, played.posts, sites(played)) == ([], [], 0)


def test_a_second_run_of_the_batch_makes_nobody_twice() -> None:
    first = play(NAME)

    again = play(NAME, tenant=first.tenant)

    assert again.run.status == "Succeeded"
    assert set(users(again)) == set(HIRES)
    assert members(again)["All staff"] == 6


# -- the fragile twin ------------------------------------------------------------------------------------------------


def test_the_twin_gives_one_person_the_access_of_all() -> None:
    played = play(NAME, part="fragile", profile="documented")

    assert len(users(played)) == 6
    assert members(played)["All staff"] < 6
    assert len(licensed(played)) < 6


def test_the_twin_miscounts_on_most_seeds() -> None:
    counts = [play(NAME, part="fragile", profile="documented", seed=seed).run.variables["Count"] for seed in range(5)]

    assert max(counts) < 6


def test_the_twin_keeps_half_a_hire() -> None:
    played = play(NAME, part="fragile", trigger="one_hire", faults=["sharepoint.HttpRequest=400"])

    assert played.run.status == "Failed"
    assert len(users(played)) == 1
    assert played.items("Onboarding Tasks") == []
    assert played.items("Flow Errors") == []


def test_the_twin_fails_on_the_second_press_of_the_button() -> None:
    first = play(NAME, part="fragile", trigger="one_hire")

    again = play(NAME, part="fragile", trigger="one_hire", tenant=first.tenant)

    assert (first.run.status, again.run.status) == ("Succeeded", "Failed")
