"""The order fan-out: graduated criticality, compensation in reverse order, one record for one order."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from tests.examples.stage import Played, play

NAME = "order_fan_out"
STOCK = {"LAMP-01": 200, "DESK-07": 40, "CHAIR-03": 12}
RESERVED = {"LAMP-01": 198, "DESK-07": 39, "CHAIR-03": 12}
BRANCHES = {
    "crm": "dataverse.UpdateRecord",
    "mail": "outlook.SendEmailV2",
    "teams": "teams.PostMessageToConversation",
}


def stock(played: Played) -> dict[str, int]:
    return {row["Sku"]: row["OnHand"] for row in played.sql("Inventory")}


def order(played: Played, title: str = "SO-1001") -> dict[str, Any]:
    (found,) = [item for item in played.items("Orders") if item["Title"] == title]
    return found


def records(played: Played) -> list[dict[str, Any]]:
    return played.rows("dataverse", "contoso_orders")


def subjects(played: Played) -> list[str]:
    return [mail["subject"] for mail in played.mails]


def assert_undone(played: Played) -> None:
    assert (played.run.status, played.run.error["code"]) == ("Failed", "OrderFailed")
    assert stock(played) == STOCK
    assert played.sql("Reservations") == []
    assert records(played) == []
    assert order(played)["Status"] == "Failed"
    assert [row["Status"] for row in played.sql("OrderLedger") if row["OrderId"] == "SO-1001"] in ([], ["Cancelled"])


def test_an_order_is_reserved_recorded_told_and_confirmed() -> None:
    played = play(NAME)

    (record,) = records(played)
    assert played.run.status == "Succeeded"
    assert stock(played) == RESERVED
    assert order(played)["Status"] == "Confirmed"
    assert order(played)["CrmRecordId"] == record["contoso_orderid"]
    assert [mail["to"] for mail in played.mails] == [["adele.vance@fabrikam.example"]]
    assert "SO-1001" in played.posts[0]["message"]
    assert [row["Outcome"] for row in played.items("Flow Metrics")] == ["Succeeded"]


def test_the_three_branches_run_side_by_side() -> None:
    played = play(NAME, profile="documented")

    begun = [min(call.started_at for call in played.calls(action)) for action in
             ("Create_CRM_record", "Send_confirmation_email", "Post_to_Teams")]  # fmt: skip

    assert max(begun) == min(begun)


@pytest.mark.parametrize(
    "faulty", [set(), {"mail"}, {"teams"}, {"mail", "teams"}], ids=lambda faulty: "-".join(sorted(faulty)) or "none"
)
def test_lesser_branches_do_not_stop_an_order(faulty: set[str]) -> None:
    played = play(NAME, faults=[f"{BRANCHES[name]}=403" for name in sorted(faulty)])

    assert played.run.status == "Succeeded"
    assert order(played)["Status"] == "Confirmed"
    assert (order(played)["CustomerTold"], order(played)["TeamTold"]) == ("mail" not in faulty, "teams" not in faulty)
    assert [task["Branch"] for task in played.items("Follow-ups")] == ["Notify_customer"] * ("mail" in faulty)
    assert [error["State"] for error in played.items("Flow Errors")] == ["Closed"] * ("teams" in faulty)


@pytest.mark.parametrize("outcomes", [*itertools.product(["ok", "fails", "lost"], repeat=3)], ids="-".join)
def test_over_all_faults_of_the_branches_the_critical_one_decides(outcomes: tuple[str, ...]) -> None:
    kinds = {"fails": "503", "lost": "commit-then-timeout#1"}
    rules = [f"{BRANCHES[name]}={kinds[how]}" for name, how in zip(BRANCHES, outcomes, strict=True) if how != "ok"]

    played = play(NAME, faults=list(rules))

    if outcomes[0] == "fails":
        assert_undone(played)
    else:
        assert played.run.status == "Succeeded"
        assert order(played)["Status"] == "Confirmed"
        assert len(records(played)) == 1
        assert stock(played) == RESERVED


def test_crm_down_undoes_the_order_and_corrects_the_mail() -> None:
    played = play(NAME, faults="crm_down")

    assert_undone(played)
    assert subjects(played) == [
        "Your order SO-1001",
        "Correction: your order SO-1001",
        "Order SO-1001 failed and was undone",
    ]
    assert len(played.calls("Create_CRM_record")) == 5


def test_a_failed_confirmation_is_undone_backwards() -> None:
    played = play(NAME, faults="confirmation_fails")
    undoing = ["Mark_order_failed", "Cancel_in_SQL", "Send_correction", "Find_CRM_record", "Delete_CRM_record"]

    done = [call.action for call in played.tenant.served]

    assert_undone(played)
    assert [action for action in done if action in (*undoing, "Release_inventory")] == [*undoing, "Release_inventory"]


def test_what_cannot_be_undone_is_given_to_a_person_and_the_rest_is_undone() -> None:
    procedures = [f"[dbo].[{name}]" for name in ("usp_ConfirmOrder", "usp_ReleaseInventory")]

    played = play(NAME, faults=[{"operation": "sql.*", "status": 400, "when": {"procedure": p}} for p in procedures])

    assert played.run.status == "Failed"
    assert [task["Title"] for task in played.items("Follow-ups")] == ["Undo by hand: order SO-1001"]
    assert records(played) == []
    assert stock(played) == RESERVED


@pytest.mark.parametrize(("part", "count"), [("", 1), ("fragile", 2)], ids=["hardened", "fragile"])
def test_an_answer_lost_after_the_write_makes_one_record_with_a_key_and_two_without(part: str, count: int) -> None:
    played = play(NAME, part=part, faults="crm_commits_then_times_out")

    assert played.run.status == "Succeeded"
    assert len(records(played)) == count


def test_a_repeated_event_changes_nothing() -> None:
    first = play(NAME)

    again = play(NAME, tenant=first.tenant)

    assert again.run.status == "Succeeded"
    assert len(records(again)) == 1
    assert stock(again) == RESERVED
    assert len(again.mails) == 1


@pytest.mark.parametrize("trigger", ["missing_email", "null_customer", "unknown_order", "wrong_types", "zero_total"])
def test_a_wrong_order_is_refused_before_the_first_write(trigger: str) -> None:
    played = play(NAME, trigger=trigger)

    assert (played.run.status, played.run.error["code"]) == ("Failed", "InvalidOrder")
    assert stock(played) == STOCK
    assert (records(played), played.mails, played.posts) == ([], [], [])


def test_stock_that_is_short_is_not_taken_at_all() -> None:
    played = play(NAME, trigger="out_of_stock")

    assert played.run.error["code"] == "OrderFailed"
    assert stock(played) == STOCK
    assert subjects(played) == [s for s in subjects(played) if "failed" in s]


def test_an_event_of_another_kind_starts_no_run() -> None:
    played = play(NAME, trigger="other_event")

    assert (played.runs, played.code) == ([], "TriggerConditionNotMet")


# -- the fragile twin ------------------------------------------------------------------------------------------------


def test_the_twin_does_the_same_work_when_nothing_goes_wrong() -> None:
    played = play(NAME, part="fragile")

    assert played.run.status == "Succeeded"
    assert stock(played) == RESERVED


def test_the_twins_strict_join_fails_an_order_for_a_post() -> None:
    played = play(NAME, part="fragile", faults="teams_down")

    assert played.run.status == "Failed"
    assert order(played)["Status"] == "New"
    assert len(records(played)) == 1


def test_the_twin_keeps_the_stock_of_a_failed_order_and_tells_the_customer_it_is_fine() -> None:
    played = play(NAME, part="fragile", faults="crm_down")

    assert played.run.status == "Failed"
    assert stock(played) == RESERVED
    assert records(played) == []
    assert subjects(played) == ["Your order SO-1001"]
    assert played.items("Flow Errors") == []


def test_the_twin_takes_stock_for_an_order_that_it_cannot_confirm() -> None:
    played = play(NAME, part="fragile", trigger="null_customer")

    assert played.run.status == "Failed"
    assert stock(played) != STOCK
