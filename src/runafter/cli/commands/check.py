"""`runafter check`: what makes flows fail silently, found before they run."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runafter import __version__
from runafter.cli.output import read_source

if TYPE_CHECKING:
    from runafter.definition.nodes import Definition

FORMATS = ("human", "json", "sarif", "junit", "github", "gitlab", "azdo", "markdown")


def _codes(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(code.strip() for value in values for code in value.split(",") if code.strip())


@click.command("check")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option("--format", "form", type=click.Choice(FORMATS), default="human", show_default=True, help="What to print.")
@click.option(
    "--select", multiple=True, metavar="CODE,...", help="Only these codes, or all that begin so: RAC, RTY001."
)
@click.option("--ignore", multiple=True, metavar="CODE,...", help="Not these codes.")
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "note", "never"]),
    default="error",
    show_default=True,
    help="The least severity that gives exit code 1.",
)
@click.option("--baseline", type=click.Path(dir_okay=False), metavar="FILE", help="Findings that were there before.")
@click.option(
    "--write-baseline",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Keep the findings of today as a baseline.",
)
@click.option("--profile", help="Dialect: power-automate, logic-apps-consumption or logic-apps-standard.")
@click.option(
    "--output", "-o", type=click.Path(dir_okay=False), metavar="FILE", help="Write there instead of to the terminal."
)
def command(
    paths: tuple[str, ...],
    form: str,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    fail_on: str,
    baseline: str | None,
    write_baseline: str | None,
    profile: str | None,
    output: str | None,
) -> None:
    """Check the flows at PATH... against all rules, and everything that building them finds.

    Exit code 1 when a finding reaches --fail-on, 2 when something cannot be
    read. Waive a finding in the flow (metadata.runafter.waive, with a reason)
    or keep old ones in a baseline. `runafter rule CODE` explains a code.
    """
    from runafter.connectors.registry import catalogue
    from runafter.lint.formats import FORMATS as WRITERS
    from runafter.lint.run import check, pages
    from runafter.lint.waivers import Baseline
    from runafter.local.read import read

    chosen, refused = _codes(select), _codes(ignore)
    for code in (*chosen, *refused):
        if not any(known.startswith(code.upper()) for known in pages()):
            raise click.UsageError(f"No code begins with {code!r}. See 'runafter rule --list'.")
    known = None
    if baseline is not None:
        known = Baseline.read(_text(baseline, "--baseline"), baseline)
    definitions: list[Definition] = []
    for path in paths:
        definitions += read(read_source(path), profile=profile)
    today = dt.datetime.now(dt.UTC).date().isoformat()
    report = check(
        definitions,
        catalogue=catalogue(),
        select=chosen,
        ignore=refused,
        baseline=known,
        today=today,
        version=__version__,
    )
    if write_baseline is not None:
        kept = Baseline.of(report.issues)
        Path(write_baseline).write_text(kept.text(), encoding="utf-8")
        click.echo(f"{sum(kept.counts.values())} findings kept in {write_baseline}", err=True)
        return
    text = WRITERS[form](report)
    if output is not None:
        Path(output).write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    if report.fails(fail_on):
        raise click.exceptions.Exit(1)


def _text(path: str, option: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except OSError as fault:
        raise click.BadParameter(f"cannot read {path!r}: {fault.strerror}", param_hint=option) from fault
