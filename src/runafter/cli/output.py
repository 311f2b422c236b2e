"""How commands print: colour only on a terminal that wants it, JSON for programs, findings in one line each."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from runafter.errors import Finding

if TYPE_CHECKING:
    from rich.console import Console

COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}


def console(*, stderr: bool = False) -> Console:
    """Return a console that honours NO_COLOR, FORCE_COLOR, TERM=dumb and pipes; a pipe is never wrapped."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else 10_000
    return Console(file=stream, width=width, highlight=False, soft_wrap=not stream.isatty(), emoji=False, markup=False)


def print_json(value: Any) -> None:
    """Print a value as JSON with two-space indent."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def finding_line(finding: Finding) -> str:
    """Return `file:line:col: severity CODE: message [pointer]`."""
    place = (
        f"{finding.file or '<input>'}:{finding.line}:{finding.column}: "
        if finding.line
        else f"{finding.file or '<input>'}: "
    )
    pointer = f"  [{finding.pointer}]" if finding.pointer else ""
    return f"{place}{finding.severity} {finding.code}: {finding.message}{pointer}"


def print_findings(findings: Iterable[Finding]) -> None:
    """Print findings one a line, the hint below, coloured by severity where the terminal allows."""
    from rich.text import Text

    out = console()
    for finding in findings:
        line = finding_line(finding)
        text = Text(line)
        start = line.find(f"{finding.severity} {finding.code}")
        text.stylize(COLOURS[finding.severity], start, start + len(finding.severity) + len(finding.code) + 1)
        out.print(text)
        for hint in (finding.hint or "").splitlines():
            out.print(Text(f"    {hint}", style="dim"))


def read_source(path: str) -> str | bytes:
    """Return standard input's bytes for `-`, otherwise the path itself."""
    return sys.stdin.buffer.read() if path == "-" else path


def json_option(text: str | None, name: str) -> Any:
    """Parse a JSON option; `@file` reads the file. A mistake is a usage error that says where.

    Raises:
        click.BadParameter: the text is no JSON, or the file cannot be read.
    """
    if text is None:
        return None
    if text.startswith("@"):
        try:
            with open(text[1:], encoding="utf-8-sig") as file:  # noqa: PTH123
                text = file.read()
        except OSError as fault:
            raise click.BadParameter(f"cannot read {text[1:]!r}: {fault.strerror}", param_hint=name) from fault
        except UnicodeDecodeError as fault:
            raise click.BadParameter(f"{text[1:]!r} is no text in UTF-8", param_hint=name) from fault
    try:
        return json.loads(text)
    except RecursionError as fault:
        raise click.BadParameter("the JSON is nested too deeply", param_hint=name) from fault
    except json.JSONDecodeError as fault:
        raise click.BadParameter(
            f"no JSON: {fault.msg} at line {fault.lineno}, column {fault.colno}; quote text twice, e.g. '\"text\"'",
            param_hint=name,
        ) from fault
