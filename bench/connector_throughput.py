"""Calls a second through a live connector beside plain aiohttp, same endpoint, 50 at once, same run.

python bench/connector_throughput.py
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable

import aiohttp
from aiohttp import web

from runafter.connectors.live import LiveConnection, LiveConnectors
from runafter.protocol.commands import CallOperation, Target
from runafter.tenant.clock import LoopClock

CALLS, AT_ONCE = 5000, 50


async def _rate(one: Callable[[int], Awaitable[object]]) -> float:
    places = asyncio.Semaphore(AT_ONCE)

    async def run(number: int) -> None:
        async with places:
            await one(number)

    await asyncio.gather(*(run(number) for number in range(500)))
    started = time.perf_counter()
    await asyncio.gather(*(run(number) for number in range(CALLS)))
    return CALLS / (time.perf_counter() - started)


async def main() -> None:
    async def handle(request: web.Request) -> web.Response:
        return web.json_response({"value": [{"accountid": "1", "name": "Contoso"}]})

    application = web.Application()
    application.router.add_get("/{tail:.*}", handle)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    live = LiveConnectors(LoopClock(), {"c": LiveConnection(base_url=url, limited=False)})
    target = Target(type="OpenApiConnection", api="dataverse", operation="ListRecords", connection="c")
    inputs = {"parameters": {"entityName": "accounts", "$top": 1}}

    async def through_connector(number: int) -> object:
        return await live.perform(
            CallOperation(id=f"r/a/{number}", run_id="r", action="a", target=target, inputs=inputs)
        )

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session:

        async def plain(_: int) -> object:
            async with session.get(f"{url}/api/data/v9.1/accounts?$top=1") as answer:
                return await answer.json()

        rates = {"plain": await _rate(plain), "connector": await _rate(through_connector)}
    await live.close()
    await runner.cleanup()
    print(
        json.dumps({**{k: round(v) for k, v in rates.items()}, "share": round(rates["connector"] / rates["plain"], 2)})
    )


if __name__ == "__main__":
    asyncio.run(main())
