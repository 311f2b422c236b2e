"""Restate: a server process of its own; the handlers in a Python service that it calls over HTTP/2.

Each step is `ctx.run_typed`, the cheapest durable step that Restate has: it runs
inside the handler, its result crosses HTTP/2 to the server, which journals it and
acknowledges. The server keeps its settings as they come (RocksDB's log is synced).
The loop begins the next step of an item when its last one is done, as Runafter does;
taking a step of 50 items at a time and waiting for all of them was no faster.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import aiohttp
import restate
from bench.peers import BODY, IN_FLIGHT, INSTALLED
from hypercorn.asyncio import serve
from hypercorn.config import Config

SERVER = next((INSTALLED / "node_modules" / "@restatedev").glob("restate-server-*/bin/restate-server"))
WHERE = "handler and steps in one Python process; every run, step result and acknowledgement crosses HTTP to the server"
ACTIONS = ("First", "Second", "Third")
orders = restate.Service("Orders")


async def create_item(item: dict[str, Any]) -> dict[str, Any]:
    return BODY


@orders.handler()
async def sequential(ctx: restate.Context, steps: int) -> int:
    for n in range(steps):
        await ctx.run_typed(f"Action_{n}", create_item, item={"n": n, "name": "order"})
    return steps


@orders.handler()
async def loop(ctx: restate.Context, items: int) -> int:
    waiting = iter(range(items))
    under_way = {}

    def begin(n: int, step: int) -> None:
        under_way[ctx.run_typed(ACTIONS[step], create_item, item={"n": n})] = (n, step)

    for n in itertools.islice(waiting, IN_FLIGHT):
        begin(n, 0)
    while under_way:
        done, _ = await restate.wait_completed(*under_way)
        for future in done:
            n, step = under_way.pop(future)
            if step + 1 < len(ACTIONS):
                begin(n, step + 1)
            elif (following := next(waiting, None)) is not None:
                begin(following, 0)
    return items


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def until_ready(session: aiohttp.ClientSession, url: str) -> None:
    for _ in range(300):
        try:
            async with session.get(url) as answer:
                if answer.status == 200:
                    return
        except aiohttp.ClientError:
            pass
        await asyncio.sleep(0.1)
    raise RuntimeError(f"{url} did not answer within 30 seconds")


async def measure(work: str, count: int, ingress: int, admin: int) -> dict[str, Any]:
    config = Config()
    service = free_port()
    config.bind = [f"127.0.0.1:{service}"]
    config.accesslog = None
    ended = asyncio.Event()
    serving = asyncio.create_task(serve(restate.app([orders], "bidi"), config, shutdown_trigger=ended.wait))
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as session:
        await until_ready(session, f"http://127.0.0.1:{admin}/health")
        await until_ready(session, f"http://127.0.0.1:{ingress}/restate/health")
        body = {"uri": f"http://127.0.0.1:{service}", "use_http_11": False}
        async with session.post(f"http://127.0.0.1:{admin}/deployments", json=body) as answer:
            assert answer.status in (200, 201), await answer.text()

        async def call(handler: str, value: int) -> None:
            url = f"http://127.0.0.1:{ingress}/Orders/{handler}"
            async with session.post(url, json=value) as answer:
                assert (answer.status, await answer.text()) == (200, str(value))

        await call("sequential", 10)  # connections and caches are warm when the clock starts
        began = time.perf_counter()
        if work == "loop":
            steps = count * 3
            await call("loop", count)
        else:
            steps = count * 10
            waiting = iter(range(count))

            async def worker() -> None:
                for _ in waiting:
                    await call("sequential", 10)

            await asyncio.gather(*[worker() for _ in range(IN_FLIGHT)])
        took = time.perf_counter() - began
    ended.set()
    await serving
    server = subprocess.run([str(SERVER), "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return {
        "steps_per_s": steps / took,
        "steps": steps,
        "version": f"{server}, restate-sdk {version('restate-sdk')}",
        "where": WHERE,
    }


def main() -> None:
    work, count = sys.argv[1], int(sys.argv[2])
    ports = [free_port() for _ in range(3)]
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "RESTATE_BASE_DIR": folder,
            "RESTATE_LISTEN_MODE": "tcp",
            "RESTATE_INGRESS__BIND_ADDRESS": f"127.0.0.1:{ports[0]}",
            "RESTATE_ADMIN__BIND_ADDRESS": f"127.0.0.1:{ports[1]}",
            "RESTATE_BIND_ADDRESS": f"127.0.0.1:{ports[2]}",
            "RESTATE_DISABLE_TELEMETRY": "true",
            "RESTATE_LOG_FILTER": "error",
        }
        with (Path(folder) / "server.log").open("wb") as log:
            server = subprocess.Popen([str(SERVER), "--no-logo"], env=environment, stdout=log, stderr=log)
            try:
                figures = asyncio.run(measure(work, count, ports[0], ports[1]))
            finally:
                server.terminate()
                server.wait(timeout=90)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
