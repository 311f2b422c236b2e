"""SARIF 2.1.0: regions by line and column, the JSON pointer as a logical location, fingerprints, suppressions."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from runafter.lint.finding import Issue
from runafter.lint.formats.places import relative
from runafter.lint.report import Report, RulePage

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(report: Report) -> str:
    """Return one run of the tool with its rules and results."""
    codes = sorted({issue.code for issue in report.issues} | set(report.rules))
    index = {code: position for position, code in enumerate(codes)}
    document = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "runafter",
                        "version": report.version,
                        "rules": [_rule(code, report.rules.get(code)) for code in codes],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(issue, index[issue.code]) for issue in report.issues],
            }
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _rule(code: str, page: RulePage | None) -> dict[str, Any]:
    if page is None:
        return {"id": code}
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in page.name.split("_")),
        "shortDescription": {"text": page.title},
        "fullDescription": {"text": page.page},
        "help": {"text": page.page, "markdown": page.page},
        "defaultConfiguration": {"level": page.severity},
        "properties": {"tags": [page.family]},
    }


def _result(issue: Issue, index: int) -> dict[str, Any]:
    finding = issue.finding
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": finding.severity,
        "message": {"text": f"{finding.message} {finding.hint}" if finding.hint else finding.message},
        "locations": [_location(finding.file, finding.line, finding.column, finding.pointer)],
        "partialFingerprints": {"runafter/v1": issue.fingerprint()},
    }
    if issue.evidence:
        result["relatedLocations"] = [
            {
                "id": number,
                "message": {"text": item.text},
                **_location(finding.file, item.line, item.column, item.pointer),
            }
            for number, item in enumerate(issue.evidence)
        ]
    if issue.waived is not None:
        kind = "external" if issue.waived_in else "inSource"
        result["suppressions"] = [{"kind": kind, "justification": issue.waived}]
    return result


def _location(file: str | None, line: int, column: int, pointer: str) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": quote(relative(file), safe="/!$&'()*+,;=:@-._~")}}
    if line:
        physical["region"] = {"startLine": line, "startColumn": max(column, 1)}
    location: dict[str, Any] = {"physicalLocation": physical}
    if pointer:
        location["logicalLocations"] = [{"fullyQualifiedName": pointer, "kind": "element"}]
    return location
