"""Live news of runs for those who watch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from msgspec import Struct

_MOST_QUEUED = 2000


class News(Struct, frozen=True, kw_only=True):
    """One piece of news: `kind` is run, action, response, approval, flow or lagged. `data` is plain JSON."""

    kind: str
    flow: str | None = None
    run: str | None = None
    data: Any = None


class Broadcast:
    """Hands news to watchers. A watcher that is too slow is told that it missed some, and reads again."""

    def __init__(self) -> None:
        self._watchers: dict[asyncio.Queue[News | None], tuple[str | None, str | None]] = {}
        self._is_closed = False

    @property
    def is_watched(self) -> bool:
        return bool(self._watchers)

    def publish(self, news: News) -> None:
        for queue, (flow, run) in self._watchers.items():
            if (flow is not None and news.flow != flow) or (run is not None and news.run != run):
                continue
            if queue.qsize() >= _MOST_QUEUED:
                while not queue.empty():
                    queue.get_nowait()
                news = News(kind="lagged")
            queue.put_nowait(news)

    async def watch(self, *, flow: str | None = None, run: str | None = None) -> AsyncIterator[News]:
        """Yield news from now on, until the server stops."""
        queue: asyncio.Queue[News | None] = asyncio.Queue()
        self._watchers[queue] = (flow, run)
        try:
            while not self._is_closed:
                news = await queue.get()
                if news is None:
                    return
                yield news
        finally:
            self._watchers.pop(queue, None)

    def close(self) -> None:
        """End every watch: a server with open streams would not stop."""
        self._is_closed = True
        for queue in self._watchers:
            queue.put_nowait(None)
