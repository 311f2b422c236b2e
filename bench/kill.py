"""Kill a host at random moments and see that nothing is lost, and nothing recorded is sent again.

python -m bench.kill --moments 60
"""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from runafter.journal.journal import Journal
from runafter.protocol.events import CallFinished
from runafter.storage.api import Storage
from runafter.storage.open import open_storage

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Server:
    """Counts requests by call, and the keys seen per (run, action, repetition)."""

    url: str = ""
    delay_s: float = 0.03
    calls: Counter[str] = field(default_factory=Counter)
    keys: dict[str, set[str]] = field(default_factory=dict)
    flaked: set[str] = field(default_factory=set)

    async def answer(self, request: web.Request) -> web.Response:
        try:
            body = await request.json()
        except ConnectionResetError:  # killed before it had said all: such a request was never sent
            return web.Response(status=400)
        call = bytes.fromhex(request.headers["x-call"]).decode()
        key = request.headers["x-key"]
        self.calls[call] += 1
        self.keys.setdefault(call.rpartition("/")[0], set()).add(key)
        await asyncio.sleep(self.delay_s)
        if request.path == "/flaky" and key not in self.flaked:
            self.flaked.add(key)
            return web.json_response({"wait": True}, status=503)
        return web.json_response({"path": request.path, **(body or {})})


@asynccontextmanager
async def counting_server() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


async def begin_victim(
    url: str, server: Server, runs: list[str], *, lease_s: float = 10.0
) -> asyncio.subprocess.Process:
    """Start a host in a process of its own."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.victim",
        url,
        server.url,
        "--lease",
        str(lease_s),
        "--runs",
        *runs,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def finished_calls(storage: Storage) -> set[str]:
    """Return the ids of all calls whose answer is in the journal."""
    journal = Journal(storage)
    found = set()
    for run in await journal.runs(limit=1000):
        found |= {event.id for event in await journal.read(run.id) if isinstance(event, CallFinished)}
    return found


async def outcome_of_run(storage: Storage, run_id: str) -> list[Any]:
    """Return what must be equal however often the host died: status and outputs of every repetition."""
    journal = Journal(storage)
    header = await journal.run(run_id)
    assert header is not None
    rows = await journal.history.actions(run_id, values=True, limit=100_000)
    return [header.status, [(row.action, row.repetition, row.status, row.code, row.outputs) for row in rows]]


async def kill_at_random_moments(url: str, moments: int, *, seed: int, runs_at_once: int = 3) -> dict[str, Any]:
    """Kill a host `moments` times; assert that every run ends as the uninterrupted one and nothing recorded is sent again."""
    rng = random.Random(seed)
    async with counting_server() as server:
        with tempfile.TemporaryDirectory() as folder:
            calm = f"{folder}/calm.db"
            victim = await begin_victim(calm, server, ["calm"])
            output, errors = await victim.communicate()
            assert b"Succeeded" in output, errors.decode()
            storage = await open_storage(calm)
            (calm_run,) = await Journal(storage).runs()
            expected = await outcome_of_run(storage, calm_run.id)
            await storage.close()
        storage = await open_storage(url)
        kills = rounds = 0
        seen: list[dict[str, int]] = []
        while kills < moments:
            rounds += 1
            names = [f"round {rounds} run {n}" for n in range(runs_at_once)]
            while True:
                victim = await begin_victim(url, server, names)
                try:
                    limit = rng.uniform(0.3, 2.0) if kills < moments else 120
                    output, errors = await asyncio.wait_for(victim.communicate(), limit)
                    assert output.count(b"Succeeded") == runs_at_once, errors.decode()
                    break
                except TimeoutError:
                    victim.send_signal(signal.SIGKILL)
                    await victim.communicate()
                    assert kills < moments, "the last host did not end"
                    kills += 1
                seen.append({call: server.calls[call] for call in await finished_calls(storage)})
        for before in seen:
            for call, count in before.items():
                assert 0 < count == server.calls[call], f"{call} was recorded and sent again"
        for run in await Journal(storage).runs(limit=1000):
            assert await outcome_of_run(storage, run.id) == expected, run.id
        for place, keys in server.keys.items():
            assert len(keys) == 1, f"{place} was sent with {len(keys)} idempotency keys"
        repeated = sum(1 for count in server.calls.values() if count > 1)
        runs = len(await Journal(storage).runs(limit=1000))
        await storage.close()
    return {"kills": kills, "runs": runs, "calls": len(server.calls), "calls sent more than once": repeated}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--moments", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(
            asyncio.run(kill_at_random_moments(given.database or f"{folder}/kill.db", given.moments, seed=given.seed))
        )
