"""A host on this machine: a database, real time, real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from runafter.hosts.embedded.host import Host
from runafter.local.outside import LocalOutside
from runafter.local.package import load_program
from runafter.storage.open import open_storage

DEFAULT_DB = ".runafter/runs.db"


def database_url(given: str | None) -> str:
    """Return the database to use: given, or `.runafter/runs.db` below the working folder, which is made."""
    if given is not None:
        return given
    Path(DEFAULT_DB).parent.mkdir(exist_ok=True)
    return DEFAULT_DB


@asynccontextmanager
async def machine_host(db: str, make_outside: Callable[..., LocalOutside], **more: Any) -> AsyncIterator[Host]:
    """Open the database and a host over it; on leaving, runs are given up to whoever resumes them."""
    from runafter.local.http import RealHttp

    storage = await open_storage(db)
    http = RealHttp()
    try:
        outside = make_outside(http=http, **more)
        host = Host(storage, outside, load_program=load_program, responder=outside.respond)
        outside.host = host
        await host.start()
        try:
            yield host
        finally:
            await outside.close()
            await host.stop()
    finally:
        await http.close()
        await storage.close()
