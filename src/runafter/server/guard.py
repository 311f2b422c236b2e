"""What every request passes first: known Host, own Origin, limits, and a token where one is needed.

Signed addresses (triggers, callbacks, content links) carry their permission and
need no token. Everything else needs a bearer token, or the page's cookie from
the same origin. Refusals are logged with method and path only: queries and
headers hold secrets.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

import msgspec

from runafter.catalog.catalog import Catalog, token_digest
from runafter.catalog.rows import TokenRow
from runafter.hosts.clock import Clock
from runafter.server.direct import BODY, HEADERS
from runafter.server.settings import ServerSettings
from runafter.server.signatures import shown_path

_log = logging.getLogger("runafter.server")
Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
COOKIE = "runafter_token"
_OPEN = ("/healthz", "/readyz")
_SAFE = {"GET", "HEAD", "OPTIONS"}


class Doors:
    """Tokens that let in: those of the catalog, read again at most every few seconds."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock
        self._known: dict[str, TokenRow] = {}
        self._extra: set[str] = set()
        self._read_at = 0

    def admit(self, token: str) -> None:
        """Let a token in for the life of this process."""
        self._extra.add(token_digest(token))

    async def lets_in(self, token: str) -> bool:
        digest = token_digest(token)
        if digest in self._extra:
            return True
        now = self._clock()
        if now - self._read_at > 20_000_000 or digest not in self._known:
            self._known = {row.digest: row for row in await self._catalog.tokens()}
            self._read_at = now
        row = self._known.get(digest)
        return row is not None and (row.until is None or row.until > now)


class Guard:
    """The outermost layer of the server."""

    def __init__(self, app: App, settings: ServerSettings, doors: Doors) -> None:
        self._app = app
        self._settings = settings
        self._doors = doors
        public = urlsplit(settings.public_url)
        self._hosts = {"localhost", "127.0.0.1", "[::1]", public.hostname or "", *settings.hosts}
        self._origins = {f"{public.scheme}://{public.netloc}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        path: str = scope["path"]
        refusal = await self._refusal(scope, headers, path)
        if refusal is not None:
            await _refuse(scope, send, *refusal, is_unread=_has_body(headers))
            return
        most = self._settings.most_body_bytes if _is_signed(path) else self._settings.most_api_body_bytes
        length = headers.get("content-length", "")
        if length and (not length.isdecimal() or int(length) > most):
            await _refuse(scope, send, 413, "PayloadTooLarge", f"The body is larger than {most} bytes.", is_unread=True)
            return
        try:
            async with asyncio.timeout(self._settings.body_s):
                body = await _body(receive, most)
        except TimeoutError:
            await _refuse(scope, send, 408, "RequestTimeout", "The body did not arrive in time.", is_unread=True)
            return
        except _TooLarge:
            await _refuse(scope, send, 413, "PayloadTooLarge", f"The body is larger than {most} bytes.", is_unread=True)
            return
        if _may_be_json(headers, path) and depth_of(body) > self._settings.most_json_depth:
            message = f"The body is nested deeper than {self._settings.most_json_depth} levels."
            await _refuse(scope, send, 400, "JsonTooDeep", message)
            return
        scope[HEADERS] = headers
        scope[BODY] = body
        is_given = False

        async def given() -> Message:
            nonlocal is_given
            if is_given:
                return await receive()
            is_given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, given, send)

    async def _refusal(
        self, scope: Scope, headers: dict[str, str], path: str
    ) -> tuple[int, str, str, str | None] | None:
        if sum([len(name) + len(value) for name, value in scope["headers"]]) > self._settings.most_header_bytes:
            return 431, "HeadersTooLarge", "The headers are too large.", None
        host = headers.get("host", "")
        name = host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host
        if name.lower() not in self._hosts:
            return 421, "UnknownHost", "This server does not answer to that host name.", "Add it with --host-name."
        origin = headers.get("origin")
        is_own = origin is None or origin in self._origins or origin == f"{scope.get('scheme', 'http')}://{host}"
        if not is_own and not _is_signed(path):
            return 403, "ForeignOrigin", "Requests from other sites are refused.", None
        if path in _OPEN or _is_signed(path) or not _needs_token(path):
            return None
        token, by_cookie = _token(headers)
        if token is None or not await self._doors.lets_in(token):
            hint = "Send 'Authorization: Bearer <token>'; the server printed one when it started."
            return 401, "Unauthorized", "A valid token is needed.", hint
        if by_cookie and scope["method"] not in _SAFE and origin is None:
            if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
                return 403, "ForeignOrigin", "Requests from other sites are refused.", None
        return None


class _TooLarge(Exception):
    pass


async def _body(receive: Receive, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"".join(parts)
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > most:
            raise _TooLarge
        parts.append(part)
        if not message.get("more_body"):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def _needs_token(path: str) -> bool:
    return path.startswith(("/api", "/subscriptions", "/runtime", "/openapi.json", "/docs", "/metrics"))


def _is_signed(path: str) -> bool:
    return path.startswith("/workflows/")


def _has_body(headers: dict[str, str]) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


def _may_be_json(headers: dict[str, str], path: str) -> bool:
    kind = headers.get("content-type", "").lower()
    return not kind or "json" in kind or not _is_signed(path)


def _token(headers: dict[str, str]) -> tuple[str | None, bool]:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and given:
        return given.strip(), False
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None, True
    return (cookie.value if cookie is not None else None), True


def depth_of(text: bytes) -> int:
    """Return how deep brackets are nested outside of strings, without parsing."""
    deepest = depth = 0
    is_text = False
    if text.count(b"[") + text.count(b"{") < 50:
        return text.count(b"[") + text.count(b"{")
    position = 0
    while position < len(text):
        byte = text[position]
        if is_text:
            if byte == 0x5C:
                position += 1
            elif byte == 0x22:
                is_text = False
        elif byte == 0x22:
            is_text = True
        elif byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
        position += 1
    return deepest


async def _refuse(
    scope: Scope, send: Send, status: int, code: str, message: str, hint: str | None = None, *, is_unread: bool = False
) -> None:
    """Answer with an error and log it; a body that was not read ends the connection."""
    _log.warning("refused %s %s: %s", scope["method"], shown_path(scope["path"]), code)
    body = msgspec.json.encode({"error": {"code": code, "message": message, "hint": hint}})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if is_unread:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
