"""`runafter convert`: canonical JSON, or another container."""

from __future__ import annotations

from pathlib import Path

import click

from runafter.cli.output import read_source
from runafter.local.convert import CONTAINERS


@click.command("convert")
@click.argument("source", metavar="IN")
@click.argument("target", metavar="OUT")
@click.option(
    "--to",
    "container",
    type=click.Choice(CONTAINERS),
    help="Container to write; without it, the file's own in canonical form.",
)
@click.option("--flow", metavar="NAME", help="Which flow, where IN holds several.")
@click.option("--accept-loss", is_flag=True, help="Write even where something has no place in the new container.")
def command(source: str, target: str, container: str | None, flow: str | None, accept_loss: bool) -> None:
    """Write the flow at IN to OUT (`-` for standard output).

    Without --to the whole file is written in canonical form: two-space indent,
    the author's order, every unknown field kept. With --to the definition moves
    to another container; what would be lost is listed, and nothing is written
    unless --accept-loss says so. Archives are read, and not written.
    """
    from runafter.cli.select import one_flow
    from runafter.definition.write import canonical
    from runafter.local.convert import convert
    from runafter.local.read import read

    if Path(target).suffix.casefold() == ".zip":
        raise click.BadParameter(
            f"{target!r} names an archive, and what is written is one flow's JSON; name it flow.json", param_hint="OUT"
        )
    definition = one_flow(read(read_source(source)), flow)
    if container is None:
        text = canonical(definition.document)
    else:
        converted = convert(definition, container)
        for loss in converted.lost:
            click.echo(f"{'lost' if accept_loss else 'would be lost'}: {loss}", err=True)
        if converted.lost and not accept_loss:
            click.echo("Nothing was written. Add --accept-loss to write all the same.", err=True)
            raise click.exceptions.Exit(1)
        text = converted.text
    if target == "-":
        click.echo(text, nl=not text.endswith("\n"))
    else:
        try:
            Path(target).write_text(text, encoding="utf-8")
        except OSError as fault:
            raise click.UsageError(f"cannot write {target!r}: {fault.strerror}") from fault
