"""JSON, JUnit XML and GitLab code quality."""

from __future__ import annotations

import json
from xml.sax.saxutils import escape, quoteattr

from runafter.errors import finding_fields
from runafter.lint.finding import Issue
from runafter.lint.formats.places import relative
from runafter.lint.report import Report


def as_json(report: Report) -> str:
    """Return everything that is known of each finding."""
    document = {
        "version": report.version,
        "flows": [{"file": file, "name": name} for file, name in report.flows.items()],
        "counts": {severity: report.count(severity) for severity in ("error", "warning", "note")},
        "findings": [_plain(issue) for issue in report.issues],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _plain(issue: Issue) -> dict[str, object]:
    plain: dict[str, object] = {
        **finding_fields(issue.finding),
        "rule": issue.rule,
        "flow": issue.flow,
        "fingerprint": issue.fingerprint(),
    }
    if issue.actions:
        plain["actions"] = list(issue.actions)
    if issue.evidence:
        plain["evidence"] = [{"text": item.text, "pointer": item.pointer, "line": item.line} for item in issue.evidence]
    if issue.remedies:
        plain["remedies"] = [{"text": item.text, "cost": item.cost} for item in issue.remedies]
    if issue.fix is not None:
        plain["fix"] = issue.fix.title
    if issue.waived is not None:
        plain["waived"] = issue.waived
    return plain


def junit(report: Report) -> str:
    """Return JUnit XML: a suite per flow, a failing case per finding, one passing case for a clean flow."""
    suites = []
    failures = 0
    for place, name in report.flows.items():
        issues = [issue for issue in report.of(place) if issue.waived is None]
        failures += len(issues)
        cases = [_case(issue, name) for issue in issues] or [
            f'    <testcase classname={quoteattr(_printable(name))} name="no findings"/>'
        ]
        body = "\n".join(cases)
        suites.append(
            f'  <testsuite name={quoteattr(_printable(name))} errors="0" skipped="0" tests="{len(cases)}" failures="{len(issues)}">\n{body}\n  </testsuite>'
        )
    total = sum(suite.count("<testcase") for suite in suites)
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="runafter check" tests="{total}" failures="{failures}" errors="0">'
    return "\n".join([head, *suites, "</testsuites>"]) + "\n"


def _case(issue: Issue, flow: str) -> str:
    finding = issue.finding
    place = f"{finding.file or ''}:{finding.line}:{finding.column} {finding.pointer}"
    title = quoteattr(_printable(f"{finding.code} {finding.pointer}"))
    kind = quoteattr(finding.severity)
    text = escape(_printable(f"{place}\n{finding.message}" + (f"\n{finding.hint}" if finding.hint else "")))
    return (
        f"    <testcase classname={quoteattr(_printable(flow))} name={title}>\n"
        f"      <failure type={kind} message={quoteattr(_printable(finding.message))}>{text}</failure>\n    </testcase>"
    )


def _printable(text: str) -> str:
    return "".join(
        char if char in "\t\n\r" or " " <= char <= "\ud7ff" or "\ue000" <= char <= "\ufffd" or char > "\uffff" else "?"
        for char in text
    )


def gitlab(report: Report) -> str:
    """Return GitLab code quality JSON; fingerprints survive moved lines and tell equal findings apart."""
    levels = {"error": "critical", "warning": "major", "note": "info"}
    rows = []
    seen: dict[str, int] = {}
    for issue in report.issues:
        if issue.waived is not None:
            continue
        finding = issue.finding
        mark = issue.fingerprint()
        seen[mark] = seen.get(mark, 0) + 1
        rows.append(
            {
                "description": f"{finding.message} {finding.hint or ''}".strip(),
                "check_name": finding.code,
                "fingerprint": mark if seen[mark] == 1 else f"{mark}-{seen[mark]}",
                "severity": levels[finding.severity],
                "location": {"path": relative(finding.file), "lines": {"begin": max(finding.line, 1)}},
            }
        )
    return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"
