"""Calls a second through a live connector beside plain aiohttp: same endpoint, same run, 50 at once on loopback.

The two take turns, so that a busy machine slows both; each figure is the median of its turns.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable

import aiohttp
from aiohttp import web

from runafter.connectors.live import LiveConnection, LiveConnectors
from runafter.protocol.commands import CallOperation, Target
from runafter.tenant.clock import LoopClock

TITLE = "50 concurrent calls of a live connector on loopback, beside plain aiohttp: share of its calls a second"
BARS = {"share_of_plain": ("at least", 0.5)}
AT_ONCE, WARM_UP, TURNS = 50, 500, 5


def measure(quick: bool) -> dict[str, float]:
    return asyncio.run(_measure(300 if quick else 2000))


async def _rate(one: Callable[[int], Awaitable[object]], calls: int) -> float:
    places = asyncio.Semaphore(AT_ONCE)

    async def run(number: int) -> None:
        async with places:
            await one(number)

    started = time.perf_counter()
    await asyncio.gather(*(run(number) for number in range(calls)))
    return calls / (time.perf_counter() - started)


async def _measure(calls: int) -> dict[str, float]:
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
        outcome = await live.perform(
            CallOperation(id=f"r/a/{number}", run_id="r", action="a", target=target, inputs=inputs)
        )
        assert outcome.status_code == 200, outcome
        return outcome

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session:

        async def plain(_: int) -> object:
            async with session.get(f"{url}/api/data/v9.1/accounts?$top=1") as answer:
                return await answer.json()

        plain_rates, connector_rates = list[float](), list[float]()
        await _rate(plain, WARM_UP)
        await _rate(through_connector, WARM_UP)
        for _ in range(TURNS):
            plain_rates.append(await _rate(plain, calls))
            connector_rates.append(await _rate(through_connector, calls))
    await live.close()
    await runner.cleanup()
    connector, alone = statistics.median(connector_rates), statistics.median(plain_rates)
    return {"share_of_plain": connector / alone, "connector_per_s": connector, "plain_per_s": alone}
