"""The limit beside which durable figures are read: asyncio, sqlite3, group commit, one row per step, nothing else.

It shares no code with Runafter. 50 lines that a good programmer would write
for exactly one purpose: make a step durable before the next one begins.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
import time
from pathlib import Path


class Writer:
    """One thread, one connection, one transaction per group."""

    def __init__(self, path: Path, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.queue: queue.SimpleQueue = queue.SimpleQueue()
        self.db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")
        self.db.execute("CREATE TABLE step (run TEXT, n INTEGER, body BLOB)")
        self.thread = threading.Thread(target=self.work)
        self.thread.start()

    def work(self) -> None:
        while (first := self.queue.get()) is not None:
            group = [first]
            while not self.queue.empty():
                group.append(self.queue.get())
            self.db.execute("BEGIN")
            self.db.executemany("INSERT INTO step VALUES (?, ?, ?)", [row for row, _ in group])
            self.db.execute("COMMIT")
            self.loop.call_soon_threadsafe(self.done, [future for _, future in group])

    def done(self, futures: list[asyncio.Future]) -> None:
        for future in futures:
            future.set_result(None)

    async def step(self, *row: object) -> None:
        future = self.loop.create_future()
        self.queue.put((row, future))
        await future


async def limit_steps_per_s(folder: Path, *, chains: int, steps: int, in_flight: int, payload: bytes) -> float:
    """Return durable rows per second for `chains` chains of `steps` rows each, `in_flight` chains at a time."""
    writer = Writer(folder / "limit.db", asyncio.get_running_loop())
    waiting = iter(range(chains))

    async def worker() -> None:
        for chain in waiting:
            for n in range(steps):
                await writer.step(f"run-{chain}", n, payload)

    began = time.perf_counter()
    await asyncio.gather(*[worker() for _ in range(in_flight)])
    took = time.perf_counter() - began
    writer.queue.put(None)
    writer.thread.join()
    writer.db.close()
    return chains * steps / took
