"""Every format says the same findings in its reader's language."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import Any

import pytest
from junitparser import Failure, JUnitXml
from tests.lint.cases import CASES, definition_of, load
from tests.lint.schemas import faults

from runafter.connectors.registry import catalogue
from runafter.definition.nodes import Definition
from runafter.lint.formats import FORMATS
from runafter.lint.report import Report
from runafter.lint.run import all_rules, check

WAIVER = {"metadata": {"runafter": {"waive": [{"code": "RTY001", "reason": "the default | is wanted\nhere"}]}}}


def _flow() -> Definition:
    case = load("lint/variable_in_concurrent_loop.yaml")["fail"][0]
    call = {"type": "Http", "inputs": {"method": "GET", "uri": "https://x.example"}, "runAfter": {}, **WAIVER}
    return definition_of({**case, "actions": {**case["actions"], "Ask <b>%": call}})


@pytest.fixture
def report() -> Report:
    return check([_flow()])


def test_there_is_something_to_say(report: Report) -> None:
    codes = {issue.code for issue in report.issues}

    assert {"RAC001", "RTY001", "TMO001"} <= codes
    assert [issue.waived for issue in report.issues if issue.code == "RTY001"] == ["the default | is wanted\nhere"]


def test_human_shows_place_reason_and_remedies(report: Report) -> None:
    text = FORMATS["human"](report)

    assert "flow.json\n" in text
    assert "error  RAC001  'Add' increments the variable 'n' in 'Each'" in text
    assert "because the loop 'Each' runs 10 iterations at once" in text
    assert "1. keep the value in a Compose inside the loop" in text
    assert "RTY001" not in text
    assert "1 waived" in text
    assert "can be fixed: runafter harden PATH --diff" in text


def test_json_holds_everything(report: Report) -> None:
    document = json.loads(FORMATS["json"](report))

    race = next(row for row in document["findings"] if row["code"] == "RAC001")
    assert race["actions"] == ["Add", "Each"]
    assert race["line"] > 0
    assert race["evidence"][0]["pointer"] == "/actions/Each"
    assert document["counts"]["error"] == 1
    assert next(row for row in document["findings"] if row["code"] == "RTY001")["waived"]


def test_sarif_keeps_to_the_standard(report: Report) -> None:
    document = json.loads(FORMATS["sarif"](report))

    assert_sarif(document)
    results = document["runs"][0]["results"]
    race = next(row for row in results if row["ruleId"] == "RAC001")
    assert document["version"] == "2.1.0"
    assert race["level"] == "error"
    region = race["locations"][0]["physicalLocation"]["region"]
    assert (region["startLine"], region["startColumn"]) == _place(_flow(), "/actions/Each/actions/Add")
    assert race["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "/actions/Each/actions/Add"
    suppressed = next(row for row in results if row["ruleId"] == "RTY001")
    assert suppressed["suppressions"][0]["kind"] == "inSource"


def assert_sarif(document: dict[str, Any]) -> None:
    """Check a log against the published schema, and what GitHub's code scanning asks beyond it."""
    assert faults("sarif-2.1.0.json", document) == []
    for run in document["runs"]:
        rules = run["tool"]["driver"]["rules"]
        assert len({rule["id"] for rule in rules}) == len(rules)
        for result in run["results"]:
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
            for location in [*result["locations"], *result.get("relatedLocations", [])]:
                uri = location["physicalLocation"]["artifactLocation"]["uri"]
                assert " " not in uri
                assert "\\" not in uri
                assert not uri.startswith("./")


def test_the_published_schema_refuses_what_is_no_sarif() -> None:
    assert faults("sarif-2.1.0.json", {"version": "2.1.0"}) == ["$: 'runs' is a required property"]


def test_every_rule_writes_sarif_that_the_schema_takes() -> None:
    names = [path.name for path in sorted((CASES / "lint").glob("*.yaml"))]
    flows = [definition_of(case) for name in names for case in load(f"lint/{name}")["fail"]]

    document = json.loads(FORMATS["sarif"](check(flows, catalogue=catalogue())))

    assert_sarif(document)
    results = document["runs"][0]["results"]
    assert {rule.code for rule in all_rules()} <= {row["ruleId"] for row in results}


