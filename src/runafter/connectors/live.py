"""Calls to real services: which transport a connection uses, its limits, its identity.

A connection without settings is refused by name: nothing leaves the machine
that nobody configured. Plain Http actions need none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runafter.connectors.http import HttpClient
from runafter.connectors.limiter import ConnectionLimiter
from runafter.connectors.managed import ManagedTransport
from runafter.connectors.registry import Registry, default_registry
from runafter.connectors.resolve import UnknownConnector, UnknownOperation
from runafter.connectors.spec import Clock, LiveCall, Resolved, Transport
from runafter.connectors.tokens import Authenticator, Credential, NoCredential
from runafter.errors import RunafterError
from runafter.protocol.commands import CallOperation
from runafter.protocol.events import Outcome

TIMEOUT_S = 120.0
"""How long one request may take (learn.microsoft.com/azure/logic-apps/logic-apps-limits-and-configuration, outbound request)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveConnection:
    """How one connection reaches its service.

    `base_url` is the runtime URL of a managed connection (or of the emulated
    tenant's HTTP face); `settings` go to a pack's own transport (`url` of a
    database, `host` of a mail server). `sends_key` sends the engine's
    idempotency key in the header `Idempotency-Key`.
    """

    base_url: str = ""
    credential: Credential = field(default_factory=NoCredential)
    settings: Mapping[str, Any] = field(default_factory=dict)
    timeout_s: float = TIMEOUT_S
    sends_key: bool = False
    limited: bool = True


class LiveConnectors:
    """Performs calls against real services; shared by all runs of a process, so that limits hold across them."""

    def __init__(
        self, clock: Clock, connections: Mapping[str, LiveConnection], *, registry: Registry | None = None
    ) -> None:
        self._clock = clock
        self._connections = connections
        self._registry = registry or default_registry()
        self._client = HttpClient(clock)
        self._transports: dict[str, Transport] = {}

    async def close(self) -> None:
        """Close connections and pools."""
        for transport in self._transports.values():
            close = getattr(transport, "close", None)
            if close is not None:
                await close()
        self._transports.clear()
        await self._client.close()

    async def perform(self, call: CallOperation) -> Outcome:
        """Perform one call; a failed call is a value, a missing configuration too."""
        try:
            location = call.options.get("location")
            method = {"unsubscribe": "DELETE", "poll": "GET"}.get(call.purpose)
            if call.purpose == "unsubscribe" and location is None:
                return Outcome(status_code=200, has_body=False)  # the service named nothing to delete
            resolved = self._registry.resolve(call.target, call.inputs)
            name = call.target.connection or resolved.pack.manifest.name
            connection = self._connections.get(name)
            if connection is None:
                if resolved.operation.id != "Http":
                    return Outcome(
                        code="CON060",
                        message=f"the connection {name!r} of {resolved.pack.manifest.title} is not configured",
                        retriable=False,
                    )
                connection = LiveConnection()
            transport = await self._transport(name, connection, resolved)
            return await transport(
                LiveCall(
                    resolved=resolved,
                    inputs=call.inputs,
                    base_url=connection.base_url,
                    timeout_s=connection.timeout_s,
                    idempotency_key=call.idempotency_key if connection.sends_key else "",
                    callback_url=call.callback_url,
                    called=call.target.operation or _path_of(call.inputs),
                    follows=(method, location) if method is not None and location is not None else None,
                    settings=connection.settings,
                )
            )
        except (UnknownConnector, UnknownOperation) as error:
            return Outcome(code=error.code, message=str(error), retriable=False)
        except RunafterError as error:
            return Outcome(code=error.code, message=str(error), retriable=False)

    async def _transport(self, name: str, connection: LiveConnection, resolved: Resolved) -> Transport:
        key = f"{resolved.pack.manifest.name}/{name}"
        found = self._transports.get(key)
        if found is not None:
            return found
        native = resolved.pack.transport()
        if native is not None and not connection.base_url:
            made = await native({"client": self._client, "clock": self._clock, **connection.settings})
        else:
            throttles = resolved.pack.manifest.throttles if connection.limited else ()
            limiter = ConnectionLimiter([t for t in throttles if t.kind != "execution_time"], self._clock)
            made = ManagedTransport(self._client, Authenticator(connection.credential, self._clock), limiter)
        return self._transports.setdefault(key, made)


def _path_of(inputs: Any) -> str:
    return str(inputs.get("path") or "") if isinstance(inputs, Mapping) else ""
