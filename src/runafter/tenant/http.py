"""The tenant over HTTP on loopback, for live connectors and foreign clients.

`/connectors/{connector}/{connection}/...` is the managed form (Consumption's
method and path); `/{mount}/...` are the services' own REST interfaces
(`/sharepoint`, `/graph`, `/dataverse`, `/blob`, ...).
"""

from __future__ import annotations

import asyncio
import itertools
import json
import ssl
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from runafter.connectors.answers import data_of
from runafter.connectors.http import body_value
from runafter.connectors.notifications import address_in, digest_of
from runafter.connectors.resolve import UnknownConnector, UnknownOperation
from runafter.connectors.spec import Request
from runafter.errors import EnvironmentFault
from runafter.protocol.commands import Target
from runafter.protocol.events import Outcome
from runafter.tenant.deliveries import Deliveries
from runafter.tenant.tenant import Tenant

_SUBSCRIPTIONS = "$subscriptions"
_HOP = {"connection", "content-length", "transfer-encoding", "content-encoding"}


class PortTaken(EnvironmentFault):
    """The port cannot be had."""

    code = "TEN006"


def response_of(outcome: Outcome) -> web.Response:
    """Return an outcome as an HTTP response; one without a status (nobody answered) closes as 504."""
    if outcome.status_code is None:
        body = {"error": {"code": outcome.code, "message": outcome.message}}
        return web.json_response(body, status=504)
    headers = {name: str(value) for name, value in outcome.headers.items() if name.lower() not in _HOP}
    if not outcome.has_body:
        return web.Response(status=outcome.status_code, headers=headers)
    body = outcome.body
    if isinstance(body, dict) and "$content" in body:
        headers.setdefault("Content-Type", str(body.get("$content-type", "application/octet-stream")))
        return web.Response(status=outcome.status_code, headers=headers, body=data_of(body))
    if isinstance(body, bytes):
        return web.Response(status=outcome.status_code, headers=headers, body=body)
    if isinstance(body, str):
        headers.setdefault("Content-Type", "text/plain; charset=utf-8")
        if "json" in headers["Content-Type"]:
            return web.Response(status=outcome.status_code, headers=headers, body=json.dumps(body).encode())
        return web.Response(status=outcome.status_code, headers=headers, body=body.encode())
    headers["Content-Type"] = headers.get("Content-Type", "application/json; charset=utf-8")
    return web.Response(status=outcome.status_code, headers=headers, body=json.dumps(body, ensure_ascii=False).encode())


class TenantServer:
    """Serves a tenant; an async context manager. `port` 0 takes a free one, `tls` serves HTTPS."""

    def __init__(
        self, tenant: Tenant, *, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
    ) -> None:
        self.tenant = tenant
        self._host = host
        self._port = port
        self._tls = tls
        self._runner: web.AppRunner | None = None
        self._numbers = itertools.count(1)
        self._deliveries = Deliveries()
        self._mounts = {face.mount: (pack, face) for pack in tenant.registry.packs.values() for face in pack.faces()}

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        return f"{'http' if self._tls is None else 'https'}://{self._host}:{self._port}"

    @property
    def mounts(self) -> list[str]:
        """The first part of each service's own addresses."""
        return sorted(self._mounts)

    def connector_url(self, connector: str, connection: str = "default") -> str:
        """Return the base URL of a managed connection."""
        return f"{self.url}/connectors/{connector}/{connection}"

    async def start(self) -> None:
        application = web.Application(client_max_size=256 * 1024 * 1024)
        application.router.add_route("*", "/{tail:.*}", self._handle)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port, ssl_context=self._tls)
        try:
            await site.start()
        except OSError as error:
            raise PortTaken(f"cannot listen on {self._host}:{self._port}: {error}") from error
        self._port = self._runner.addresses[0][1]
        if self.tenant.on_signal is None:
            self.tenant.on_signal = self._deliveries.deliver

    async def stop(self) -> None:
        if self._runner is None:
            return
        server = self._runner.server
        transports = [connection.transport for connection in server.connections] if server is not None else []
        await self._runner.cleanup()
        self._runner = None
        if self.tenant.on_signal == self._deliveries.deliver:
            self.tenant.on_signal = None
        await self._deliveries.close()
        for transport in transports:  # over TLS a closed one waits for the other side's goodbye
            if isinstance(transport, asyncio.WriteTransport):
                transport.abort()
        await asyncio.sleep(0)

    async def __aenter__(self) -> TenantServer:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _handle(self, request: web.Request) -> web.Response:
        raw = request.raw_path.partition("?")[0]
        first, _, rest = raw.lstrip("/").partition("/")
        if first == "connectors":
            return await self._managed(request, rest)
        if first in self._mounts:
            return await self._face(request, first, "/" + rest)
        if first == "_tenant":
            from runafter.tenant.show import summary

            return web.json_response(summary(self.tenant))
        known = ", ".join(f"/{mount}" for mount in sorted(self._mounts))
        return web.json_response(
            {"error": {"code": "NotFound", "message": f"There are /connectors/{{connector}}/{{connection}}, {known}."}},
            status=404,
        )

    async def _face(self, request: web.Request, mount: str, raw_path: str) -> web.Response:
        pack, face = self._mounts[mount]
        data = await request.read()
        parsed: Any = None
        if "json" in request.headers.get("Content-Type", ""):
            parsed, _ = body_value(data, "application/json")
        seen = Request(
            method=request.method,
            host=f"{request.host}/{mount}",
            path=unquote(raw_path),
            raw_path=raw_path,
            query=dict(request.query),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=data,
            json=parsed,
            scheme=request.scheme,
        )
        outcome = await self.tenant.perform_raw(pack, face, seen, call_id=f"http/{next(self._numbers)}")
        return response_of(outcome)

    async def _managed(self, request: web.Request, rest: str) -> web.Response:
        connector, _, tail = rest.partition("/")
        connection, _, path = tail.partition("/")
        kind, _, digest = path.partition("/")
        if request.method == "DELETE" and kind == _SUBSCRIPTIONS:
            return self._end_subscription(connector, digest)
        data = await request.read()
        body, has_body = body_value(data, request.headers.get("Content-Type", ""))
        inputs: dict[str, Any] = {
            "method": request.method,
            "path": "/" + path,
            "queries": dict(request.query),
            "headers": dict(request.headers),
        }
        if has_body:
            inputs["body"] = body
        try:
            resolved = self.tenant.registry.resolve(Target(type="ApiConnection", api=unquote(connector)), inputs)
        except (UnknownConnector, UnknownOperation) as error:
            return web.json_response({"error": {"code": error.code, "message": str(error)}}, status=404)
        address = address_in(resolved.operation, resolved.arguments)
        outcome = await self.tenant.perform_resolved(
            resolved,
            connection=unquote(connection),
            call_id=f"http/{next(self._numbers)}",
            headers=dict(request.headers),
            callback_url=address,
        )
        answered = response_of(outcome)
        if address is not None and answered.status < 300:
            there = f"{request.scheme}://{request.host}/connectors/{connector}/{connection}"
            answered.headers["Location"] = f"{there}/{_SUBSCRIPTIONS}/{digest_of(address)}"
        return answered

    def _end_subscription(self, connector: str, digest: str) -> web.Response:
        try:
            pack = self.tenant.registry.pack_of(unquote(connector))
        except UnknownConnector as error:
            return web.json_response({"error": {"code": error.code, "message": str(error)}}, status=404)
        is_ended = self.tenant.end_subscription(pack, digest)
        return web.Response(status=200 if is_ended else 404)
