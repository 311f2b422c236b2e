"""`runafter harden`: the fixes of `check`, shown as a diff or written."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click

from runafter.cli.output import read_source


@click.command("harden")
@click.argument("path")
@click.option("--only", multiple=True, metavar="NAME,...", help="Only these repairs; without it all.")
@click.option("--diff", "mode", flag_value="diff", default="diff", help="Show what would change (the default).")
@click.option("--write", "mode", flag_value="write", help="Change the file.")
@click.option("--print", "mode", flag_value="print", help="Print the repaired file.")
@click.option("-w", "--ignore-indent", is_flag=True, help="Leave lines that are only indented out of the diff.")
def command(path: str, only: tuple[str, ...], mode: str, ignore_indent: bool) -> None:
    """Repair the flows of the file PATH with minimal edits; order, spacing and unknown fields stay.

    Without --only all repairs are made; none changes what a run on good data
    does. In place: retry, timeout, catch (TimedOut beside Failed), message
    (Terminate says why), null-guards, joins (go on when a notification failed),
    accumulators (no variable in a concurrent loop), versions (ETag),
    concurrency, deduplication, result, secrets, dates. Around the work:
    validation, branches (a scope each), scopes (try, catch, end), monitor (a
    record of every run). By name only, since others see it: keys (a header in
    HTTP requests that make something). What would bring a finding that was not there is left
    out. A second application changes nothing. Exit code 1 when --diff has
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
        click.echo("".join(_diff(path, before, after, ignore_indent)), nl=False)
    counts = Counter(issue.fix.title for issue in done.repaired if issue.fix is not None)
    for title, count in counts.most_common():
        click.echo(f"{count} x {title}", err=True)
    click.echo(f"{len(done.repaired)} findings repaired" if done.repaired else "nothing to repair", err=True)
    if mode == "diff" and done.is_changed:
        raise click.exceptions.Exit(1)


def _diff(path: str, before: str, after: str, ignore_indent: bool) -> Iterator[str]:
    """Yield a unified diff; lines that only moved to the right are context when their indentation is ignored."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    names = f"a/{path}", f"b/{path}"
    if not ignore_indent:
        yield from difflib.unified_diff(old, new, *names)
        return
    bare = [line.strip() for line in old], [line.strip() for line in new]
    groups = list(difflib.SequenceMatcher(None, *bare, autojunk=False).get_grouped_opcodes(3))
    yield from (f"--- {names[0]}\n", f"+++ {names[1]}\n") if groups else ()
    for group in groups:
        (_, i1, _, j1, _), (_, _, i2, _, j2) = group[0], group[-1]
        yield f"@@ -{i1 + 1},{i2 - i1} +{j1 + 1},{j2 - j1} @@\n"
        for tag, a1, a2, b1, b2 in group:
            if tag == "equal":
                yield from (" " + line for line in new[b1:b2])
                continue
            yield from ("-" + line for line in old[a1:a2])
            yield from ("+" + line for line in new[b1:b2])
