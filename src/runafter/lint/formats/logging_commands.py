"""Annotations that build systems read from standard output."""

from __future__ import annotations

from runafter.lint.formats.places import relative
from runafter.lint.report import Report


def github(report: Report) -> str:
    """Return GitHub workflow commands (`::error file=,line=,col=,title=::message`)."""
    words = {"error": "error", "warning": "warning", "note": "notice"}
    lines = []
    for issue in report.issues:
        if issue.waived is not None:
            continue
        finding = issue.finding
        fields = {
            "file": relative(finding.file),
            "line": str(max(finding.line, 1)),
            "col": str(max(finding.column, 1)),
            "title": finding.code,
        }
        head = ",".join(f"{key}={_property(value)}" for key, value in fields.items() if value)
        lines.append(f"::{words[finding.severity]} {head}::{_data(_message(finding.message, finding.hint))}")
    return "\n".join(lines) + ("\n" if lines else "")


def azure_devops(report: Report) -> str:
    """Return Azure DevOps logging commands (`##vso[task.logissue ...]message`); notes count as warnings there."""
    lines = []
    for issue in report.issues:
        if issue.waived is not None:
            continue
        finding = issue.finding
        kind = "error" if finding.severity == "error" else "warning"
        fields = {
            "sourcepath": relative(finding.file),
            "linenumber": str(max(finding.line, 1)),
            "columnnumber": str(max(finding.column, 1)),
        }
        head = "".join(f"{key}={_vso(value)};" for key, value in fields.items() if value)
        lines.append(
            f"##vso[task.logissue type={kind};{head}code={finding.code};]{_vso(_message(finding.message, finding.hint))}"
        )
    return "\n".join(lines) + ("\n" if lines else "")


def _message(message: str, hint: str | None) -> str:
    return f"{message} {hint}" if hint else message


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _vso(text: str) -> str:
    return text.replace("%", "%AZP25").replace(";", "%3B").replace("\r", "%0D").replace("\n", "%0A").replace("]", "%5D")
