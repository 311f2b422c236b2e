"""The exercise of thirty reports: its task, its challenges 1 to 3, its fragile twin."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.examples.stage import OPERATIONS, Played, play, served, trigger_of

from runafter.local.tenant import open_tenant
from runafter.protocol.commands import CallOperation, Target

NAME = "weekly_reports"
REPORTS = "Weekly Reports"


def statuses(played: Played) -> dict[str, int]:
    return dict(Counter(item["Status"] for item in played.items(REPORTS)))


def rows_by_id(played: Played) -> dict[str, dict[str, Any]]:
    return {row["contoso_weeklyreportid"]: row for row in played.rows("dataverse", "contoso_weeklyreports")}


def crossed(played: Played) -> list[str]:
    """Return the reports whose record id belongs to another report."""
    rows = rows_by_id(played)
    return [
        item["Title"]
        for item in played.items(REPORTS)
        if item["DataverseRecordId"] and rows[item["DataverseRecordId"]]["contoso_name"] != item["Title"]
    ]


def summary_of(played: Played) -> str:
    return str(played.mails[-1]["subject"])


def test_thirty_pending_reports_become_complete() -> None:
    played = play(NAME)

    assert played.run.status == "Succeeded"
    assert statuses(played) == {"Complete": 30}
    assert len(rows_by_id(played)) == 30


def test_everybody_is_told_of_each_report_once() -> None:
    played = play(NAME)

    told = Counter(mail["to"][0] for mail in played.mails[:-1])

    assert told == Counter(item["AssignedTo"] for item in played.items(REPORTS))
    assert len(played.mails) == 31


def test_the_thirty_first_mail_of_a_minute_waits_for_the_next() -> None:
    played = play(NAME)

    throttled = [call for call in played.tenant.served if call.throttled_by]

    assert [(call.action, call.status) for call in throttled] == [("Send_summary", 429)]
    assert played.run.duration.total_seconds() >= 60


def test_only_pending_reports_are_read() -> None:
    def finish_ten(seed: dict[str, Any]) -> None:
        for item in seed["sharepoint"]["sites"][OPERATIONS]["lists"][REPORTS]["items"][:10]:
            item["Status"] = "Complete"

    played = play(NAME, change=finish_ten)

    assert len(rows_by_id(played)) == 20
    assert summary_of(played) == "Weekly reports: 20 complete, 0 failed"


async def test_a_status_that_is_no_choice_is_refused() -> None:
    tenant = play(NAME).tenant
    parameters = {"dataset": OPERATIONS, "table": REPORTS, "id": 1, "item/Status/Value": "Done"}
    target = Target(type="OpenApiConnection", api="shared_sharepointonline", operation="PatchItem")

    outcome = await tenant.perform(
        CallOperation(id="c", run_id="r", action="a", target=target, inputs={"parameters": parameters})
    )

    assert outcome.status_code == 400
    assert "not one of the choices" in str(outcome.body)


def test_three_items_fail_and_the_others_go_on() -> None:
    played = play(NAME, faults="three_items_fail")

    failed = [item for item in played.items(REPORTS) if item["Status"] == "Failed"]

    assert played.run.status == "Succeeded"
    assert statuses(played) == {"Complete": 27, "Failed": 3}
    assert sorted(item["Title"] for item in failed) == ["Churn South", "Hiring East", "Uptime Online"]
    assert all("The report is locked." in item["ProcessingNotes"] for item in failed)


def test_challenge_1_counts_come_from_the_loops_results() -> None:
    played = play(NAME, faults="three_items_fail")
    types = {step.type for step in played.run.program.steps.values()}

    assert summary_of(played) == "Weekly reports: 27 complete, 3 failed"
    assert not [name for name in types if "variable" in name.casefold()]
    (metric,) = played.items("Flow Metrics")
    assert (metric["Outcome"], metric["ItemsProcessed"], metric["ItemsFailed"]) == ("Partial", 27, 3)


@pytest.mark.slow
def test_challenge_2_no_id_crosses_iterations_over_200_seeds() -> None:
    crossings = {seed: crossed(play(NAME, seed=seed, profile="documented")) for seed in range(200)}

    assert {seed: found for seed, found in crossings.items() if found} == {}


def test_challenge_2_every_complete_item_names_its_own_row() -> None:
    played = play(NAME, faults="three_items_fail", profile="documented")

    assert crossed(played) == []
    assert all(
        item["DataverseRecordId"] in rows_by_id(played)
        for item in played.items(REPORTS)
        if item["Status"] == "Complete"
    )


def test_challenge_3_a_bad_table_leaves_nothing_in_processing() -> None:
    played = play(NAME, faults="bad_table")

    assert statuses(played) == {"Failed": 30}
    assert summary_of(played) == "Weekly reports: 0 complete, 30 failed"


def test_challenge_3_a_table_that_does_not_exist_does_the_same() -> None:
    played = play(NAME, parameters={"Reports table (contoso_ReportsTable)": "contoso_reportz"})

    assert statuses(played) == {"Failed": 30}
    assert all("contoso_reportz" in item["ProcessingNotes"] for item in played.items(REPORTS))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.builds(
            lambda operation, what, rate: f"{operation}={what}@{rate}%",
            st.sampled_from(["dataverse.*", "outlook.SendEmailV2", "dataverse.CreateRecord"]),
            st.sampled_from([400, 403, 404, 429, 500, 503, "timeout", "commit-then-timeout"]),
            st.integers(5, 100),
        ),
        max_size=3,
    ),
    st.integers(0, 1000),
)
def test_challenge_3_whatever_dataverse_and_mail_do_no_report_stays_in_processing(faults: list[Any], seed: int) -> None:
    played = play(NAME, faults=faults, seed=seed)

    assert "Processing" not in statuses(played)
    assert sum(statuses(played).values()) == 30
    assert crossed(played) == []


def test_a_throttled_list_makes_it_slower_and_loses_nothing() -> None:
    played = play(NAME, faults="list_throttled")

    assert played.run.status == "Succeeded"
    assert statuses(played) == {"Complete": 30}
    assert any(call.fault for call in played.tenant.served)


def test_a_list_that_cannot_be_read_fails_the_run_and_tells_the_owner() -> None:
    played = play(NAME, faults="list_read_fails")

    assert (played.run.status, played.run.error["code"]) == ("Failed", "WeeklyReportsFailed")
    assert statuses(played) == {"Pending": 30}
    assert len(played.mails) == 1
    assert [error["ActionName"] for error in played.items("Flow Errors")] == ["Read_pending_reports"]


@pytest.mark.parametrize("trigger", ["bad_address", "text_for_number", "too_many"])
def test_bad_inputs_are_refused_before_the_first_write(trigger: str) -> None:
    played = play(NAME, trigger=trigger)

    assert (played.run.status, played.run.error["code"]) == ("Failed", "InvalidRequest")
    assert statuses(played) == {"Pending": 30}
    assert played.mails == []


def test_a_number_limits_the_reports() -> None:
    played = play(NAME, trigger="first_five")

    assert statuses(played) == {"Complete": 5, "Pending": 25}


def test_a_second_run_finds_nothing_to_do() -> None:
    tenant = open_tenant(play(NAME).tenant)

    again = play(NAME, tenant=tenant, trigger=trigger_of(NAME))

    assert again.run.status == "Succeeded"
    assert len(rows_by_id(again)) == 30
    assert summary_of(again) == "Weekly reports: 0 complete, 0 failed"


# -- the fragile twin ------------------------------------------------------------------------------------------------


def test_the_twin_succeeds_and_gives_reports_the_rows_of_others() -> None:
    played = play(NAME, part="fragile", profile="documented")

    assert played.run.status == "Succeeded"
    assert statuses(played) == {"Complete": 30}
    assert len(crossed(played)) > 10


def test_the_twin_loses_counts_and_says_so_to_nobody() -> None:
    played = play(NAME, part="fragile", profile="documented")

    counted = played.run.variables["Completed"]

    assert counted < 30
    assert summary_of(played) == f"Weekly reports: {counted} complete"
    assert len(played.run.variables["CompletedTitles"]) < 30


def test_the_twin_leaves_failed_reports_in_processing_and_sends_no_summary() -> None:
    played = play(NAME, part="fragile", faults="three_items_fail")

    assert played.run.status == "Failed"
    assert statuses(played) == {"Complete": 27, "Processing": 3}
    assert not [mail for mail in played.mails if mail["subject"].startswith("Weekly reports:")]


def test_fifty_at_once_are_throttled_where_five_are_not() -> None:
    def refused(part: str) -> int:
        played = play(NAME, part=part, profile="calibrated-sharepoint")
        return sum(1 for call in played.tenant.served if (call.throttled_by or "").startswith("sharepointonline"))

    assert (refused(""), refused("fragile") > 20) == (0, True)


def test_the_twin_calls_as_often_for_the_same_work() -> None:
    assert served(play(NAME), "dataverse.CreateRecord") == served(play(NAME, part="fragile"), "dataverse.CreateRecord")
