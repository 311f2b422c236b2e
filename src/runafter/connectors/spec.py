"""The words of this room: what a pack is, what its handlers get and give.

A pack is a folder: `manifest.toml` (facts), `emulator.py` (a stateful stand-in
of the service), optionally `transport.py` (the real service), `face.py` (the
service's own REST interface, for raw HTTP calls and foreign clients) and
`quality.toml`. Emulated operations are plain functions: one call of a service
is one atomic step on its state. Time, chance and state come in with the call,
so the same emulator runs under the wall clock and under a virtual one.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from runafter.connectors.manifest import Manifest, Operation
from runafter.connectors.seedshape import Shape
from runafter.protocol.events import Outcome

Row = dict[str, Any]


class Clock(Protocol):
    """Time as a host gives it: ticks of 100 ns since 0001-01-01 UTC, and waiting."""

    def now_ticks(self) -> int: ...

    async def sleep(self, seconds: float) -> None: ...


class Store(Protocol):
    """Rows by table and key, in order of insertion. Rows are values: replace them, never change them in place."""

    @property
    def revision(self) -> int:
        """How often something was written: two equal revisions, and the rows are the same."""
        ...

    def get(self, table: str, key: str) -> Row | None: ...

    def put(self, table: str, key: str, row: Row) -> None: ...

    def delete(self, table: str, key: str) -> bool: ...

    def rows(self, table: str) -> list[tuple[str, Row]]: ...

    def tables(self) -> list[str]: ...

    def next_number(self, sequence: str) -> int: ...


class Surroundings(Protocol):
    """What an emulator may ask of the tenant around it."""

    def new_id(self) -> str:
        """Return a fresh GUID; the same sequence for the same seed."""
        ...

    def later(self, delay_s: float, action: Callable[[], object]) -> None:
        """Run `action` after `delay_s` seconds of the tenant's clock."""
        ...

    def signal(self, callback_url: str, outputs: Any) -> None:
        """Deliver a webhook's answer: `outputs` become the outputs of the waiting action."""
        ...

    def handler(self, name: str) -> Callable[[Mapping[str, Any]], Any] | None:
        """Return the function that the tenant's owner registered under `name`, None when there is none."""
        ...

    def ask(self, request: Request, user: str) -> Outcome | None:
        """Return what the service behind a host answers to a raw request of this user, None when there is none."""
        ...

    def store_of(self, service: str) -> Store:
        """Return the state of a service, own or foreign (mail sent by an approval, for example)."""
        ...


@dataclass(slots=True, kw_only=True)
class Call:
    """One resolved call as an emulator sees it.

    `arguments` has one normal form for all dialects: parameters by name, bodies
    nested (`item/Title` became `{"item": {"Title": ...}}`), path segments decoded.
    """

    operation: Operation
    arguments: dict[str, Any]
    connection: str
    user: str
    store: Store
    now: int
    around: Surroundings
    callback_url: str | None = None
    headers: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    def text(self, name: str, default: str = "") -> str:
        """Return the argument as text; absent and null give `default`."""
        value = self.arguments.get(name)
        if value is None:
            return default
        return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)

    def record(self, name: str) -> Row:
        """Return the object argument `name`, empty when it is absent or no object."""
        value = self.arguments.get(name)
        return dict(value) if isinstance(value, dict) else {}

    def number(self, name: str) -> int | None:
        """Return the argument as a whole number, None when absent or not one."""
        try:
            return int(float(self.text(name)))
        except ValueError:
            return None


Emulated = Callable[[Call], Outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A raw HTTP request as a face sees it; header names in lower case, `path` decoded once, `raw_path` as sent."""

    method: str
    host: str
    path: str
    raw_path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    json: Any = None
    scheme: str = "https"


@dataclass(slots=True, kw_only=True)
class FaceCall:
    """A raw request with the service's state around it."""

    request: Request
    user: str
    store: Store
    now: int
    around: Surroundings
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """A service's own REST interface. `hosts` are patterns of full host names; `mount` is its path on loopback."""

    hosts: tuple[str, ...]
    mount: str
    handle: Callable[[FaceCall], Outcome]

    def serves(self, host: str) -> bool:
        return any(re.fullmatch(pattern, host, re.IGNORECASE) for pattern in self.hosts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A call brought to one operation of one pack."""

    pack: Pack
    operation: Operation
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCall:
    """One resolved call for a transport to the real service.

    `called` is the operation's name or path as the flow wrote it. `follows` is
    (method, address) of a `Location` that an earlier answer gave: the next poll
    of a trigger, or the subscription to delete.
    """

    resolved: Resolved
    inputs: Any
    base_url: str
    timeout_s: float
    idempotency_key: str = ""
    callback_url: str | None = None
    called: str = ""
    follows: tuple[str, str] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


class Transport(Protocol):
    """An operation handler of the real service: one call, one outcome; never raises for a failed call."""

    async def __call__(self, call: LiveCall) -> Outcome: ...


class Pack(Protocol):
    """A connector: facts at once, behaviour when first asked for."""

    @property
    def manifest(self) -> Manifest: ...

    def emulated(self, operation: str) -> Emulated | None:
        """Return the emulated operation, None when the pack has no emulator for it."""
        ...

    def faces(self) -> Iterable[Face]: ...

    def seed_shape(self) -> Shape | None:
        """Return what a seed of this connector may say, None when the connector takes none."""
        ...

    def seed(self, store: Store, content: Any, around: Surroundings, now: int) -> None:
        """Fill the service's state from the `content` of a seed file."""
        ...

    def transport(self) -> Callable[[Any], Awaitable[Transport]] | None:
        """Return the factory of the native transport, None when calls go over the managed connection."""
        ...
