"""`runafter serve`: a project as a running system."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from typing import Any

import click


@click.command("serve")
@click.argument("project", required=False, type=click.Path(path_type=Path))
@click.option(
    "--db", metavar="URL", help="Database: a path, sqlite:///..., postgresql://... Default .runafter/runs.db."
)
@click.option("--port", default=7071, show_default=True, type=click.IntRange(1, 65_535))
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to bind to; others than loopback need RUNAFTER_TOKEN.",
)
@click.option("--host-name", "host_names", multiple=True, help="A further host name to answer to. Repeatable.")
@click.option(
    "--tenant",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Seed of the emulated tenant. Default: the project's tenant.yaml.",
)
@click.option("--no-tenant", is_flag=True, help="Emulate no tenant: connector calls are refused by name.")
@click.option("--no-watch", is_flag=True, help="Do not take over changed files.")
def command(
    project: Path | None,
    db: str | None,
    port: int,
    host: str,
    host_names: tuple[str, ...],
    tenant: Path | None,
    no_tenant: bool,
    no_watch: bool,
) -> None:
    """Serve the flows at PROJECT (a folder, a flow's file, an export): triggers, runs, REST, the page.

    Without PROJECT, what the database holds is served. The address printed carries a
    token that is new at each start; set RUNAFTER_TOKEN to choose one. Stop with Ctrl-C:
    runs under way go on with the next start.
    """
    from runafter.errors import EnvironmentFault
    from runafter.local.machine import database_url

    try:
        from runafter.hosts.embedded.collector import relax_collector
        from runafter.server.app import JsonLines, serve
    except ImportError as error:
        raise EnvironmentFault(
            f"the server needs {error.name}", code="SRV006", hint="Install it: pip install 'runafter[server]'"
        ) from error
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.getLogger("runafter").addHandler(handler)
    logging.getLogger("runafter").setLevel(logging.INFO)

    def started(url: str, token: str) -> None:
        click.echo(
            f"Runafter serves {url}#token={token}" if "RUNAFTER_TOKEN" not in os.environ else f"Runafter serves {url}"
        )

    async def main() -> None:
        await serve(
            project,
            db=database_url(db),
            host=host,
            port=port,
            token=os.environ.get("RUNAFTER_TOKEN") or None,
            host_names=host_names,
            tenant=None if no_tenant else _tenant(tenant or _seed_of(project)),
            watch=not no_watch,
            started=started,
        )

    relax_collector()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(main())


def _seed_of(project: Path | None) -> Path | None:
    """Return the tenant.yaml that lies in the project or beside the flow."""
    if project is None:
        return None
    seed = (project if project.is_dir() else project.parent) / "tenant.yaml"
    return seed if seed.is_file() else None


def _tenant(seed: Path | None) -> Any:
    from runafter.tenant.seeds import seed_file
    from runafter.tenant.tenant import Tenant

    made = Tenant()
    if seed is not None:
        seed_file(made, seed)
    return made


def _loop_factory() -> Any:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
