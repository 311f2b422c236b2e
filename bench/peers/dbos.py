"""DBOS on SQLite: a library in one process, nothing crosses HTTP.

Variants: `shipped` keeps the database as DBOS makes it (rollback journal, synchronous
FULL); `wal` switches the file to a write-ahead log before the work, as a user could.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.peers import BODY, IN_FLIGHT
from dbos import DBOS, DBOSConfig

WHERE = "all in one Python process, every step an async function; nothing crosses HTTP"


@DBOS.step()
async def create_item(item: dict[str, Any]) -> dict[str, Any]:
    return BODY


@DBOS.workflow()
async def sequential(steps: int) -> int:
    for n in range(steps):
        await create_item({"n": n, "name": "order"})
    return steps


@DBOS.workflow()
async def loop(items: int) -> int:
    """DBOS numbers steps in the order of their start, so 50 items go side by side, a step of all of them at a time."""
    for first in range(0, items, IN_FLIGHT):
        window = range(first, min(first + IN_FLIGHT, items))
        for _ in ("First", "Second", "Third"):
            await asyncio.gather(*[create_item({"n": n}) for n in window])
    return items


async def measure(work: str, count: int) -> dict[str, Any]:
    await sequential(1)
    began = time.perf_counter()
    if work == "loop":
        steps = count * 3
        await loop(count)
    else:
        steps = count * 10
        waiting = iter(range(count))

        async def worker() -> None:
            for _ in waiting:
                assert await sequential(10) == 10

        await asyncio.gather(*[worker() for _ in range(IN_FLIGHT)])
    took = time.perf_counter() - began
    return {"steps_per_s": steps / took, "steps": steps, "version": f"dbos {version('dbos')}", "where": WHERE}


def main() -> None:
    work, count, variant = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dbos.sqlite"
        if variant == "wal":
            with sqlite3.connect(path) as database:
                database.execute("PRAGMA journal_mode = WAL")
            database.close()
        config: DBOSConfig = {
            "name": "bench",
            "system_database_url": f"sqlite:///{path}",
            "log_level": "ERROR",
            "run_admin_server": False,
        }
        DBOS(config=config)
        DBOS.launch()
        figures = asyncio.run(measure(work, count))
        with sqlite3.connect(path) as database:
            (mode,) = database.execute("PRAGMA journal_mode").fetchone()
            (rows,) = database.execute("SELECT COUNT(*) FROM operation_outputs").fetchone()
        database.close()
        DBOS.destroy()
        assert rows >= figures["steps"], (rows, figures)
        figures["where"] += f"; SQLite journal mode {mode}, synchronous FULL"
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
