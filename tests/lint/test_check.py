"""Selection, waivers, baselines, and what building a flow finds."""

from __future__ import annotations

import pytest
from tests.lint.cases import definition_of, load

from runafter.errors import UnreadableSource
from runafter.lint.run import check
from runafter.lint.waivers import Baseline
from runafter.program.build import problems

RACE = load("lint/variable_in_concurrent_loop.yaml")["fail"][0]


def _waived(waiver: dict[str, str], today: str) -> list[str | None]:
    case = {**RACE, "actions": {**RACE["actions"]}}
    case["actions"]["Each"] = {**case["actions"]["Each"], "metadata": {"runafter": {"waive": [waiver]}}}
    report = check([definition_of(case)], select=("RAC001",), today=today)
    return [issue.waived for issue in report.issues]


def test_check_holds_everything_that_building_finds() -> None:
    broken = {"actions": {"A": {"type": "Compose", "inputs": "@body('B')", "runAfter": {"Nobody": ["Succeeded"]}}}}

    report = check([definition_of(broken)])

    built = {(finding.code, finding.pointer) for finding in problems(definition_of(broken))}
    assert built
    assert built <= {(issue.code, issue.finding.pointer) for issue in report.issues}
    assert report.fails("error")


def test_select_and_ignore_take_beginnings_of_codes() -> None:
    flow = definition_of(RACE)

    assert {issue.code for issue in check([flow], select=("rac",)).issues} == {"RAC001"}
    assert "RAC001" not in {issue.code for issue in check([flow], ignore=("RAC",)).issues}


def test_a_waiver_covers_what_is_inside_its_action() -> None:
    assert _waived({"code": "RAC001", "reason": "one item at most"}, "2026-01-01") == ["one item at most"]
    assert _waived({"code": "RAC", "reason": "r", "expires": "2026-06-30"}, "2026-06-30") == ["r"]


def test_a_waiver_without_reason_or_past_its_end_counts_for_nothing() -> None:
    assert _waived({"code": "RAC001", "reason": " "}, "2026-01-01") == [None]
    assert _waived({"code": "RAC001", "reason": "r", "expires": "2026-06-30"}, "2026-07-01") == [None]
    assert _waived({"code": "RAC002", "reason": "r"}, "2026-01-01") == [None]


def test_a_waived_finding_fails_nothing() -> None:
    baseline = Baseline.of(check([definition_of(RACE)]).issues)

    report = check([definition_of(RACE)], baseline=Baseline.read(baseline.text()))

    assert report.issues
    assert not report.fails("note")


def test_a_baseline_covers_as_many_equal_findings_as_it_counted() -> None:
    report = check([definition_of(RACE)], select=("RAC001",))
    double = check([definition_of(RACE), definition_of(RACE)], select=("RAC001",), baseline=Baseline.of(report.issues))

    assert len(double.issues) == 2
    assert [issue.waived for issue in double.issues] == ["in the baseline", "in the baseline"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"findings": {"a": "b"}}', '{"findings": 3}'])
def test_a_file_that_is_no_baseline_is_refused(text: str) -> None:
    with pytest.raises(UnreadableSource, match="no baseline"):
        Baseline.read(text)


def test_findings_come_in_the_order_of_the_file() -> None:
    report = check([definition_of(RACE)])

    places = [(issue.finding.line, issue.finding.column) for issue in report.issues]
    assert places == sorted(places)
