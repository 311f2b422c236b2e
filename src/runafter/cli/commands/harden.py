"""`runafter harden`: the fixes of `check`, shown as a diff or written."""

from __future__ import annotations

import difflib
import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runafter.cli.output import console, read_source

if TYPE_CHECKING:
    from runafter.definition.nodes import Definition
    from runafter.lint.harden import Hardened
    from runafter.lint.settings import Settings
    from runafter.lint.waivers import Waiver

_READABLE = 4_000
"""Characters of the longest line that a diff by lines is of use for."""

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


@click.command("harden")
@click.argument("path")
@click.option(
    "--only",
    multiple=True,
    metavar="NAME,...",
    help="Only these repairs; without it all but `keys`, `parallel`, `columns`.",
)
@click.option("--diff", "mode", flag_value="diff", default="diff", help="Show what would change (the default).")
@click.option("--write", "mode", flag_value="write", help="Change the files.")
@click.option("--print", "mode", flag_value="print", help="Print the repaired file.")
@click.option("-w", "--ignore-indent", is_flag=True, help="Leave lines that are only indented out of the diff.")
def command(path: str, only: tuple[str, ...], mode: str, ignore_indent: bool) -> None:
    """Repair the flows at PATH with minimal edits; order, spacing and unknown fields stay.

    PATH is a file, `-`, or a folder, whose files are repaired one by one. Without
    --only all repairs are made that neither change what a run on good data does
    nor what others see of it.

    In place: retry, timeout, catch (TimedOut beside Failed), message (Terminate
    says why), null-guards, joins (go on when a notification failed), accumulators
    (no variable in a concurrent loop), versions (ETag), turns (one after the
    other where both touch a record), concurrency, deduplication, result, secrets,
    dates. Around the work: validation, branches (a scope each), scopes (try,
    catch, end), monitor (a record of every run). By name only: keys (a header in
    HTTP requests that make something), parallel (actions of a row that need
    nothing of each other start together), columns ($select of those used).

    What is waived or ignored (in the flow, flow.toml, runafter.toml) stays. What
    would bring a finding that was not there is left out. A second application
    changes nothing. Exit code 1 when --diff has something to show.
    """
    from runafter.connectors.registry import catalogue
    from runafter.lint.harden import GROUPS, SAFE, harden
    from runafter.local.read import read

    names = tuple(name.strip() for value in only for name in value.split(",") if name.strip()) or SAFE
    for name in names:
        if name not in GROUPS:
            raise click.UsageError(f"No repair is named {name!r}; there are {', '.join(GROUPS)}.")
    if mode == "write" and path == "-":
        raise click.UsageError("Standard input cannot be written; use --print.")
    definitions = read(read_source(path))
    if any("!" in each.file for each in definitions):
        raise click.UsageError(
            "A file inside an archive is not changed; unpack it, or make a project of it: "
            f"runafter init DIR --from {path}, then runafter harden DIR."
        )
    files: dict[int, list[Definition]] = {}
    for definition in definitions:
        files.setdefault(id(definition.document), []).append(definition)
    if mode == "print" and len(files) > 1:
        raise click.UsageError("--print takes one file.")
    settings, waivers = _settings(path, definitions)
    done = [
        harden(flows, only=names, catalogue=catalogue(), waivers=waivers, ignore=settings.ignore)
        for flows in files.values()
    ]
    for each in done:
        name = path if len(done) == 1 and not Path(path).is_dir() else each.before.source.name
        if mode == "print":
            click.echo(each.after.source.text, nl=False)
        elif mode == "write" and each.is_changed:
            Path(name).write_bytes(each.after.source.data())
        elif mode == "diff":
            _show(_diff(name, each.before.source.text, each.after.source.text, ignore_indent))
    if mode == "print":
        return
    _summary(list(files.values()), done)
    if mode == "diff" and any(each.is_changed for each in done):
        raise click.exceptions.Exit(1)


def _settings(path: str, definitions: list[Definition]) -> tuple[Settings, list[Waiver]]:
    """Return what the project says about findings: in runafter.toml, and in flow.toml beside a flow."""
    from runafter.cli.check_settings import find_settings, load_settings, waivers_beside
    from runafter.lint.run import pages
    from runafter.lint.settings import Settings

    if path == "-":
        return Settings(), []
    codes = tuple(pages())
    file = find_settings((path,))
    settings = load_settings(file, codes) if file is not None else Settings()
    return settings, [*settings.waivers, *waivers_beside(definitions, (path,), codes)]


