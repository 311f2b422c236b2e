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
    expressions read; lists get two items.
    """
    from runafter.cli.select import one_flow
    from runafter.local.infer import Inference
    from runafter.local.read import read
    from runafter.program.build import build

    definition = one_flow(read(read_source(path)), flow)
    inference = Inference(build(definition), given_parameters=definition.parameter_values)
    shape = inference.trigger if outputs else inference.trigger.property("body")
    print_json(shape.sample())
