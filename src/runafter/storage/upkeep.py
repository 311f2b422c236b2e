"""What an operator does with a database: copy it while it is in use, and see how large it is."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from runafter.storage.faults import DatabaseUnreachable
from runafter.storage.open import open_storage
from runafter.storage.sqlite_session import fault_of

_TABLES = ("runs", "journal", "actions", "contents", "definitions", "flows", "flow_versions", "trigger_histories")


def sqlite_path(url: str) -> Path | None:
    """Return the file of a SQLite address, None for other databases."""
    if url == "memory:" or ("://" in url and not url.lower().startswith("sqlite://")):
        return None
    return Path(url[len("sqlite:///") :] if "://" in url else url)


def backup(url: str, target: Path) -> int:
    """Write a consistent copy of a SQLite database, also while a server uses it; return its bytes.

    Raises:
        StorageFault: it is no SQLite database, cannot be read, or the target exists.
    """
    source = sqlite_path(url)
    if source is None:
        raise DatabaseUnreachable("only SQLite files are copied here", hint="Use pg_dump for PostgreSQL.")
    if not source.is_file():
        raise DatabaseUnreachable(f"there is no database at {source}")
    if target.exists():
        raise DatabaseUnreachable(f"{target} exists already", hint="Name another file.")
    try:
        origin = sqlite3.connect(f"file:{source}?mode=ro", uri=True)
        copy = sqlite3.connect(target)
        try:
            origin.backup(copy)
        finally:
            copy.close()
            origin.close()
    except sqlite3.Error as error:
        raise fault_of(error, str(source)) from error
    return target.stat().st_size


async def size(url: str) -> dict[str, int]:
    """Return the database's `bytes` and the number of rows by table.

    Raises:
        StorageFault: it cannot be opened.
    """
    storage = await open_storage(url)
    try:
        found: dict[str, int] = {}
        path = sqlite_path(url)
        if path is not None:
            files = [path, path.with_name(path.name + "-wal")]
            found["bytes"] = sum(file.stat().st_size for file in files if file.is_file())
        elif storage.dialect == "postgres":
            found["bytes"] = (await storage.fetch_text("SELECT pg_database_size(current_database())", ()))[0][0]
        for table in _TABLES:
            found[table] = (await storage.fetch_text(f"SELECT COUNT(*) FROM {table}", ()))[0][0]  # noqa: S608 - our own names
        return found
    finally:
        await storage.close()
