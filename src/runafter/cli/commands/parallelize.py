"""`runafter parallelize`: actions that need nothing of each other start together."""

from __future__ import annotations

import click

from runafter.cli.commands.harden import command as harden


@click.command("parallelize")
@click.argument("path")
@click.option("--diff", "mode", flag_value="diff", default="diff", help="Show what would change (the default).")
@click.option("--write", "mode", flag_value="write", help="Change the files.")
@click.option("--print", "mode", flag_value="print", help="Print the changed file.")
@click.pass_context
def command(context: click.Context, path: str, mode: str) -> None:
    """Let actions that need nothing of each other start together, by editing run-after entries only.

    An action goes on waiting for what it reads, for variables and records that
    both touch, for checks of the data, and for whatever may end the run, waits,
    or does something unknown; what tells somebody something waits for what was
    changed before. On good data everything is done as before, sooner. When one
    action fails, those beside it have started nevertheless.

    The same as `harden --only parallel`. Exit code 1 when --diff has something to
    show.
    """
    context.invoke(harden, path=path, only=("parallel",), mode=mode, ignore_indent=False)
