"""Support escalation: who is asked, for how long, and what happens when nobody answers."""

from __future__ import annotations

from typing import Any

import pytest
from tests.examples.stage import Played, play

NAME = "support_escalation"


def ticket(played: Played) -> dict[str, Any]:
    (found,) = [row for row in played.rows("dataverse", "contoso_tickets") if row["contoso_number"] != "T-400"]
    return found


def silent(seed: dict[str, Any]) -> None:
    del seed["teams"]["answers"]


def pages(played: Played) -> int:
    return len(played.rows("http", "requests"))


def test_an_urgent_ticket_pages_asks_and_is_taken() -> None:
    played = play(NAME)

    assert played.run.status == "Succeeded"
    assert ticket(played)["contoso_status"] == "Acknowledged"
    assert "lena" in ticket(played)["contoso_owner"].lower()
    assert pages(played) == 1
    assert played.mails[0]["to"] == ["adele.vance@fabrikam.example"]


@pytest.mark.parametrize("trigger", ["second_priority", "third_priority"])
def test_lesser_priorities_do_not_page(trigger: str) -> None:
    played = play(NAME, trigger=trigger)

    assert played.run.status == "Succeeded"
    assert pages(played) == 0


def test_a_silent_team_escalates_after_fifteen_minutes_and_breaches_after_45() -> None:
    played = play(NAME, change=silent)

    assert played.run.status == "Succeeded"
    assert round(played.run.duration.total_seconds() / 60) == 45
    assert ticket(played)["contoso_status"] == "SLA breached"
    assert any("max.manager@contoso.example" in mail["to"] for mail in played.mails)


def test_an_answer_that_escalates_goes_to_the_manager_at_once() -> None:
    def escalate(seed: dict[str, Any]) -> None:
        seed["teams"]["answers"] = {"data": {"action": "escalate", "note": "Too big for me."}, "after_s": 60}

    played = play(NAME, change=escalate)

    assert any("max.manager@contoso.example" in mail["to"] for mail in played.mails)


def test_a_pager_that_is_down_costs_a_mail_and_no_time() -> None:
    played = play(NAME, faults="pager_down")

    assert played.run.status == "Succeeded"
    assert ticket(played)["contoso_status"] == "Acknowledged"
    assert any("lena.lead@contoso.example" in mail["to"] for mail in played.mails)


def test_the_pager_is_called_once_although_its_answer_is_lost() -> None:
    played = play(NAME, faults=["http.*=commit-then-timeout#1"])

    assert played.run.status == "Succeeded"
    assert len(played.calls("Page_on_call")) == 2
    assert pages(played) == 1


def test_cards_that_teams_refuses_hand_the_ticket_to_a_person() -> None:
    played = play(NAME, faults="cards_fail")

    assert (played.run.status, played.run.error["code"]) == ("Failed", "EscalationFailed")
    assert ticket(played)["contoso_status"] == "Manual handling"
    assert len(played.items("Flow Errors")) == 1


@pytest.mark.parametrize("trigger", ["known_ticket", "missing_customer", "null_title", "unknown_priority"])
def test_a_wrong_ticket_is_refused_before_the_first_write(trigger: str) -> None:
    played = play(NAME, trigger=trigger)

    assert (played.run.status, played.run.error["code"]) == ("Failed", "InvalidTicket")
    assert len(played.rows("dataverse", "contoso_tickets")) == 1
    assert (played.mails, played.posts, pages(played)) == ([], [], 0)


def test_the_lowest_priority_starts_no_run() -> None:
    assert play(NAME, trigger="fourth_priority").runs == []


# -- the fragile twin ------------------------------------------------------------------------------------------------


def test_the_twin_waits_thirty_days_for_an_answer() -> None:
    played = play(NAME, part="fragile", change=silent)

    assert played.run.status == "TimedOut"
    assert played.run.duration.days == 30


def test_a_silent_pager_stops_the_twin_for_hours_before_anybody_is_asked() -> None:
    played = play(NAME, part="fragile", faults="pager_down")

    assert played.run.status == "Failed"
    assert played.run.duration.total_seconds() > 3600
    assert played.posts == []


def test_an_unknown_priority_falls_through_the_twins_switch() -> None:
    played = play(NAME, part="fragile", trigger="unknown_priority")

    assert played.run.status == "Succeeded"
    assert pages(played) == 0


def test_the_twin_registers_a_repeated_ticket_twice() -> None:
    first = play(NAME, part="fragile")

    again = play(NAME, part="fragile", tenant=first.tenant)

    assert len([row for row in again.rows("dataverse", "contoso_tickets") if row["contoso_number"] == "T-501"]) == 2
    assert pages(again) == 2
