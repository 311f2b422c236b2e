"""`runafter count`: how many actions a run takes, before it is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from runafter.cli.output import print_json, read_source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runafter.lint.analysis.counting import Tally


@click.command("count")
@click.argument("path")
@click.option("--flow", metavar="NAME", help="Only the flow of this name, where PATH holds several.")
@click.option(
    "--items",
    metavar="N|LOOP=N",
    multiple=True,
    help="How many iterations all loops, or the one of this name, have. Repeatable.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(path: str, flow: str | None, items: tuple[str, ...], as_json: bool) -> None:
    """Count the actions that one run of each flow at PATH takes: at least and at most, and for each iteration.

    Loops and scopes count as actions themselves. Of conditions the cheapest and the
    dearest branch count; every level of loops multiplies.
    """
    from runafter.lint.analysis.counting import tally
    from runafter.lint.flow import Flow
    from runafter.local.read import read

    definitions = [each for each in read(read_source(path)) if flow in (None, each.name)]
    if not definitions:
        raise click.BadParameter(f"no flow {flow!r} at {path}", param_hint="--flow")
    every, named = _items(items)
    rows = []
    for definition in definitions:
        outline = Flow(definition).outline
        counted = tally(outline.root)
        loops = {site.key: every for site in outline.sites if site.folded in {"foreach", "until"} and every is not None}
        unknown = named.keys() - {site.key for site in outline.sites}
        if unknown and len(definitions) == 1:
            raise click.BadParameter(f"{definition.name!r} has no loop {min(unknown)!r}", param_hint="--items")
        least, most = counted.total({**loops, **named})
        rows.append({"flow": definition.name, "formula": formula(counted), "least": least, "most": most})
        if not as_json:
            click.echo(f"{definition.name}: {formula(counted)}")
            if counted.loops and items:
                said = f"{least:,}" if least == most else f"{least:,} to {most:,}"
                click.echo(f"  with {_said(every, named)}: {said} actions a run")
    if as_json:
        print_json(rows)


def formula(counted: Tally) -> str:
    """Return the count as a sum: what stands outside of loops, and for each loop what an iteration takes."""
    least, most = counted.least, counted.most
    parts = [str(most) if least == most else f"{least} to {most}"]
    for site, inner in counted.loops:
        each = formula(inner)
        parts.append(f"{site.name} x {f'({each})' if ' ' in each else each}")
    return " + ".join(parts)


def _items(given: tuple[str, ...]) -> tuple[int | None, dict[str, int]]:
    every: int | None = None
    named: dict[str, int] = {}
    for entry in given:
        name, sign, number = entry.rpartition("=")
        if not number.strip().isdigit():
            raise click.BadParameter(f"{entry!r} is no number of items; write 100 or Loop=100", param_hint="--items")
        if sign:
            named[name.strip().casefold()] = int(number)
        else:
            every = int(number)
    return every, named


def _said(every: int | None, named: Mapping[str, int]) -> str:
    parts = [f"{number:,} in {name}" for name, number in named.items()]
    return ", ".join([*parts, *([] if every is None else [f"{every:,} iterations of each loop"])])
