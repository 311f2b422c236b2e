"""Real HTTP calls with the action's own authentication."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from runafter.connectors.http import HttpClient
from runafter.connectors.spec import Clock, LiveCall
from runafter.connectors.tokens import Authenticator, ClientCredentials, TokenRefused
from runafter.errors import EnvironmentFault, NotSupported
from runafter.protocol.events import Outcome

_AUDIENCE = "https://management.azure.com/"


class HttpTransport:
    """Sends Http actions. Tokens are kept per identity, so fifty actions refresh one token once."""

    def __init__(self, client: HttpClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._identities: dict[ClientCredentials, Authenticator] = {}

    async def __call__(self, call: LiveCall) -> Outcome:
        given: Mapping[str, Any] = call.inputs if isinstance(call.inputs, Mapping) else {}
        headers = {str(k): str(v) for k, v in (given.get("headers") or {}).items() if v is not None}
        query = {str(k): str(v) for k, v in (given.get("queries") or {}).items() if v is not None}
        if given.get("cookie"):
            headers["Cookie"] = str(given["cookie"])
        try:
            await self._authenticate(given.get("authentication"), headers, query)
        except NotSupported as error:
            return Outcome(code=error.code, message=str(error), retriable=False)
        except EnvironmentFault as error:
            return Outcome(
                status_code=401, code=error.code, message=str(error), body={"error": {"message": error.message}}
            )
        if call.idempotency_key:
            headers.setdefault("Idempotency-Key", call.idempotency_key)
        return await self._client.send(
            str(given.get("method", "GET")),
            str(given.get("uri", "")),
            headers=headers,
            query=query,
            body=given.get("body"),
            has_body=given.get("body") is not None,
            timeout_s=call.timeout_s,
        )

    async def _authenticate(self, value: Any, headers: dict[str, str], query: dict[str, str]) -> None:
        if not isinstance(value, Mapping):
            return
        kind = str(value.get("type", "None"))
        match kind.lower():
            case "none":
                return
            case "basic":
                pair = f"{value.get('username', '')}:{value.get('password', '')}"
                headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
            case "raw":
                headers["Authorization"] = str(value.get("value", ""))
            case "activedirectoryoauth":
                identity = ClientCredentials(
                    tenant=str(value.get("tenant", "common")),
                    client_id=str(value.get("clientId", "")),
                    secret=str(value.get("secret", "")),
                    scope=str(value.get("audience", _AUDIENCE)).rstrip("/") + "/.default",
                    authority=str(value.get("authority", "https://login.microsoftonline.com")).rstrip("/"),
                )
                if not identity.secret:
                    raise NotSupported("ActiveDirectoryOAuth works with a client secret only", code="CON034")
                if identity not in self._identities:
                    self._identities[identity] = Authenticator(identity, self._clock)
                await self._identities[identity].apply(headers, query)
            case "managedserviceidentity":
                raise NotSupported(
                    "a managed identity exists only inside Azure",
                    hint="Map this action to ActiveDirectoryOAuth in connections.toml.",
                    code="CON032",
                )
            case "clientcertificate":
                raise NotSupported("client certificates are not supported yet", code="CON035")
            case _:
                raise TokenRefused(f"no authentication of type {kind!r}")


async def connect(settings: Any) -> HttpTransport:
    """Return a transport; `settings` has `client` and `clock`."""
    return HttpTransport(settings["client"], settings["clock"])
