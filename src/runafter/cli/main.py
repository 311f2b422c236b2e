"""The command line: one lazy group, one place for errors and exit codes.

Exit codes: 0 clean, 1 problems found or a run that did not succeed, 2 usage or
unreadable input. A command's module is imported when the command is called, so
that `--help` stays quick.
"""

from __future__ import annotations

import io
import sys
from typing import Any

import click

from runafter import __version__
from runafter.errors import DefinitionError, RunafterError

COMMANDS: dict[str, tuple[str, str]] = {
    "inspect": ("inspect", "Show a flow as a tree: triggers, actions, connectors, run-after edges, findings."),
    "eval": ("eval", "Evaluate an expression, and explain it part by part."),
    "graph": ("graph", "Print the run-after graph: Mermaid, DOT, SVG, topological order or JSON."),
    "convert": ("convert", "Write a flow as canonical JSON or in another container."),
    "init": ("init", "Make a project folder: empty, or from an export, with settings, connections and a tenant."),
    "run": ("run", "Run a flow to its end, for real or on a virtual clock, with mocks given or inferred."),
    "runs": ("runs", "List, show, resume, cancel, resubmit and answer runs in a database."),
    "check": ("check", "Check flows for what makes them fail silently: races, retries, error handling, validation."),
    "readiness": (
        "readiness",
        "Grade the five layers of a production flow: trigger, validation, core, errors, monitor.",
    ),
    "harden": ("harden", "Repair what check finds, as minimal edits of the file: shown as a diff, or written."),
    "parallelize": ("parallelize", "Let actions that need nothing of each other start together, as a diff."),
    "rule": ("rule", "Explain a finding's code."),
    "tenant": ("tenant", "Seed, look into and serve an emulated tenant."),
    "count": ("count", "Count the actions that a run takes, before it is run."),
    "explain": ("explain", "Say what settings amount to: how long a retry policy holds up a run."),
    "limits": ("limits", "List what the platform and its connectors allow, and what is safe inside a loop."),
    "serve": ("serve", "Serve a project: triggers, durable runs, REST interfaces, the page."),
    "flows": ("flows", "List the installed flows, switch them on and off, run them."),
    "approvals": ("approvals", "List what waits for people, and answer it."),
    "review": ("review", "List runs that ended badly and wait for somebody to look, and close them."),
    "import": ("importing", "Install flows from an export into a database."),
    "db": ("db", "Copy the database and see its size."),
    "demo": ("demo", "Run the sample flows offline, on happy and failing paths."),
    "sample": ("sample", "Make a trigger body from the trigger's schema and from what the flow reads."),
}
"""Command name -> (module in `runafter.cli.commands`, one line of help)."""


class LazyGroup(click.Group):
    """A group that imports a command's module only when that command is wanted."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        from importlib import import_module

        module = import_module(f"runafter.cli.commands.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else " See 'runafter --help'."
            raise click.UsageError(f"No command named {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="runafter")
def cli() -> None:
    """Run, check, test and watch Power Automate and Logic Apps flows on your own machine.

    PATH is a flow in any form: a definition, an exported package or solution
    (zip or folder), a Logic Apps Standard project, an ARM template; `-` reads
    standard input.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit; errors of ours become one clear message and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name in a file may hold half a surrogate pair, or what this terminal cannot show.
            stream.reconfigure(errors="backslashreplace")
    try:
        code: Any = cli.main(args=arguments, prog_name="runafter", standalone_mode=False)
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except click.ClickException as wrong:
        wrong.show()
        code = 2
    except click.Abort:
        click.echo("Interrupted.", err=True)
        code = 130
    except BrokenPipeError:
        sys.stderr.close()
        code = 0
    except RunafterError as fault:
        report(fault)
        code = 2
    sys.exit(code if isinstance(code, int) else 0)


def report(fault: RunafterError) -> None:
    """Print an error of ours: code, place, what is wrong, what to do next."""
    place = ""
    if isinstance(fault, DefinitionError):
        where = fault.file or ""
        if fault.line:
            where += f":{fault.line}:{fault.column}"
        place = " at " + " ".join(part for part in (where, fault.pointer) if part) if where or fault.pointer else ""
    click.echo(f"error {fault.code}{place}: {fault.message}", err=True)
    if fault.hint:
        click.echo(f"  hint: {fault.hint}", err=True)
