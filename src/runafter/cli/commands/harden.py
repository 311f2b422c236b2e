"""`runafter harden`: the fixes of `check`, shown as a diff or written."""

from __future__ import annotations

import difflib
from collections import Counter
from pathlib import Path

import click

from runafter.cli.output import read_source


@click.command("harden")
@click.argument("path")
@click.option("--only", multiple=True, metavar="NAME,...", help="Only these repairs; without it all that are safe.")
@click.option("--diff", "mode", flag_value="diff", default="diff", help="Show what would change (the default).")
@click.option("--write", "mode", flag_value="write", help="Change the file.")
@click.option("--print", "mode", flag_value="print", help="Print the repaired file.")
def command(path: str, only: tuple[str, ...], mode: str) -> None:
    """Repair the flows of the file PATH with minimal edits; order, spacing and unknown fields stay.

    Safe without being asked: retry (explicit policies), timeout, catch
    (TimedOut beside Failed), message (Terminate says why), result, secrets,
    dates. By name only, since they change what a bad run does: null-guards,
    joins. A second application changes nothing. Exit code 1 when --diff has
    something to show.
    """
    from runafter.connectors.registry import catalogue
    from runafter.lint.harden import GROUPS, SAFE, harden
    from runafter.local.read import read

    if path != "-" and Path(path).is_dir():
        raise click.UsageError("harden takes one file; name the flow's file inside the folder.")
    names = tuple(name.strip() for value in only for name in value.split(",") if name.strip()) or SAFE
    for name in names:
        if name not in GROUPS:
            raise click.UsageError(f"No repair is named {name!r}; there are {', '.join(GROUPS)}.")
    definitions = read(read_source(path))
    if any(each.resolved is not None for each in definitions):
        raise click.UsageError("Flows in ARM templates with expressions are checked, but not repaired.")
    if any("!" in each.file for each in definitions):
        raise click.UsageError("Unpack the package first; a file inside an archive is not changed.")
    done = harden(definitions, only=names, catalogue=catalogue())
    before, after = done.before.source.text, done.after.source.text
    if mode == "print":
        click.echo(after, nl=False)
        return
    if mode == "write":
        if path == "-":
            raise click.UsageError("Standard input cannot be written; use --print.")
        if done.is_changed:
            Path(path).write_bytes(done.after.source.data())
    else:
        lines = difflib.unified_diff(
            before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{path}", f"b/{path}"
        )
        click.echo("".join(lines), nl=False)
    counts = Counter(issue.fix.title for issue in done.repaired if issue.fix is not None)
    for title, count in counts.most_common():
        click.echo(f"{count} x {title}", err=True)
    click.echo(f"{len(done.repaired)} findings repaired" if done.repaired else "nothing to repair", err=True)
    if mode == "diff" and done.is_changed:
        raise click.exceptions.Exit(1)
