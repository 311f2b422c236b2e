"""Access tokens: kinds of credentials, and one refresh for all who wait.

A token belongs to a connection. When it runs out in the midst of fifty calls,
the first caller refreshes it and the others await that same refresh.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from runafter.connectors.instants import TICKS_PER_SECOND
from runafter.connectors.spec import Clock
from runafter.errors import EnvironmentFault, NotSupported

EARLY_S = 120.0
"""A token is renewed this long before it ends."""


class TokenRefused(EnvironmentFault):
    """The authority gave no token; carries its own words."""

    code = "CON030"


@dataclass(frozen=True, slots=True)
class NoCredential:
    kind: Literal["none"] = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Basic:
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key in a header or, with `place` query, in the URL."""

    key: str = field(repr=False)
    name: str = "x-api-key"
    place: Literal["header", "query"] = "header"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCredentials:
    """An application's own identity at Microsoft Entra ID."""

    tenant: str
    client_id: str
    secret: str = field(repr=False)
    scope: str
    authority: str = "https://login.microsoftonline.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedIdentity:
    """Azure's own identity of a resource; exists only inside Azure."""

    client_id: str | None = None


Credential = NoCredential | Basic | Bearer | ApiKey | ClientCredentials | ManagedIdentity


@dataclass(frozen=True, slots=True)
class Token:
    value: str
    expires_at: float
    """Seconds since 0001-01-01 UTC."""


Fetch = Callable[[], Awaitable[tuple[str, float]]]
"""Get a fresh token: its text and the seconds it lives."""


class TokenSource:
    """A cached token with a single refresh in flight."""

    def __init__(self, fetch: Fetch, clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._token: Token | None = None
        self._refresh: asyncio.Task[Token] | None = None
        self.refreshes = 0

    def _now(self) -> float:
        return self._clock.now_ticks() / TICKS_PER_SECOND

    async def token(self) -> str:
        """Return a token that is still good, refreshing it once for all callers."""
        held = self._token
        if held is not None and held.expires_at - EARLY_S > self._now():
            return held.value
        if self._refresh is None:
            self._refresh = asyncio.create_task(self._renew())
        return (await asyncio.shield(self._refresh)).value

    def reject(self, value: str) -> None:
        """Forget a token that the service refused; a newer one is kept."""
        if self._token is not None and self._token.value == value:
            self._token = None

    async def _renew(self) -> Token:
        try:
            value, lives_s = await self._fetch()
            self.refreshes += 1
            self._token = Token(value, self._now() + lives_s)
            return self._token
        finally:
            self._refresh = None


def _entra_fetch(credential: ClientCredentials) -> Fetch:
    async def fetch() -> tuple[str, float]:
        return await asyncio.to_thread(_acquire, credential)

    return fetch


def _acquire(credential: ClientCredentials) -> tuple[str, float]:
    try:
        import msal
    except ImportError as error:
        raise EnvironmentFault(
            "client credentials need the package msal", hint="Install runafter[azure].", code="CON031"
        ) from error
    application: Any = msal.ConfidentialClientApplication(
        credential.client_id,
        authority=f"{credential.authority}/{credential.tenant}",
        client_credential=credential.secret,
    )
    answer = application.acquire_token_for_client(scopes=[credential.scope])
    if "access_token" not in answer:
        raise TokenRefused(str(answer.get("error_description") or answer.get("error") or "no token came back"))
    return str(answer["access_token"]), float(answer.get("expires_in", 3600))


class Authenticator:
    """Adds a credential to requests of one connection."""

    def __init__(self, credential: Credential, clock: Clock, *, fetch: Fetch | None = None) -> None:
        if isinstance(credential, ManagedIdentity):
            raise NotSupported(
                "a managed identity exists only inside Azure",
                hint="Use client credentials of an application registration for this connection.",
                code="CON032",
            )
        self.credential = credential
        self.source: TokenSource | None = None
        if isinstance(credential, ClientCredentials):
            self.source = TokenSource(fetch or _entra_fetch(credential), clock)

    async def apply(self, headers: dict[str, str], query: dict[str, str]) -> None:
        """Put the credential into `headers` or `query`."""
        match self.credential:
            case Basic(username=name, password=password):
                encoded = base64.b64encode(f"{name}:{password}".encode()).decode()
                headers["Authorization"] = f"Basic {encoded}"
            case Bearer(token=token):
                headers["Authorization"] = f"Bearer {token}"
            case ApiKey(key=key, name=name, place="header"):
                headers[name] = key
            case ApiKey(key=key, name=name):
                query[name] = key
            case _:
                if self.source is not None:
                    headers["Authorization"] = f"Bearer {await self.source.token()}"

    def refused(self, headers: dict[str, str]) -> bool:
        """Forget the token sent in `headers` after a 401; whether another try makes sense."""
        if self.source is None:
            return False
        self.source.reject(headers.get("Authorization", "").removeprefix("Bearer "))
        return True


def credential_of(settings: dict[str, Any]) -> Credential:
    """Return the credential that a connection's settings describe (`kind` and its fields).

    Raises:
        NotSupported: the kind is unknown.
    """
    kinds: dict[str, type[Any]] = {
        "none": NoCredential,
        "basic": Basic,
        "bearer": Bearer,
        "api_key": ApiKey,
        "client_credentials": ClientCredentials,
        "managed_identity": ManagedIdentity,
    }
    fields = dict(settings)
    kind = fields.pop("kind", "none")
    if kind not in kinds:
        raise NotSupported(f"no credential of kind {kind!r}; there are {', '.join(kinds)}", code="CON033")
    credential: Credential = kinds[kind](**fields)
    return credential
