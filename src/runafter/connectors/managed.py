"""Live calls over a managed connection: Consumption's method and path on the connection's runtime URL.

Works for every pack whose operations carry a route, against Azure's connection
runtime URL and against the loopback face of the emulated tenant alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from yarl import URL

from runafter.connectors.http import HttpClient
from runafter.connectors.limiter import ConnectionLimiter
from runafter.connectors.manifest import Operation
from runafter.connectors.notifications import notified
from runafter.connectors.spec import LiveCall
from runafter.connectors.tokens import Authenticator
from runafter.errors import NotSupported
from runafter.protocol.events import Outcome

_SEGMENT = re.compile(r"\{([^{}]+)\}")
IDEMPOTENCY_HEADER = "Idempotency-Key"


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


_VERSION = re.compile(r"_?v\d+$")


def _route_of(operation: Operation, called: str) -> tuple[str, str]:
    """Return the route of what the flow calls. Triggers that share an operation here ask the service different things."""
    if not operation.facts.is_trigger or not called:
        return operation.routes[0]
    name = _VERSION.sub("", called.rpartition("/")[2].casefold())
    for route in operation.routes:
        last = _VERSION.sub("", route[1].rpartition("/")[2].casefold())
        if name in {last, f"get{last}"}:
            return route
    if name == _VERSION.sub("", operation.id.casefold()):
        return operation.routes[0]
    raise NotSupported(
        f"the trigger {operation.facts.connector}/{called} is not carried out over a managed connection",
        hint="Use the emulated transport.",
    )


def request_of(
    operation: Operation, arguments: Mapping[str, Any], called: str = ""
) -> tuple[str, str, dict[str, str], dict[str, str]]:
    """Return method, encoded path, queries and headers of a call with these arguments.

    Raises:
        NotSupported: the operation has no route, so it cannot go over a managed connection.
    """
    if not operation.routes:
        raise NotSupported(
            f"{operation.facts.connector}/{operation.id} has no HTTP route", hint="Use the emulated transport."
        )
    method, template = _route_of(operation, called)
    used = set[str]()

    def fill(mark: re.Match[str]) -> str:
        greedy = mark[1].endswith("+")
        name = mark[1].rstrip("+")
        used.add(name)
        text = _written(arguments.get(name))
        if operation.double_encoded:
            text = quote(text, safe="")
        return quote(text, safe="/" if greedy else "")

    path = _SEGMENT.sub(fill, template)
    headers = {name: _written(arguments[name]) for name in operation.headers if arguments.get(name) is not None}
    used |= {*operation.headers, operation.body or "body"}
    queries = {
        name: _written(value)
        for name, value in arguments.items()
        if name not in used and value is not None and not isinstance(value, dict | list)
    }
    return method, path, queries, headers


class ManagedTransport:
    """Carries out calls of one connection; the limiter is shared by all runs of the process."""

    def __init__(self, client: HttpClient, auth: Authenticator, limiter: ConnectionLimiter) -> None:
        self._client = client
        self._auth = auth
        self._limiter = limiter

    async def __call__(self, call: LiveCall) -> Outcome:
        operation = call.resolved.operation
        async with self._limiter.slot(operation.id):
            outcome = await (self._send(operation, call) if call.follows is None else self._follow(call, *call.follows))
        if outcome.status_code in (429, 503) and outcome.retry_after_s is not None:
            self._limiter.hold(outcome.retry_after_s)
        return outcome

    async def _follow(self, call: LiveCall, method: str, location: str) -> Outcome:
        """Call where an earlier answer sent us. Another origin than the connection's gets no credential."""
        base = URL(call.base_url.rstrip("/") + "/")
        target = base.join(URL(location))
        headers, queries = dict[str, str](), dict[str, str]()
        if target.origin() == base.origin():
            await self._auth.apply(headers, queries)
        return await self._client.send(
            method, str(target), headers=headers, query=queries, timeout_s=call.timeout_s, encoded=True
        )

    async def _send(self, operation: Operation, call: LiveCall) -> Outcome:
        arguments = call.resolved.arguments
        if operation.webhook and call.callback_url is not None:
            arguments = notified(operation, arguments, call.callback_url)
        method, path, queries, headers = request_of(operation, arguments, call.called)
        body = arguments.get(operation.body or "body")
        if call.idempotency_key:
            headers[IDEMPOTENCY_HEADER] = call.idempotency_key
        for _ in range(2):
            sent, asked = dict(headers), dict(queries)
            await self._auth.apply(sent, asked)
            outcome = await self._client.send(
                method,
                call.base_url.rstrip("/") + path,
                headers=sent,
                query=asked,
                body=body,
                has_body=body is not None,
                timeout_s=call.timeout_s,
                encoded=True,
            )
            if outcome.status_code != 401 or not self._auth.refused(sent):
                return outcome
        return outcome
