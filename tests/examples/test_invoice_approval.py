"""Invoice approval: asked, escalated, decided; booked once or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from tests.examples.stage import OPERATIONS, Played, play, trigger_of

NAME = "invoice_approval"
DAY_S = 86_400


def one_invoice() -> dict[str, Any]:
    trigger: dict[str, Any] = trigger_of(NAME)
    return {"value": trigger["value"][:1]}


def answers(**rules: dict[str, Any]) -> Any:
    people = {"clerk": "carl.clerk@contoso.example", "director": "fiona.director@contoso.example"}

    def change(seed: dict[str, Any]) -> None:
        seed["approvals"] = {"rules": {people[who]: rule for who, rule in rules.items()}}

    return change


def invoice(played: Played, number: str = "INV-2001") -> dict[str, Any]:
    (found,) = [item for item in played.items("Invoices") if item["InvoiceNumber"] == number]
    return found


def booked(played: Played) -> dict[str, str]:
    return {
        row["InvoiceNumber"]: row["Status"] for row in played.sql("InvoiceLedger") if row["InvoiceNumber"] != "INV-2004"
    }


def test_each_item_is_a_run_and_the_amount_decides_who_is_asked() -> None:
    played = play(NAME)

    asked = [row["approvers"][0]["email"] for row in played.rows("approvals", "approvals")]

    assert [run.status for run in played.runs] == ["Succeeded", "Succeeded"]
    assert asked == ["carl.clerk@contoso.example", "fiona.director@contoso.example"]
    assert booked(played) == {"INV-2001": "Booked", "INV-2002": "Booked"}
    assert invoice(played)["Status"] == "Approved"
    assert [round(run.duration.total_seconds() / 3600) for run in played.runs] == [2, 20]


def test_a_rejection_books_nothing_and_gives_the_reason() -> None:
    change = answers(clerk={"answer": "Reject", "after_s": 60, "comments": "Wrong address."})

    played = play(NAME, trigger=one_invoice(), change=change)

    assert played.run.status == "Succeeded"
    assert invoice(played)["Status"] == "Rejected"
    assert booked(played) == {}
    assert "Wrong address." in played.mails[-1]["body"]


def test_three_days_of_silence_escalate_to_the_director() -> None:
    change = answers(director={"answer": "Approve", "after_s": 3600})

    played = play(NAME, trigger=one_invoice(), change=change)

    assert played.run.status == "Succeeded"
    assert 3 * DAY_S <= played.run.duration.total_seconds() < 3.1 * DAY_S
    assert booked(played) == {"INV-2001": "Booked"}


def test_five_days_of_silence_leave_it_to_a_person() -> None:
    played = play(NAME, trigger=one_invoice(), change=answers())

    assert (played.run.status, played.run.error["code"]) == ("Failed", "InvoiceNotDecided")
    assert round(played.run.duration.total_seconds() / DAY_S) == 5
    assert invoice(played)["Status"] == "Needs attention"
    assert booked(played) == {}


def test_a_refused_booking_needs_attention() -> None:
    played = play(NAME, trigger=one_invoice(), faults="booking_fails")

    assert played.run.error["code"] == "InvoiceNotDecided"
    assert invoice(played)["Status"] == "Needs attention"
    assert booked(played) == {}
    assert len(played.items("Flow Errors")) == 1


def test_a_booking_whose_invoice_could_not_be_marked_is_reversed() -> None:
    played = play(NAME, trigger=one_invoice(), faults="status_fails_after_booking")

    assert played.run.error["code"] == "InvoiceNotDecided"
    assert booked(played) == {"INV-2001": "Reversed"}
    assert invoice(played)["Status"] == "Needs attention"


def test_a_missing_profile_stops_nothing() -> None:
    played = play(NAME, faults="profile_missing")

    assert [run.status for run in played.runs] == ["Succeeded", "Succeeded"]


@pytest.mark.parametrize(
    ("trigger", "code"),
    [
        ("missing_amount", "InvalidInvoice"),
        ("negative_amount", "InvalidInvoice"),
        ("no_submitter", "InvalidInvoice"),
        ("second_copy", "DuplicateInvoice"),
    ],
)
def test_a_wrong_invoice_is_refused_before_anybody_is_asked(trigger: str, code: str) -> None:
    played = play(NAME, trigger=trigger)

    assert (played.run.status, played.run.error["code"]) == ("Failed", code)
    assert played.rows("approvals", "approvals") == []
    assert (booked(played), played.mails) == ({}, [])


def test_a_draft_starts_no_run() -> None:
    assert play(NAME, trigger="draft").runs == []


def test_sixty_invoices_are_booked_once_each() -> None:
    trigger = trigger_of(NAME, "sixty_at_once")

    def add_to_the_list(seed: dict[str, Any]) -> None:
        listed = seed["sharepoint"]["sites"][OPERATIONS]["lists"]["Invoices"]
        names = set(listed["columns"])
        listed["items"] = [{k: v for k, v in item.items() if k in names} for item in trigger["value"]]
        for item in listed["items"]:
            item["Status"] = "Submitted"

    for number, item in enumerate(trigger["value"], start=1):
        item["ID"] = number
    played = play(NAME, trigger=trigger, change=add_to_the_list)

    assert len(played.runs) == 60
    assert {run.status for run in played.runs} == {"Succeeded"}
    assert set(booked(played).values()) == {"Booked"}
    assert len(booked(played)) == 60


# -- the fragile twin ------------------------------------------------------------------------------------------------


def test_the_twin_waits_thirty_days_for_somebody_on_holiday_and_dies() -> None:
    played = play(NAME, part="fragile", trigger=one_invoice(), change=answers())

    assert played.run.status == "TimedOut"
    assert played.run.duration.days == 30
    assert invoice(played)["Status"] == "Submitted"


def test_the_twin_starts_for_drafts_too() -> None:
    assert len(play(NAME, part="fragile", trigger="draft").runs) == 1


@pytest.mark.parametrize("trigger", ["missing_amount", "no_submitter"])
def test_the_twin_fails_deep_inside_and_tells_nobody(trigger: str) -> None:
    played = play(NAME, part="fragile", trigger=trigger)

    assert played.run.status == "Failed"
    assert played.items("Flow Errors") == []
    assert played.mails == []
