"""`runafter flows`, `runafter import`: the flows that a database holds."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from runafter.cli.database import db_option, existing_database, with_runtime
from runafter.cli.groups import Group
from runafter.cli.output import console, print_json

if TYPE_CHECKING:
    from runafter.catalog.rows import FlowState
    from runafter.server.events import Fired
    from runafter.server.flows import FlowBook
    from runafter.server.runtime import Runtime

T = TypeVar("T")


@click.group("flows", cls=Group)
def command() -> None:
    """List the installed flows, switch them on and off, run them."""


@command.command("list")
@db_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_flows(db: str | None, as_json: bool) -> None:
    """List the installed flows."""

    async def work(book: FlowBook) -> list[dict[str, Any]]:
        return [
            {
                "name": flow.name,
                "state": flow.row.state,
                "trigger": next(iter(flow.program.triggers), "") if flow.program is not None else "",
                "owner": flow.row.meta.owner or "",
                "version": flow.row.version,
                "errors": sum(finding.severity == "error" for finding in flow.findings),
            }
            for flow in book.all()
        ]

    found = _with_flows(existing_database(db), work)
    if as_json:
        print_json(found)
        return
    if not found:
        click.echo("No flows. Install some: runafter import EXPORT.zip, or runafter serve PROJECT.")
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in found[0]:
        table.add_column(name)
    for row in found:
        table.add_row(*(str(value) for value in row.values()))
    console().print(table)


@command.command("enable")
@click.argument("flow")
@db_option
def enable(flow: str, db: str | None) -> None:
    """Let FLOW's triggers fire. A server that runs takes it over at its next start; use its page or API meanwhile."""
    _switch(flow, db, "Enabled")


@command.command("disable")
@click.argument("flow")
@db_option
def disable(flow: str, db: str | None) -> None:
    """Stop FLOW's triggers; runs under way go on."""
    _switch(flow, db, "Disabled")


@command.command("run")
@click.argument("flow")
@db_option
@click.option("--trigger", metavar="JSON|@FILE", help="The trigger's body.")
@click.option(
    "--duplicate-deliveries",
    default=1,
    show_default=True,
    type=click.IntRange(1, 100),
    help="Deliver the event so many times, as a platform may that delivers at least once.",
)
def run_flow(flow: str, db: str | None, trigger: str | None, duplicate_deliveries: int) -> None:
    """Begin a run of FLOW; a server on the same database, or `runs resume`, carries it out.

    Prints what became of each delivery, a line per run where the trigger splits: Started, Waiting, Skipped by a
    condition, Duplicate with the run that has the key, Failed, Full.
    """
    text = trigger
    if text is not None and text.startswith("@"):
        text = Path(text[1:]).read_text("utf-8")
    try:
        given = json.loads(text) if text is not None else None
    except ValueError as fault:
        raise click.BadParameter(f"no JSON: {fault}", param_hint="--trigger") from fault

    async def work(runtime: Runtime) -> list[Fired]:
        return [each for _ in range(duplicate_deliveries) for each in await runtime.run_now(flow, given=given)]

    fired = with_runtime(db, work)
    for each in fired:
        click.echo(" ".join(part for part in (each.status, each.run_id, _reason(each)) if part))
    if fired and all(each.status in {"Failed", "Full"} for each in fired):
        raise SystemExit(1)


@click.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@db_option
@click.option("--disabled", is_flag=True, help="Install new flows switched off.")
def import_command(path: Path, db: str | None, disabled: bool) -> None:
    """Install the flows at PATH (an exported package or solution, a folder, a file) as new versions."""

    async def work(book: FlowBook) -> list[str]:
        from runafter.local.read import read
        from runafter.project.project import read_project

        project = read_project(path, read)
        return [(await book.install(flow, "Disabled" if disabled else "Enabled")).name for flow in project.flows]

    from runafter.local.machine import database_url

    for name in _with_flows(database_url(db), work):
        click.echo(f"installed {name}")


def _reason(fired: Fired) -> str:
    """Say why no run was begun."""
    message = fired.error.get("message") if isinstance(fired.error, dict) else None
    return f"{fired.code}: {message}" if fired.status in {"Failed", "Full"} and message else ""


def _switch(name: str, db: str | None, state: FlowState) -> None:
    async def work(book: FlowBook) -> str:
        return (await book.switch(name, state)).name

    click.echo(f"{_with_flows(existing_database(db), work)} is {state.lower()}")


def _with_flows(url: str, work: Callable[[FlowBook], Awaitable[T]]) -> T:
    async def main() -> T:
        from runafter.catalog.catalog import Catalog
        from runafter.hosts.clock import machine_clock
        from runafter.server.flows import FlowBook
        from runafter.storage.open import open_storage

        storage = await open_storage(url)
        try:
            book = FlowBook(Catalog(storage), machine_clock)
            await book.open()
            return await work(book)
        finally:
            await storage.close()

    return asyncio.run(main())
