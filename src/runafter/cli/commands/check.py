"""`runafter check`: what makes flows fail silently, found before they run."""

from __future__ import annotations

import datetime as dt
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runafter import __version__
from runafter.cli.dialect import DIALECTS
from runafter.cli.output import COLOURS, console, read_source

if TYPE_CHECKING:
    from runafter.definition.nodes import Definition

_FINDING = re.compile(r"  \d+:\d+  (error|warning|note)  (\w+)")
FORMATS = ("human", "json", "sarif", "junit", "github", "gitlab", "azdo", "markdown")


def _codes(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(code.strip() for value in values for code in value.split(",") if code.strip())


@click.command("check")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option("--format", "form", type=click.Choice(FORMATS), default="human", show_default=True, help="What to print.")
@click.option(
    "--select", multiple=True, metavar="CODE,...", help="Only these codes, or all that begin so: RAC, RTY001."
)
@click.option("--ignore", multiple=True, metavar="CODE,...", help="Not these codes, beside those of runafter.toml.")
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "note", "never"]),
    help="The least severity that gives exit code 1: error, where runafter.toml says nothing else.",
)
@click.option("--baseline", type=click.Path(dir_okay=False), metavar="FILE", help="Findings that were there before.")
@click.option(
    "--write-baseline",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Keep the findings of today as a baseline.",
)
@click.option(
    "--config",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Settings; without it the nearest runafter.toml at or above the flows.",
)
@click.option("--no-config", is_flag=True, help="No settings file, and no waivers beside the flows.")
@click.option("--profile", type=click.Choice(DIALECTS), help="The dialect; detected by default.")
@click.option(
    "--output", "-o", type=click.Path(dir_okay=False), metavar="FILE", help="Write there instead of to the terminal."
)
def command(
    paths: tuple[str, ...],
    form: str,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    fail_on: str | None,
    baseline: str | None,
    write_baseline: str | None,
    config: str | None,
    no_config: bool,
    profile: str | None,
    output: str | None,
) -> None:
    """Check the flows at PATH... against all rules, and everything that building them finds.

    Exit code 1 when a finding reaches --fail-on, 2 when something cannot be
    read. Waive a finding in the flow (metadata.runafter.waive, with a reason),
    beside it in flow.toml, or in runafter.toml; keep old ones in a baseline.
    `runafter rule CODE` explains a code.
    """
    from runafter.cli.check_settings import find_settings, load_settings, waivers_beside
    from runafter.connectors.registry import catalogue
    from runafter.lint.formats import FORMATS as WRITERS
    from runafter.lint.run import check, pages
    from runafter.lint.settings import Settings
    from runafter.lint.waivers import Baseline
    from runafter.local.read import read

    codes = tuple(pages())
    chosen, refused = _known(select, codes), _known(ignore, codes)
    file = Path(config) if config is not None else None if no_config else find_settings(paths)
    settings = load_settings(file, codes) if file is not None else Settings()
    if baseline is None and settings.baseline is not None and file is not None and write_baseline is None:
        baseline = str(file.parent / settings.baseline)
    known = Baseline.read(_text(baseline, "--baseline"), baseline) if baseline is not None else None
    definitions = _once(each for path in paths for each in read(read_source(path), profile=profile))
    beside = [] if no_config else waivers_beside(definitions, paths, codes)
    report = check(
        definitions,
        catalogue=catalogue(),
        select=chosen or settings.select,
        ignore=(*refused, *settings.ignore),
        severity=settings.severity,
        waivers=(*settings.waivers, *beside),
        baseline=known,
        today=dt.datetime.now(dt.UTC).date().isoformat(),
        version=__version__,
    )
    if write_baseline is not None:
        kept = Baseline.of(report.issues)
        _write(write_baseline, kept.text(), "--write-baseline")
        click.echo(f"{sum(kept.counts.values())} findings kept in {write_baseline}", err=True)
        return
    text = WRITERS[form](report)
    if output is not None:
        _write(output, text, "--output")
    elif form == "human" and sys.stdout.isatty():
        _show(text)
    else:
        sys.stdout.write(text)
    for state in report.waivers:
        if not state.waiver.reason:
            click.echo(
                f"The waiver of {state.waiver.code} in {state.where} says no reason: it covers nothing.", err=True
            )
        elif state.is_over:
            click.echo(f"The waiver of {state.waiver.code} in {state.where} ended on {state.waiver.expires}.", err=True)
    if report.fails(fail_on or settings.fail_on or "error"):
        raise click.exceptions.Exit(1)


def _once(definitions: Iterable[Definition]) -> list[Definition]:
    """Leave out flows that were read before, when a file is given and also its folder."""
    found: dict[object, Definition] = {}
    for each in definitions:
        mark = (os.path.normpath(each.file), each.name, each.node.line, each.node.column) if each.file else len(found)
        found.setdefault(mark, each)
    return list(found.values())


def _known(values: Iterable[str], codes: Iterable[str]) -> tuple[str, ...]:
    wished = _codes(values)
    for code in wished:
        if not any(each.startswith(code.upper()) for each in codes):
            raise click.UsageError(f"No code begins with {code!r}. See 'runafter rule --list'.")
    return wished


def _text(path: str, option: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except OSError as fault:
        raise click.BadParameter(f"cannot read {path!r}: {fault.strerror}", param_hint=option) from fault


def _write(path: str, text: str, option: str) -> None:
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text, encoding="utf-8")
    except OSError as fault:
        raise click.BadParameter(f"cannot write {path!r}: {fault.strerror}", param_hint=option) from fault


def _show(text: str) -> None:
    """Print the listing with files in bold, severities in colour and reasons dimmed, where the terminal wants that."""
    from rich.text import Text

    out = console()
    for line in text.splitlines():
        shown = Text(line)
        found = _FINDING.match(line)
        if found is not None:
            shown.stylize(COLOURS[found[1]], found.start(1), found.end(2))
        elif line.startswith("      "):
            shown.stylize("dim")
        elif line and not line.startswith(" "):
            shown.stylize("bold")
        out.print(shown, soft_wrap=True)
