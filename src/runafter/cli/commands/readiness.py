"""`runafter readiness`: the five layers of a production flow, for one flow or a folder of them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import click

from runafter.cli.output import console, print_json, read_source


@click.command("readiness")
@click.argument("path")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--minimum", type=click.IntRange(0, 5), default=5, show_default=True, help="The least grade that gives exit code 0."
)
def command(path: str, as_json: bool, minimum: int) -> None:
    """Grade the flows at PATH: trigger, validation, core, errors, monitor.

    Prints which actions make each layer and what is missing. Exit code 1 when
    a flow has fewer layers than --minimum.
    """
    from runafter.connectors.registry import catalogue
    from runafter.lint.readiness import readiness
    from runafter.local.read import read

    known = catalogue()
    graded = [readiness(definition, catalogue=known) for definition in read(read_source(path))]
    if as_json:
        print_json([_plain(each) for each in graded])
    else:
        for each in graded:
            _show(each, is_alone=len(graded) <= 10)
        if len(graded) > 1:
            _summary(graded)
    if any(each.grade < minimum for each in graded):
        raise click.exceptions.Exit(1)


def _plain(graded: Any) -> dict[str, Any]:
    return {
        "flow": graded.flow,
        "file": graded.file,
        "grade": graded.grade,
        "layers": [
            {
                "name": layer.name,
                "present": layer.is_present,
                "actions": list(layer.actions),
                "missing": list(layer.missing),
                "rule": layer.rule,
            }
            for layer in graded.layers
        ],
    }


def _show(graded: Any, *, is_alone: bool) -> None:
    from rich.text import Text

    colour = "green" if graded.grade == 5 else "yellow" if graded.grade >= 3 else "red"
    title = Text.assemble((graded.flow, "bold"), "  ", (f"{graded.grade}/5", colour), ("  " + graded.file, "dim"))
    console().print(title)
    if not is_alone:
        return
    for layer in graded.layers:
        mark = Text("  yes " if layer.is_present else "  no  ", style="green" if layer.is_present else "red")
        console().print(Text.assemble(mark, f"{layer.name:<11}", (", ".join(layer.actions), "cyan")))
        for line in layer.missing:
            console().print(Text(f"        {line} ({layer.rule})", style="dim"))


def _summary(graded: list[Any]) -> None:
    counts = Counter(each.grade for each in graded)
    layers = Counter(layer.name for each in graded for layer in each.layers if layer.is_present)
    click.echo(
        f"{len(graded)} flows: " + ", ".join(f"{counts[grade]} at {grade}/5" for grade in sorted(counts, reverse=True))
    )
    shares = ", ".join(f"{name} {100 * count // len(graded)}%" for name, count in layers.items())
    click.echo(f"layers: {shares or 'none of the flows has one'}")
