"""One HTTP call over aiohttp as an outcome: answers and failures of the network alike."""

from __future__ import annotations

import base64
import json
import re
import socket
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from multidict import CIMultiDictProxy
from yarl import URL

from runafter.connectors.answers import content, content_type_of, data_of
from runafter.connectors.instants import retry_after_s
from runafter.connectors.spec import Clock
from runafter.protocol.events import Outcome
from runafter.values.json import stringify

_HALF = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")
"""What may be half of a surrogate pair: its escape, or its bytes."""
_TEXT_TYPES = ("text/", "application/xml", "application/javascript", "application/x-www-form-urlencoded")


def is_json(content_type: str) -> bool:
    kind = content_type.split(";", 1)[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


def body_value(data: bytes, content_type: str) -> tuple[Any, bool]:
    """Return a body as the platform shows it (JSON value, text, or content envelope), and whether there is one."""
    if not data:
        return None, False
    if not content_type or is_json(content_type):
        try:
            value = json.loads(data)
            return (_whole(value) if _HALF.search(data) else value), True
        except (ValueError, RecursionError):  # the latter: nested deeper than anybody can read
            if not content_type:
                return data.decode("utf-8", "replace"), True
    kind = content_type.lower()
    if kind.startswith("text/"):
        return data.decode("utf-8", "replace"), True
    if kind.startswith(_TEXT_TYPES):
        return {"$content-type": content_type, "$content": base64.b64encode(data).decode("ascii")}, True
    return content(data, content_type or "application/octet-stream"), True


def _whole(value: Any) -> Any:
    """Return a JSON value with halves of surrogate pairs as U+FFFD, as the platform reads them."""
    match value:
        case str():
            return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        case list():
            return [_whole(each) for each in value]
        case dict():
            return {_whole(name): _whole(each) for name, each in value.items()}
        case _:
            return value


def encoded_body(value: Any, headers: dict[str, str]) -> bytes:
    """Return the bytes to send for a body value; sets the content type where none was given."""
    given = next((name for name in headers if name.lower() == "content-type"), None)
    if isinstance(value, dict) and "$content" in value:
        if given is None:
            headers["Content-Type"] = content_type_of(value)
        return data_of(value)
    if isinstance(value, str):
        if given is None:
            headers["Content-Type"] = "text/plain; charset=utf-8"
        return _utf8(value)
    if isinstance(value, bytes):
        return value
    if given is None:
        headers["Content-Type"] = "application/json; charset=utf-8"
    return _utf8(json.dumps(value, ensure_ascii=False))


def _utf8(text: str) -> bytes:
    """Return UTF-8. Half a surrogate pair, which WDL strings may hold, becomes U+FFFD, as where .NET encodes it."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        whole: str = _whole(text)
        return whole.encode()


def header_texts(headers: Mapping[str, Any]) -> dict[str, str]:
    """Return headers as text, in the platform's words: `True`, compact JSON. Those that are null are left out."""
    return {str(name): stringify(value) for name, value in headers.items() if value is not None}


def shown_headers(headers: CIMultiDictProxy[str]) -> dict[str, Any]:
    """Return headers by name, several of one name joined by commas."""
    out = dict[str, Any]()
    for name, value in headers.items():
        out[name] = f"{out[name]}, {value}" if name in out else value
    return out


def failure_of(error: BaseException, url: str) -> Outcome:
    """Return the outcome of a call that nobody answered, with the platform's code for it."""
    host = urlsplit(url).hostname or url
    if isinstance(error, TimeoutError):
        return Outcome(
            code="ActionTimedOut", message=f"The request to '{host}' was not answered in time.", retriable=True
        )
    if isinstance(error, aiohttp.ClientConnectorDNSError) or (
        isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, socket.gaierror)
    ):
        text = f"The provided host name '{host}' could not be resolved."
        return Outcome(code="UnresolvableHostName", message=text, retriable=True)
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return Outcome(code="TrustFailure", message=f"The certificate of '{host}' is not trusted: {error}")
    if isinstance(error, aiohttp.InvalidURL | ValueError):
        return Outcome(code="InvalidUri", message=f"The URI '{url}' is not valid.", retriable=False)
    return Outcome(code="ConnectionFailed", message=f"The connection to '{host}' failed: {error}", retriable=True)


class HttpClient:
    """A pooled client. Calls return outcomes; only misuse raises."""

    def __init__(self, clock: Clock, *, connections: int = 100) -> None:
        self._clock = clock
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            connector = aiohttp.TCPConnector(limit=self._connections)
            jar = aiohttp.DummyCookieJar()
            self._session = aiohttp.ClientSession(connector=connector, cookie_jar=jar, auto_decompress=True)
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def __aenter__(self) -> HttpClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        has_body: bool = False,
        timeout_s: float = 120.0,
        encoded: bool = False,
    ) -> Outcome:
        """Send one request. `encoded` leaves the URL's escapes as they are."""
        sent = header_texts(headers or {})
        data = encoded_body(body, sent) if has_body else None
        try:
            target = URL(url, encoded=encoded)
            if query:
                target = target.extend_query({k: str(v) for k, v in query.items() if v is not None})
            if target.scheme not in ("http", "https") or not target.host:
                raise ValueError(url)
            timeout = aiohttp.ClientTimeout(total=timeout_s)
            async with self._open().request(
                method.upper(), target, headers=sent, data=data, timeout=timeout, allow_redirects=False
            ) as answer:
                raw = await answer.read()
                return self._outcome(answer, raw)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return failure_of(error, url)

    def _outcome(self, answer: aiohttp.ClientResponse, raw: bytes) -> Outcome:
        shown = shown_headers(answer.headers)
        value, has_body = body_value(raw, answer.headers.get("Content-Type", ""))
        code = message = None
        if answer.status >= 400:
            code, message = service_error(value)
        after = answer.headers.get("Retry-After")
        wait = retry_after_s(after, self._clock.now_ticks()) if after else None
        return Outcome(
            status_code=answer.status,
            headers=shown,
            body=value,
            has_body=has_body,
            code=code,
            message=message,
            retry_after_s=wait,
        )


def service_error(body: Any) -> tuple[str | None, str | None]:
    """Return the service's own (code, message) from the usual shapes of error bodies."""
    if not isinstance(body, Mapping):
        return None, body if isinstance(body, str) else None
    inner = body.get("error", body.get("odata.error", body))
    if isinstance(inner, str):
        described = body.get("error_description") or body.get("message")
        return inner, described if isinstance(described, str) else None
    if not isinstance(inner, Mapping):
        return None, None
    code, message = inner.get("code"), inner.get("message")
    if isinstance(message, Mapping):
        message = message.get("value")
    return None if code is None else str(code), message if isinstance(message, str) else None
