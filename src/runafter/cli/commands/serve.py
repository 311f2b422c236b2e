"""`runafter serve`: a project as a running system."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from runafter.cli.database import db_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runafter.tenant.tenant import Tenant


@click.command("serve")
@click.argument("project", required=False, type=click.Path(path_type=Path))
@db_option
@click.option("--port", default=7071, show_default=True, type=click.IntRange(1, 65_535))
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to bind to; others than loopback need RUNAFTER_TOKEN.",
)
@click.option("--host-name", "host_names", multiple=True, help="A further host name to answer to. Repeatable.")
@click.option(
    "--public-url",
    metavar="URL",
    help="Address that callers use, as of a proxy before the server. Default: http://, a name to answer to, the port.",
)
@click.option(
    "--tenant",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Seed of the emulated tenant. Default: the project's tenant.yaml, or those beside its flows.",
)
@click.option(
    "--tenant-state",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="SQLite file that keeps the tenant. Default: tenant.db beside a SQLite database. memory: keeps none.",
)
@click.option(
    "--tenant-profile",
    metavar="NAME",
    help="How slow and strict the tenant is: instant (default), unlimited, documented, calibrated-sharepoint ...",
)
@click.option(
    "--faults",
    metavar="FILE|RULE",
    multiple=True,
    help="What goes wrong in the tenant: a YAML file, or a rule as dataverse.create=503@20%. Repeatable.",
)
@click.option("--no-tenant", is_flag=True, help="Emulate no tenant: connector calls are refused by name.")
@click.option("--no-watch", is_flag=True, help="Do not take over changed files.")
def command(
    project: Path | None,
    db: str | None,
    port: int,
    host: str,
    host_names: tuple[str, ...],
    public_url: str | None,
    tenant: Path | None,
    tenant_state: Path | None,
    tenant_profile: str | None,
    faults: tuple[str, ...],
    no_tenant: bool,
    no_watch: bool,
) -> None:
    """Serve the flows at PROJECT (a folder, a flow's file, an export): triggers, runs, REST, the page.

    Without PROJECT, what the database holds is served. The address printed carries a
    token that is new at each start; set RUNAFTER_TOKEN to choose one. Stop with Ctrl-C:
    runs under way go on with the next start. Connections are emulated unless
    connections.toml says that they are live.
    """
    from runafter.errors import EnvironmentFault
    from runafter.local.machine import database_url

    try:
        from runafter.hosts.embedded.interpreter import hurry_writer, quick_loop, relax_collector
        from runafter.server.app import JsonLines, serve
    except ImportError as error:
        raise EnvironmentFault(
            f"the server needs {error.name}", code="SRV006", hint="Install it: pip install 'runafter[server]'"
        ) from error
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.getLogger().addHandler(handler)  # what libraries warn of is a line of the same form
    logging.getLogger("runafter").setLevel(logging.INFO)

    def started(url: str, token: str) -> None:
        click.echo(
            f"Runafter serves {url}#token={token}" if "RUNAFTER_TOKEN" not in os.environ else f"Runafter serves {url}"
        )

    place = None
    if not no_tenant:
        place = _tenant(project, database_url(db), tenant, tenant_state, tenant_profile, faults)
    elif tenant or tenant_state or tenant_profile or faults:
        raise click.UsageError("--no-tenant leaves out what the other options are for.")

    async def main() -> None:
        await serve(
            project,
            db=database_url(db),
            host=host,
            port=port,
            token=os.environ.get("RUNAFTER_TOKEN") or None,
            host_names=host_names,
            public_url=_address(public_url),
            tenant=place,
            watch=not no_watch,
            started=started,
        )

    relax_collector()
    hurry_writer()
    with asyncio.Runner(loop_factory=quick_loop()) as runner:
        runner.run(main())


def _address(url: str | None) -> str | None:
    """Return an address without the slash at its end.

    Raises:
        click.UsageError: it is none, or holds more than scheme, name and port.
    """
    if url is None:
        return None
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.path.strip("/"):
        raise click.UsageError("--public-url is http:// or https://, a name, and a port where it is not the usual one.")
    return f"{parts.scheme}://{parts.netloc}"


def _tenant(
    project: Path | None, db: str, seed: Path | None, state: Path | None, profile: str | None, faults: Sequence[str]
) -> Tenant:
    """Return the tenant to serve on.

    Raises:
        click.UsageError: a file cannot be read.
    """
    from runafter.local.tenant import read_faults
    from runafter.server.served_tenant import seeds_of, served_tenant, state_beside

    kept = state_beside(db) if state is None else state
    rules: list[Any] = []
    try:
        for given in faults:
            rules += read_faults(Path(given)) if Path(given).is_file() else [given]
        return served_tenant(
            (seed,) if seed is not None else seeds_of(project),
            state=None if kept == Path("memory:") else kept,
            profile=profile,
            faults=rules,
        )
    except OSError as fault:
        raise click.UsageError(f"cannot read {fault.filename}: {fault.strerror}") from fault