def _summary(before: Sequence[Sequence[Definition]], done: Sequence[Hardened]) -> None:
    """Say on stderr what was repaired, the grades before and after, and what is still to be set."""
    from runafter.connectors.registry import catalogue
    from runafter.lint.readiness import readiness
    from runafter.lint.repairs.recording import ADDRESS
    from runafter.lint.repairs.telling import ADDRESS as MAILBOX
    from runafter.lint.repairs.telling import CHANNEL

    issues = [issue for each in done for issue in each.repaired]
    counts = Counter(issue.fix.title for issue in issues if issue.fix is not None)
    for title, count in counts.most_common():
        click.echo(f"{count} x {title}", err=True)
    click.echo(f"{len(issues)} findings repaired" if issues else "nothing to repair", err=True)
    known = catalogue()
    for flows, each in zip(before, done, strict=True):
        for old, new in zip(flows, each.definitions, strict=True) if each.is_changed else ():
            grades = readiness(old, catalogue=known).grade, readiness(new, catalogue=known).grade
            click.echo(f"{old.name}: readiness {grades[0]}/5, then {grades[1]}/5", err=True)
            missing = [layer.name for layer in readiness(new, catalogue=known).layers if not layer.is_present]
            if missing:
                click.echo(f"  left to you: {', '.join(missing)}; `runafter readiness` says what they lack", err=True)
    written = {name for each in done if each.is_changed for flow in each.definitions for name in flow.parameter_names}
    hints = {
        MAILBOX: "who hears of a failure by mail",
        CHANNEL: "the channel that hears of a failure",
        ADDRESS: "where a record of every run is posted",
    }
    for name, hint in hints.items():
        if name in written:
            click.echo(f"set the parameter {name}: {hint}; empty, nothing is sent", err=True)


def _show(lines: Iterator[str]) -> None:
    from rich.text import Text

    out = console()
    if out.color_system is None:
        click.echo("".join(lines), nl=False)  # as written, line ends too, so that `patch` takes it
        return
    for line in lines:
        is_name = line.startswith(("---", "+++"))
        out.print(Text(line.rstrip("\r\n"), style="bold" if is_name else _COLOURS.get(line[:1], "")), soft_wrap=True)


def _diff(path: str, before: str, after: str, ignore_indent: bool) -> Iterator[str]:
    """Yield a unified diff; lines that only moved to the right are context when their indentation is ignored.

    A file that was written as one long line is shown laid out: as it stands, the diff would be the file twice.
    """
    if before != after and max(map(len, before.splitlines()), default=0) > _READABLE:
        laid_out = _laid_out(before), _laid_out(after)
        if None not in laid_out:
            click.echo(f"{path} has lines too long to compare; the diff is of its content laid out", err=True)
            before, after = (text or "" for text in laid_out)
    old, new = (list(io.StringIO(text, newline="\n")) for text in (before, after))
    names = f"a/{path}", f"b/{path}"
    if not ignore_indent:
        yield from map(_ended, difflib.unified_diff(old, new, *names))
        return
    bare = [line.strip() for line in old], [line.strip() for line in new]
    groups = list(difflib.SequenceMatcher(None, *bare, autojunk=False).get_grouped_opcodes(3))
    yield from (f"--- {names[0]}\n", f"+++ {names[1]}\n") if groups else ()
    for group in groups:
        (_, i1, _, j1, _), (_, _, i2, _, j2) = group[0], group[-1]
        yield f"@@ -{i1 + 1},{i2 - i1} +{j1 + 1},{j2 - j1} @@\n"
        for tag, a1, a2, b1, b2 in group:
            if tag == "equal":
                yield from (_ended(" " + line) for line in new[b1:b2])
                continue
            yield from (_ended("-" + line) for line in old[a1:a2])
            yield from (_ended("+" + line) for line in new[b1:b2])


def _ended(line: str) -> str:
    """Mark a last line without an end as `diff` does."""
    return line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _laid_out(text: str) -> str | None:
    """Return JSON text one member a line; None for what is not plain JSON."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"
    except ValueError:
        return None
