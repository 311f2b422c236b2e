"""`runafter tenant`: an emulated tenant, kept in a file, looked into, served on loopback."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runafter.cli.groups import Group
from runafter.cli.output import console, print_json

if TYPE_CHECKING:
    from runafter.tenant.tenant import Tenant

DEFAULT_STATE = ".runafter/tenant.db"
MOST_COLUMNS = 7
_COLUMNS = {
    "users": ("displayName", "jobTitle", "department", "assignedLicenses", "accountEnabled"),
    "groups": ("displayName", "members", "licences"),
    "mails": ("sentAt", "to", "subject"),
    "posts": ("createdDateTime", "message"),
}
"""What is looked for first, of what has many fields."""
_INSTANT = re.compile(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)[.\d]*Z$")
_HIDDEN = ("@", "$", "GUID", "odata", "seeded")
state_option = click.option(
    "--state",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help=f"SQLite file of the tenant. Default {DEFAULT_STATE}.",
)


@click.group("tenant", cls=Group)
def command() -> None:
    """Seed, look into and serve an emulated tenant.

    `runafter run --tenant-state FILE` runs flows on it.
    """


@command.command("seed")
@click.argument("seed", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@state_option
@click.option(
    "--replace", is_flag=True, help="Empty the file first; otherwise a tenant that has content is left alone."
)
def seed_command(seed: Path, state: Path | None, replace: bool) -> None:
    """Fill a tenant from the YAML file SEED and keep it in a file."""
    from runafter.local.tenant import open_tenant
    from runafter.tenant.state import SqliteState

    place = _place(state)
    if replace:
        place.unlink(missing_ok=True)
        for ending in ("-wal", "-shm"):
            place.with_name(place.name + ending).unlink(missing_ok=True)
    elif place.is_file():
        known = SqliteState(place)
        services = known.services()
        known.close()
        if services:
            raise click.UsageError(f"{place} holds a tenant already; --replace empties it first.")
    tenant = open_tenant(seed, state=place)
    _print_tables(tenant, as_json=False)
    click.echo(f"Kept in {place}. Run a flow on it: runafter run FLOW --tenant-state {place}")
    tenant.state.close()


@command.command("show")
@click.argument("service", required=False)
@click.argument("table", required=False)
@state_option
@click.option(
    "--seed", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Look into a seed instead of a file."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show_command(service: str | None, table: str | None, state: Path | None, seed: Path | None, as_json: bool) -> None:
    """Show what the tenant holds: its tables, one service's tables, or one table's rows.

    SERVICE is sharepoint, dataverse, sql, outlook, teams, entra ...; or users,
    groups, mails, posts. TABLE is a list, a table, an entity set.
    """
    from runafter.local.tenant import open_tenant
    from runafter.tenant.show import SHORTCUTS, rows

    if seed is None and not _place(state).is_file():
        raise click.UsageError(f"There is no tenant at {_place(state)}; make one: runafter tenant seed FILE.")
    tenant = open_tenant(seed) if seed is not None else open_tenant(state=_place(state))
    try:
        if service is None:
            _print_tables(tenant, as_json=as_json)
            return
        found = rows(tenant, service, table)
        if as_json:
            print_json(found)
        elif table is None and service.lower() not in SHORTCUTS:
            _print_rows(found)
        else:
            columns = _COLUMNS.get(service.lower() if table is None else table.lower())
            _print_rows([_plain(row) for row in found], columns)
    finally:
        tenant.state.close()


@command.command("serve")
@click.argument("seed", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--port", default=7072, show_default=True, type=click.IntRange(0, 65_535), help="0 takes a free one.")
@state_option
@click.option("--profile", default="instant", show_default=True, help="How slow and strict: documented, unlimited ...")
@click.option("--faults", multiple=True, metavar="FILE|RULE", help="What goes wrong, e.g. dataverse.create=503@20%.")
def serve_command(seed: Path | None, port: int, state: Path | None, profile: str, faults: tuple[str, ...]) -> None:
    """Serve a tenant over HTTP on loopback: managed connections and the services' own REST interfaces."""
    from runafter.local.tenant import open_tenant, read_faults
    from runafter.tenant.clock import LoopClock

    rules: list[Any] = []
    for given in faults:
        rules += read_faults(Path(given)) if Path(given).is_file() else [given]
    tenant = open_tenant(seed, faults=rules, profile=profile, state=None if state is None else _place(state))
    tenant.clock = LoopClock()

    async def main() -> None:
        from runafter.tenant.http import TenantServer

        async with TenantServer(tenant, port=port) as server:
            click.echo(f"The tenant answers at {server.url}")
            click.echo(f"  {server.connector_url('{connector}', '{connection}')}/...  managed connections")
            for mount in server.mounts:
                click.echo(f"  {server.url}/{mount}/...")
            click.echo("Stop with Ctrl-C.")
            await asyncio.get_running_loop().create_future()

    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        click.echo("Stopped.")


def _place(state: Path | None) -> Path:
    place = state or Path(DEFAULT_STATE)
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


def _print_tables(tenant: Tenant, *, as_json: bool) -> None:
    from runafter.tenant.changes import is_internal, table_title
    from runafter.tenant.names import everyday_name

    found = [
        {"service": everyday_name(service), "table": table_title(service, table), "rows": len(store.rows(table))}
        for service in tenant.state.services()
        if not service.startswith("$")
        for store in [tenant.store_of(service)]
        for table in sorted(store.tables())
        if not is_internal(service, table)
    ]
    if as_json:
        print_json(found)
    else:
        _print_rows(found)


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if not name.startswith(_HIDDEN) and value not in (None, "")}


def _print_rows(found: Sequence[Mapping[str, Any]], columns: Sequence[str] | None = None) -> None:
    if not found:
        click.echo("Nothing.")
        return
    from rich.table import Table

    columns = columns or list(dict.fromkeys(name for row in found for name in row))[:MOST_COLUMNS]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, overflow="ellipsis", no_wrap=True)
    for row in found:
        table.add_row(*(_cell(row.get(name)) for name in columns))
    console().print(table)


def _cell(value: Any) -> str:
    match value:
        case None:
            text = ""
        case str():
            text = _INSTANT.sub(r"\1 \2", re.sub(r"<[^>]+>", "", value))
        case [*entries] if all(isinstance(entry, str) and "-" not in entry for entry in entries):
            text = ", ".join(entries)
        case [*entries]:
            text = str(len(entries))
        case _:
            text = json.dumps(value, default=str)
    return text if len(text) <= 60 else text[:59] + "…"
