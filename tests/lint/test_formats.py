"""Every format says the same findings in its reader's language."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from tests.lint.cases import definition_of, load

from runafter.definition.nodes import Definition
from runafter.lint.formats import FORMATS
from runafter.lint.report import Report
from runafter.lint.run import check

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
    assert "can be fixed: runafter harden --diff" in text


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
    assert race["level"] == "error"
    region = race["locations"][0]["physicalLocation"]["region"]
    assert (region["startLine"], region["startColumn"]) == _place(_flow(), "/actions/Each/actions/Add")
    assert race["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "/actions/Each/actions/Add"
    suppressed = next(row for row in results if row["ruleId"] == "RTY001")
    assert suppressed["suppressions"][0]["kind"] == "inSource"


def assert_sarif(document: dict[str, Any]) -> None:
    """Check what the schema of SARIF 2.1.0 requires of the members that are used (OASIS, section 3)."""
    assert document["version"] == "2.1.0"
    assert set(document) <= {"$schema", "version", "runs"}
    for run in document["runs"]:
        assert set(run) <= {"tool", "columnKind", "results"}
        assert run["columnKind"] in {"utf16CodeUnits", "unicodeCodePoints"}
        driver = run["tool"]["driver"]
        assert isinstance(driver["name"], str)
        rules = driver["rules"]
        assert len({rule["id"] for rule in rules}) == len(rules)
        for rule in rules:
            assert set(rule) <= {
                "id", "name", "shortDescription", "fullDescription", "help", "defaultConfiguration", "properties",
            }  # fmt: skip
            if "defaultConfiguration" in rule:
                assert rule["defaultConfiguration"]["level"] in {"none", "note", "warning", "error"}
                assert rule["shortDescription"]["text"]
                assert rule["help"]["text"]
        for result in run["results"]:
            assert result["level"] in {"none", "note", "warning", "error"}
            assert result["message"]["text"]
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
            assert all(isinstance(value, str) for value in result["partialFingerprints"].values())
            for location in [*result["locations"], *result.get("relatedLocations", [])]:
                physical = location["physicalLocation"]
                assert " " not in physical["artifactLocation"]["uri"]
                region = physical.get("region")
                assert region is None or (region["startLine"] >= 1 and region["startColumn"] >= 1)
            numbers = [location["id"] for location in result.get("relatedLocations", [])]
            assert numbers == sorted(set(numbers))
            for suppression in result.get("suppressions", []):
                assert suppression["kind"] in {"inSource", "external"}


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


def test_github_commands_escape_what_would_end_them(report: Report) -> None:
    lines = FORMATS["github"](report).splitlines()

    assert any(line.startswith("::error file=flow.json,line=") and ",title=RAC001::" in line for line in lines)
    assert any("Ask <b>%25" in line for line in lines)
    assert all(line.startswith("::") for line in lines)


def test_gitlab_fingerprints_are_unique(report: Report) -> None:
    rows = json.loads(FORMATS["gitlab"](report))

    marks = [row["fingerprint"] for row in rows]
    assert len(set(marks)) == len(marks) == sum(issue.waived is None for issue in report.issues)
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
