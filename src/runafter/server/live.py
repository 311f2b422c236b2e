"""Live news of runs for those who watch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

from msgspec import Struct

from runafter.journal.codec import encode

_MOST_QUEUED = 2000


class News(Struct, frozen=True, kw_only=True):
    """One piece of news: `kind` is run, action, response, approval, flow or lagged. `data` is plain JSON."""

    kind: str
    flow: str | None = None
    run: str | None = None
    data: Any = None


class _Watcher:
    __slots__ = ("flow", "pending", "run", "woken")

    def __init__(self, flow: str | None, run: str | None) -> None:
        self.flow = flow
        self.run = run
        self.pending: list[News] = []
        self.woken: asyncio.Future[None] | None = None

    def put(self, news: News) -> None:
        if (self.flow is not None and news.flow != self.flow) or (self.run is not None and news.run != self.run):
            return
        if len(self.pending) >= _MOST_QUEUED:
            self.pending.clear()
            news = News(kind="lagged")
        self.pending.append(news)
        self.wake()

    def wake(self) -> None:
        if self.woken is not None and not self.woken.done():
            self.woken.set_result(None)


class Broadcast:
    """Hands news to watchers. A watcher that is too slow is told that it missed some, and reads again."""

    def __init__(self) -> None:
        self._watchers: set[_Watcher] = set()
        self._is_closed = False

    @property
    def is_watched(self) -> bool:
        return bool(self._watchers)

    def publish(self, news: News) -> None:
        for watcher in self._watchers:
            watcher.put(news)

    async def watch(
        self, *, flow: str | None = None, run: str | None = None, quiet_s: float | None = None
    ) -> AsyncGenerator[list[News], None]:
        """Yield the news that came since the last time, until the server stops.

        With `quiet_s`, an empty list says that nothing came for so many seconds.
        """
        loop = asyncio.get_running_loop()
        watcher = _Watcher(flow, run)
        self._watchers.add(watcher)
        try:
            while not self._is_closed:
                if not watcher.pending:
                    watcher.woken = loop.create_future()
                    timer = loop.call_later(quiet_s, watcher.wake) if quiet_s is not None else None
                    try:
                        await watcher.woken
                    finally:
                        watcher.woken = None
                        if timer is not None:
                            timer.cancel()
                news, watcher.pending = watcher.pending, []
                if not news and self._is_closed:
                    return
                yield news
        finally:
            self._watchers.discard(watcher)

    def close(self) -> None:
        """End every watch: a server with open streams would not stop."""
        self._is_closed = True
        for watcher in self._watchers:
            watcher.wake()


async def event_stream(watch: AsyncGenerator[list[News], None]) -> AsyncIterator[bytes]:
    """Write news as server-sent events: one piece for all that came meanwhile, and a comment where nothing came."""
    yield b"retry: 1000\n\n"
    async with aclosing(watch):
        async for several in watch:
            events = (b"event: %b\ndata: %b\n\n" % (news.kind.encode(), encode(news)) for news in several)
            yield b"".join(events) or b": still here\n\n"
