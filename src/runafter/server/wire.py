"""Connections under limits: a request's head must arrive in time and stay small, whichever parser reads it.

uvicorn waits for the end of the headers for as long as the client likes, and its
faster parser keeps as many as are sent. So a few thousand sockets that send a
byte now and then would take all there is.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

from runafter.server.settings import ServerSettings

_log = logging.getLogger("runafter.server")
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/json\r\nconnection: close\r\n"
    b"content-length: 75\r\n\r\n"
    b'{"error":{"code":"HeadersTooLarge","message":"The headers are too large."}}'
)


def wire(settings: ServerSettings, protocol: Any = AutoHTTPProtocol) -> type[asyncio.Protocol]:
    """Return uvicorn's protocol with the limits of `settings` on the head of every request."""

    class Wire(protocol):  # type: ignore[misc]  # which one depends on what is installed
        cycle: Any
        loop: asyncio.AbstractEventLoop

        def __init__(self, *given: Any, **more: Any) -> None:
            super().__init__(*given, **more)
            self._head_bytes = 0
            self._head_timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._peer = transport
            self._head_timer = self.loop.call_later(settings.head_s, self._late)

        def connection_lost(self, exc: Exception | None) -> None:
            self._settle()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            before = self.cycle
            # A body that was refused unread ends the connection with its answer; what still comes of it is no head.
            is_head = before is None or (before.response_complete and not before.more_body)
            if is_head:
                self._head_bytes += len(data)
                # The guard judges heads that are whole; this one has not ended within twice of what it permits.
                if self._head_bytes > settings.most_header_bytes * 2 and b"\r\n\r\n" not in data:
                    _log.warning("refused a connection: HeadersTooLarge")
                    self._peer.write(_TOO_LARGE)
                    self._close()
                    return
            super().data_received(data)
            if self.cycle is not before:
                self._settle()
            elif is_head and self._head_timer is None:
                self._head_timer = self.loop.call_later(settings.head_s, self._late)

        def _settle(self) -> None:
            self._head_bytes = 0
            if self._head_timer is not None:
                self._head_timer.cancel()
                self._head_timer = None

        def _late(self) -> None:
            if self._head_bytes:
                _log.warning("refused a connection: RequestTimeout")
            self._close()

        def _close(self) -> None:
            self._settle()
            self._peer.close()

    return Wire
