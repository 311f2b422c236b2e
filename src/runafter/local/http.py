"""HTTP actions, sent for real: within limits, and to private addresses only where a setting allows it."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp

from runafter.connectors.authentication import authentication_fault
from runafter.connectors.http import body_value, encoded_body, failure_of, header_texts, shown_headers
from runafter.connectors.instants import retry_after_s
from runafter.hosts.clock import machine_clock
from runafter.protocol.commands import CallOperation
from runafter.protocol.events import Outcome

_BREAKS = {"\r", "\n", "\0"}
_REDIRECTS = {301, 302, 303, 307, 308}


class RealHttp:
    """Performs Http and HttpWebhook calls with aiohttp.

    Settings, each an argument or an environment variable: `most_bytes`
    (RUNAFTER_HTTP_MAX_BYTES, 100 MB), `most_redirects` (RUNAFTER_HTTP_REDIRECTS,
    20), `private` (RUNAFTER_HTTP_PRIVATE, `allow` or `refuse`; loopback counts).
    The call's idempotency key is sent in the header that its options or
    `key_header` (RUNAFTER_HTTP_KEY_HEADER) name.
    """

    def __init__(
        self,
        *,
        most_bytes: int | None = None,
        most_redirects: int | None = None,
        private: bool | None = None,
        timeout_s: float = 120.0,
        key_header: str | None = None,
    ) -> None:
        env = os.environ
        self.most_bytes = most_bytes or int(env.get("RUNAFTER_HTTP_MAX_BYTES", 100 * 1024 * 1024))
        self.most_redirects = int(env.get("RUNAFTER_HTTP_REDIRECTS", 20)) if most_redirects is None else most_redirects
        self.private = env.get("RUNAFTER_HTTP_PRIVATE", "allow") != "refuse" if private is None else private
        self.timeout_s = timeout_s
        self.key_header = key_header or env.get("RUNAFTER_HTTP_KEY_HEADER")
        self._session: aiohttp.ClientSession | None = None

    async def perform(self, call: CallOperation) -> Outcome:
        """Send the call's request and return its answer."""
        inputs = call.inputs if isinstance(call.inputs, Mapping) else {}
        url = inputs.get("uri")
        if not isinstance(url, str) or urlsplit(url).scheme not in {"http", "https"}:
            return Outcome(code="InvalidUri", message=f"The URI {url!r} is no http or https address.", retriable=False)
        headers = header_texts(inputs.get("headers") or {})
        key_header = call.options.get("key_header") or self.key_header
        if key_header:
            headers.setdefault(key_header, call.idempotency_key)
        refused = _authenticate(inputs.get("authentication"), headers)
        if refused is not None:
            return refused
        body = inputs.get("body")
        data = encoded_body(body, headers) if body is not None else None
        query = inputs.get("queries")
        method = str(inputs.get("method") or "GET").upper()
        if not method.isascii() or not method.replace("-", "").isalpha():
            return Outcome(code="InvalidMethod", message=f"{method!r} is no HTTP method.", retriable=False)
        faulty = next((name for name, text in headers.items() if _BREAKS & {*name, *text}), None)
        if faulty is not None:
            message = f"The header {faulty!r} holds a line break."
            return Outcome(code="InvalidHeader", message=message, retriable=False)
        try:
            return await self._send(method, url, headers, query, data)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return failure_of(error, url)

    async def _send(self, method: str, url: str, headers: dict[str, str], query: Any, data: bytes | None) -> Outcome:
        session = self._open()
        params = header_texts(query) if isinstance(query, Mapping) else None
        if params:  # the action's queries stand in place of the address's own
            url = urlsplit(url)._replace(query="").geturl()
        for _ in range(self.most_redirects + 1):
            if not self.private and await _is_private(url):
                host = urlsplit(url).hostname
                message = f"{host!r} is a private address, and RUNAFTER_HTTP_PRIVATE refuses them."
                return Outcome(code="AddressRefused", message=message, retriable=False)
            async with session.request(
                method, url, headers=headers, params=params, data=data, allow_redirects=False
            ) as answer:
                location = answer.headers.get("Location")
                if answer.status in _REDIRECTS and location:
                    target = urljoin(url, location)
                    if urlsplit(target).netloc != urlsplit(url).netloc:
                        headers = {key: value for key, value in headers.items() if key.casefold() != "authorization"}
                    if answer.status == 303 or (answer.status in {301, 302} and method == "POST"):
                        method, data = "GET", None
                    url, params = target, None
                    continue
                return await self._outcome(answer)
        return Outcome(code="TooManyRedirects", message=f"More than {self.most_redirects} redirects.", retriable=False)

    async def _outcome(self, answer: aiohttp.ClientResponse) -> Outcome:
        raw = bytearray()
        async for chunk in answer.content.iter_chunked(65_536):
            raw += chunk
            if len(raw) > self.most_bytes:
                message = f"The answer is larger than {self.most_bytes:,} bytes (RUNAFTER_HTTP_MAX_BYTES)."
                return Outcome(code="ResponseSizeLimitExceeded", message=message, retriable=False)
        value, has_body = body_value(bytes(raw), answer.headers.get("Content-Type", ""))
        after = answer.headers.get("Retry-After")
        return Outcome(
            status_code=answer.status,
            headers=shown_headers(answer.headers),
            body=value,
            has_body=has_body,
            retry_after_s=retry_after_s(after, machine_clock()) if after else None,
        )

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=100),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=self.timeout_s),
            )
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None


def _authenticate(value: Any, headers: dict[str, str]) -> Outcome | None:
    if not isinstance(value, Mapping) or not value:
        return None
    wrong = authentication_fault(value)
    if wrong is not None:
        return wrong
    kind = str(value.get("type", "")).casefold()
    if kind == "basic":
        headers["Authorization"] = aiohttp.BasicAuth(
            str(value.get("username", "")), str(value.get("password", ""))
        ).encode()
        return None
    if kind == "raw":
        headers["Authorization"] = str(value.get("value", ""))
        return None
    message = (
        f"Authentication of type {value.get('type')!r} needs an identity in Microsoft's cloud: give the action a mock, "
        "or use Basic or Raw."
    )
    return Outcome(code="AuthenticationNotSupported", message=message, retriable=False)


async def _is_private(url: str) -> bool:
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        addresses = [ipaddress.ip_address(host)]
    except ValueError:
        found = await asyncio.get_running_loop().getaddrinfo(host, parts.port or 80, type=socket.SOCK_STREAM)
        addresses = [ipaddress.ip_address(entry[4][0]) for entry in found]
    return any(not address.is_global for address in addresses)
