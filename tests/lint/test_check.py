"""Selection, waivers, baselines, and what building a flow finds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.lint.cases import definition_of, load

from runafter.connectors.registry import catalogue
from runafter.definition.nodes import Definition
from runafter.errors import UnreadableSource
from runafter.lint.run import check
from runafter.lint.waivers import Baseline
from runafter.local.read import read
from runafter.program.build import problems

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
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
    assert [issue.waived for issue in double.issues] == ["in the baseline", None]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"findings": {"a": "b"}}', '{"findings": 3}'])
def test_a_file_that_is_no_baseline_is_refused(text: str) -> None:
    with pytest.raises(UnreadableSource, match="no baseline"):
        Baseline.read(text)


def test_findings_come_in_the_order_of_the_file() -> None:
    report = check([definition_of(RACE)])

    places = [(issue.finding.line, issue.finding.column) for issue in report.issues]
    assert places == sorted(places)


SAMPLES = {
    "order_fan_out": ("When_an_order_is_placed", "Process_order"),
    "invoice_approval": ("When_an_invoice_is_submitted", "Approve_invoice"),
}


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("layer", ["trigger", "errors", "monitor"])
def test_a_layer_that_is_taken_away_gives_one_finding_of_its_rule(sample: str, layer: str) -> None:
    trigger, core = SAMPLES[sample]
    document = json.loads((EXAMPLES / sample / "flow.json").read_text(encoding="utf-8"))
    before = _found(document)
    flow = document["properties"]["definition"]
    if layer == "trigger":
        del flow["triggers"][trigger]["runtimeConfiguration"], flow["triggers"][trigger]["conditions"]
    elif layer == "errors":
        del flow["actions"]["Handle_failure"]
        flow["actions"]["Record_metrics"]["runAfter"] = {core: ["Succeeded", "Failed", "TimedOut"]}
    else:
        metrics = flow["actions"].pop("Record_metrics")
        flow["actions"]["End_the_run"]["runAfter"] = metrics["runAfter"]

    new = _found(document) - before

    rules = [code for code, _ in new if code != "REF001"]
    assert rules == [{"trigger": "TRG001", "errors": "ERR001", "monitor": "MON001"}[layer]]


def _found(document: object) -> set[tuple[str, str]]:
    report = check(read(json.dumps(document).encode()), catalogue=catalogue())
    return {(issue.code, issue.finding.message) for issue in report.issues}


def test_a_flow_of_half_the_allowed_actions_is_told_so() -> None:
    def flow(count: int) -> Definition:
        steps = {f"Step {number}": {"type": "Compose", "inputs": number, "runAfter": {}} for number in range(count)}
        return definition_of({"actions": steps})

    assert [issue.finding.message for issue in check([flow(250)], select=("STR014",)).issues] == [
        "the flow has 250 actions"
    ]
    assert check([flow(249)], select=("STR014",)).issues == ()
