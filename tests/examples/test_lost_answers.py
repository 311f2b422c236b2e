"""Any call of a hardened flow may be carried out and lose its answer: the work is done once all the same."""

from __future__ import annotations

from typing import Any

import pytest
from tests.examples.stage import Played, play, served

# A report whose row was written without an answer is taken back and marked Failed: the exercise asks for a plain create.
TAKEN_BACK = {"Create_report_row"}
NAMES = ["employee_onboarding", "invoice_approval", "order_fan_out", "support_escalation", "weekly_reports"]


def calls(played: Played) -> dict[str, str]:
    """Return a rule for the first call of each action."""
    seen: dict[str, int] = {}
    rules: dict[str, str] = {}
    for call in played.tenant.served:
        operation = f"{call.connector}.{call.operation}"
        seen[operation] = seen.get(operation, 0) + 1
        rules.setdefault(call.action, f"{operation}=commit-then-timeout#{seen[operation]}")
    return rules


def work(played: Played) -> dict[str, Any]:
    """Return what must be the same: everything but mails and posts, which carry no key."""
    return {
        "runs": [run.status for run in played.runs],
        "statuses": [item.get("Status") for title in ("Orders", "Weekly Reports", "Invoices") for item in played.items(title)],
        "rows": [
            len(played.rows("dataverse", table)) for table in ("contoso_orders", "contoso_tickets", "contoso_weeklyreports")
        ],
        "lists": [len(played.items(title)) for title in ("Onboarding Tasks", "Flow Metrics", "Flow Errors")],
        "people": sorted((user["displayName"], len(user["assignedLicenses"])) for user in played.rows("azuread", "users")),
        "ledgers": [
            [row["Status"] for row in played.sql(table)] for table in ("Onboarding", "InvoiceLedger", "OrderLedger")
        ],
        "pages": len(played.rows("http", "requests")),
    }  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_the_work_is_the_same_whichever_answer_is_lost(name: str) -> None:
    undisturbed = play(name)
    wanted = work(undisturbed)

    changed = {
        action
        for action, rule in calls(undisturbed).items()
        if action not in TAKEN_BACK and work(play(name, faults=[rule])) != wanted
    }

    assert changed == set()


def test_a_row_without_an_answer_is_taken_back_before_its_report_is_failed() -> None:
    played = play("weekly_reports", faults=["dataverse.CreateRecord=commit-then-timeout#1"])

    (failed,) = [item for item in played.items("Weekly Reports") if item["Status"] == "Failed"]

    assert failed["Title"] not in {row["contoso_name"] for row in played.rows("dataverse", "contoso_weeklyreports")}
    assert served(played, "dataverse.CreateRecord") == 31
