"""From an address to a database."""

from __future__ import annotations

import asyncio
from pathlib import Path

from runafter.storage.api import Storage
from runafter.storage.faults import DatabaseUnreachable


async def open_storage(url: str) -> Storage:
    """Open `memory:`, `sqlite:///relative/or//absolute/path`, a plain path, or `postgresql://...`.

    Raises:
        StorageFault: it cannot be opened; says why and what to do.
    """
    scheme = url.split(":", 1)[0].lower() if "://" in url or url == "memory:" else ""
    match scheme:
        case "memory":
            from runafter.storage.memory import MemoryStorage

            return MemoryStorage(asyncio.get_running_loop())
        case "postgresql" | "postgres":
            from runafter.storage.postgres import open_postgres

            return await open_postgres(url)
        case "" | "sqlite":
            from runafter.storage.sqlite import open_sqlite

            return await open_sqlite(Path(url[len("sqlite:///") :] if scheme else url))
        case _:
            raise DatabaseUnreachable(
                f"no database backend for {scheme!r}",
                hint="Use memory:, a file path, sqlite:///path or postgresql://user@host/database.",
            )
