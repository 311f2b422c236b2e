"""Formats for people: a terminal listing and a Markdown summary for pull requests."""

from __future__ import annotations

from itertools import groupby

from runafter.lint.finding import Issue
from runafter.lint.report import Report


def human(report: Report) -> str:
    """Return one block per file: place, severity, code, message, evidence, remedies, whether a fix is at hand."""
    lines: list[str] = []
    shown = [issue for issue in report.issues if issue.waived is None]
    for file, issues in groupby(shown, key=lambda issue: issue.finding.file or "<input>"):
        lines.append(file)
        for issue in issues:
            lines.extend(_block(issue))
        lines.append("")
    waived = len(report.issues) - len(shown)
    fixable = sum(issue.fix is not None for issue in shown)
    lines.append(summary(report) + (f", {waived} waived" if waived else ""))
    if fixable:
        lines.append(f"{fixable} can be fixed: runafter harden PATH --diff")
    return "\n".join(lines) + "\n"


def summary(report: Report) -> str:
    """Return how many flows were checked and how many findings of each severity stand."""
    counts = ", ".join(_many(report.count(severity), severity) for severity in ("error", "warning", "note"))
    return f"{_many(len(report.flows), 'flow')}: {counts}"


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _block(issue: Issue) -> list[str]:
    finding = issue.finding
    lines = [f"  {finding.line}:{finding.column}  {finding.severity}  {finding.code}  {finding.message}"]
    lines += [f"      because {item.text}" for item in issue.evidence]
    if finding.hint:
        lines.append(f"      {finding.hint}")
    for rank, remedy in enumerate(issue.remedies, 1):
        lines.append(f"      {rank}. {remedy.text}" + (f" ({remedy.cost})" if remedy.cost else ""))
    if issue.fix is not None:
        lines.append(f"      fix: {issue.fix.title}")
    return lines


def markdown(report: Report) -> str:
    """Return a summary table, for the description of a pull request or a job's summary."""
    lines = [
        "## Runafter check",
        "",
        summary(report),
        "",
    ]
    shown = [issue for issue in report.issues if issue.waived is None]
    if shown:
        lines += ["| Severity | Code | Place | Finding |", "|---|---|---|---|"]
    for issue in shown:
        finding = issue.finding
        place = f"{finding.file or ''}:{finding.line}" if finding.line else (finding.file or finding.pointer)
        lines.append(f"| {finding.severity} | `{finding.code}` | {_cell(place)} | {_cell(finding.message)} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
