"""What a served tenant tells those who subscribed: a POST to the address they gave."""

from __future__ import annotations

import asyncio
import logging
from typing import Any
from urllib.parse import urlsplit

import aiohttp

_log = logging.getLogger("runafter.tenant")
_WAITS_S = (1.0, 5.0)
_TIMEOUT = aiohttp.ClientTimeout(total=30)


class Deliveries:
    """Posts signals over HTTP, three times at most; a delivery that fails is told in the log without its address."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def deliver(self, address: str, outputs: Any) -> None:
        """Post a webhook's outputs to its address, later."""
        if urlsplit(address).scheme not in {"http", "https"}:
            return
        task = asyncio.get_running_loop().create_task(self._deliver(address, outputs))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, address: str, outputs: Any) -> None:
        host = urlsplit(address).netloc.rpartition("@")[2]
        body = outputs.get("body") if isinstance(outputs, dict) else outputs
        for wait_s in (*_WAITS_S, None):
            told: object
            try:
                if self._session is None:
                    self._session = aiohttp.ClientSession(timeout=_TIMEOUT)
                async with self._session.post(address, json=body, allow_redirects=False) as answered:
                    if answered.status < 500 and answered.status != 429:
                        if answered.status >= 400:
                            _log.warning("a notification to %s was refused with %s", host, answered.status)
                        return
                    told = answered.status
            except (aiohttp.ClientError, TimeoutError) as fault:
                told = type(fault).__name__
            if wait_s is None:
                _log.warning("a notification to %s was not taken: %s", host, told)
                return
            await asyncio.sleep(wait_s)

    async def close(self) -> None:
        """Give up what is not delivered."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None
