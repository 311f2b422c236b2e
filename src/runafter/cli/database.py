"""The database that a command works on: it is there already, or the command says so instead of making one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from runafter.server.runtime import Runtime

T = TypeVar("T")

db_option = click.option(
    "--db", metavar="URL", help="Database: a path, sqlite:///..., postgresql://... Default .runafter/runs.db."
)


def existing_database(given: str | None) -> str:
    """Return the database to use, `.runafter/runs.db` where none is given.

    Raises:
        click.UsageError: it would be a file, and there is none; nothing is made.
    """
    from runafter.local.machine import DEFAULT_DB
    from runafter.storage.upkeep import sqlite_path

    url = given or DEFAULT_DB
    path = sqlite_path(url)
    if path is not None and not Path(path).is_file():
        if given is None:
            raise click.UsageError(f"there is no database {DEFAULT_DB} in this folder; name one with --db")
        raise click.UsageError(f"there is no database {given}; a run makes one: runafter run FLOW --db {given}")
    return url


def with_runtime(db: str | None, work: Callable[[Runtime], Awaitable[T]]) -> T:
    """Do some work on a database's flows and runs; what it begins or wakes is carried out by whoever drives runs."""
    url = existing_database(db)

    async def main() -> T:
        from runafter.hosts.embedded.host import Host
        from runafter.local.outside import LocalOutside
        from runafter.local.package import load_program
        from runafter.server.runtime import Runtime
        from runafter.storage.open import open_storage

        storage = await open_storage(url)
        runtime = Runtime(
            storage,
            LocalOutside(),
            lambda inbox, respond: Host(storage, inbox, load_program=load_program, responder=respond),
        )
        try:
            await runtime.flows.open()
            await runtime.firing.recover()
            await runtime.inbox.recover()
            runtime.host.loop.is_stopping = True
            return await work(runtime)
        finally:
            await runtime.host.stop()
            await storage.close()

    return asyncio.run(main())
