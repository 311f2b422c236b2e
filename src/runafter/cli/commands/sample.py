"""`runafter sample`: a trigger body to start from."""

from __future__ import annotations

import click

from runafter.cli.output import print_json, read_source


@click.command("sample")
@click.argument("path")
@click.option("--flow", metavar="NAME", help="Which flow, where PATH holds several.")
@click.option(
    "--outputs", is_flag=True, help="Print the trigger's whole outputs (body, headers, ...), not the body alone."
)
def command(path: str, flow: str | None, outputs: bool) -> None:
    """Print a trigger body that fits the flow at PATH.

    It is made from the trigger's schema and from every property that the flow's
    expressions read; lists get two items. Where nothing is read of a body, as of a
    recurrence's, it is empty.
    """
    from runafter.cli.select import one_flow
    from runafter.local.auto import Auto
    from runafter.local.read import read
    from runafter.program.build import build

    definition = one_flow(read(read_source(path)), flow)
    made = Auto(build(definition), definition).trigger_outputs()
    print_json(made if outputs else made["body"])