def test_every_region_is_where_the_pointer_leads() -> None:
    names = [path.name for path in sorted((CASES / "lint").glob("*.yaml"))]

    for flow in [definition_of(case) for name in names for case in load(f"lint/{name}")["fail"]]:
        report = check([flow], catalogue=catalogue())
        text = json.dumps(flow.value, indent=2).splitlines()
        for issue in report.issues:
            finding = issue.finding
            node = flow.document.find(finding.pointer)
            assert node is not None, finding
            assert (finding.line, finding.column) == (node.line, node.column)
            shown = text[finding.line - 1][finding.column - 1 :]
            assert shown.startswith(json.dumps(node.value)[:1]), (finding, shown)


def test_junit_is_xml_with_a_failing_case_for_each_finding(report: Report) -> None:
    root = ET.fromstring(FORMATS["junit"](report))

    open_ = [issue for issue in report.issues if issue.waived is None]
    assert root.get("failures") == str(len(open_))
    assert len(root.findall("testsuite/testcase/failure")) == len(open_)


def test_junit_has_a_passing_case_for_a_clean_flow() -> None:
    clean = definition_of({"actions": {"C": {"type": "Compose", "inputs": 1, "runAfter": {}}}})

    root = ET.fromstring(FORMATS["junit"](check([clean])))

    assert root.get("failures") == "0"
    assert [case.get("name") for case in root.iter("testcase")] == ["no findings"]


def test_another_reader_of_junit_counts_the_same(report: Report) -> None:
    suites = list(JUnitXml.fromstring(FORMATS["junit"](report).encode()))

    assert [suite.name for suite in suites] == ["flow"]
    failed = [case for suite in suites for case in suite if any(isinstance(one, Failure) for one in case.result)]
    assert len(failed) == suites[0].failures == suites[0].tests
    assert {case.result[0].type for case in failed} <= {"error", "warning", "note"}


def test_flows_of_one_file_have_a_suite_each() -> None:
    race = _flow()
    report = check([race, replace(race, name="second")], select=("RAC001",))

    suites = list(JUnitXml.fromstring(FORMATS["junit"](report).encode()))

    assert [(suite.name, suite.failures) for suite in suites] == [("flow", 1), ("second", 1)]


def test_a_flow_without_a_file_is_reported_too() -> None:
    report = check([replace(_flow(), file="")], select=("RAC001",))

    assert 'failures="1"' in FORMATS["junit"](report)
    assert json.loads(FORMATS["gitlab"](report))[0]["location"]["path"] == "input"


@pytest.mark.parametrize(
    ("file", "path"), [("./flows/a b.json", "flows/a b.json"), ("flows\\x.json", "flows/x.json"), ("x.json", "x.json")]
)
def test_paths_are_those_of_the_repository(file: str, path: str) -> None:
    report = check([replace(_flow(), file=file)], select=("RAC001",))

    assert json.loads(FORMATS["gitlab"](report))[0]["location"]["path"] == path
    assert f"::error file={path}," in FORMATS["github"](report)
    result = json.loads(FORMATS["sarif"](report))["runs"][0]["results"][0]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == path.replace(" ", "%20")


def test_github_commands_escape_what_would_end_them(report: Report) -> None:
    lines = FORMATS["github"](report).splitlines()

    assert any(line.startswith("::error file=flow.json,line=") and ",title=RAC001::" in line for line in lines)
    assert any("Ask <b>%25" in line for line in lines)
    assert all(line.startswith("::") for line in lines)


def test_gitlab_fingerprints_are_unique(report: Report) -> None:
    rows = json.loads(FORMATS["gitlab"](report))

    marks = [row["fingerprint"] for row in rows]
    assert len(set(marks)) == len(marks) == sum(issue.waived is None for issue in report.issues)
    for row in rows:
        assert set(row) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert set(row["location"]) == {"path", "lines"}
        assert row["location"]["lines"]["begin"] >= 1
    assert {row["severity"] for row in rows} <= {"info", "minor", "major", "critical", "blocker"}


def test_azure_devops_commands_name_the_code(report: Report) -> None:
    text = FORMATS["azdo"](report)

    assert "##vso[task.logissue type=error;sourcepath=flow.json;linenumber=" in text
    assert "code=RAC001;]" in text


def test_markdown_is_one_table(report: Report) -> None:
    rows = [line for line in FORMATS["markdown"](report).splitlines() if line.startswith("| ") and "`" in line]

    assert len(rows) == sum(issue.waived is None for issue in report.issues)
    assert all(row.count(" | ") == 3 for row in rows)
    assert any("Ask &lt;b>%" in row for row in rows)


def _place(definition: Definition, pointer: str) -> tuple[int, int]:
    node = definition.document.find(pointer)
    assert node is not None
    return node.line, node.column
