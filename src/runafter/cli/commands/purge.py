"""`runafter runs purge`."""

from __future__ import annotations

import asyncio

import click

from runafter.cli.database import db_option, existing_database


@click.command("purge")
@click.option("--older-than", required=True, metavar="DURATION", help="How long ago they began: P30D, PT12H.")
@click.option("--flow", metavar="NAME", help="Only runs of this flow.")
@db_option
def purge(older_than: str, flow: str | None, db: str | None) -> None:
    """Delete runs that are over, with their history. Runs under way stay."""
    from runafter.catalog.catalog import Catalog
    from runafter.hosts.clock import TICKS_PER_S, machine_clock
    from runafter.journal.journal import Journal
    from runafter.journal.purge import purge_runs
    from runafter.storage.open import open_storage
    from runafter.values.time import duration_s

    try:
        before = machine_clock() - round(duration_s(older_than) * TICKS_PER_S)
    except ValueError as fault:
        raise click.BadParameter(f"{older_than!r} is no ISO 8601 duration", param_hint="--older-than") from fault

    url = existing_database(db)

    async def work() -> int:
        storage = await open_storage(url)
        try:
            if flow is None:
                catalog = Catalog(storage)
                await catalog.purge_histories(before)
                await catalog.purge_keys(machine_clock())
            return await purge_runs(Journal(storage), before, flow=flow)
        finally:
            await storage.close()

    click.echo(f"{asyncio.run(work())} runs deleted")
