"""A pack's manifest: facts about a connector, read from TOML and checked.

Parameters are written compactly: a name, with `!` at its end when required.
`a/b` lies in the body parameter `a`. Segments of the path are required
parameters by themselves. A `source` ends with the day it was read (`..., read 2026-11-21`), or is one of the short
names of `runafter.connectors.sources`; operations without one share the connector's.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

from runafter.connectors.sources import UNVERIFIED, source_of
from runafter.errors import EnvironmentFault
from runafter.profiles.catalogue import ConnectorFacts, Effect, OperationFacts
from runafter.profiles.profile import Fact

ThrottleKind = Literal["window", "bucket", "concurrency", "execution_time"]
Scope = Literal["connection", "user", "tenant"]
_TEMPLATE_NAME = re.compile(r"\{([^{}]+)\}")
METHODS = ("GET", "PUT", "POST", "PATCH", "DELETE", "HEAD")


class InvalidManifest(EnvironmentFault):
    """A pack's manifest is wrong; names the pack and the key."""

    code = "CON001"


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """One limit of a service.

    `window`: at most `limit` calls in any `window_s` seconds. `bucket`: `rate`
    calls a second with bursts of `limit`. `concurrency`: at most `limit` at once.
    `execution_time`: at most `limit` seconds of service time in any `window_s`.
    A refused call uses `refused_cost` of a call: where a service counts throttled
    calls too, retries deepen the hole. `only` restricts it to operations of this name; empty means all.
    `read` is the day the source was looked at, empty where nobody did.
    """

    name: str
    kind: ThrottleKind = "window"
    limit: float
    window_s: float = 0.0
    rate: float = 0.0
    scope: Scope = "connection"
    only: tuple[str, ...] = ()
    status: int = 429
    code: str = "429"
    message: str = "Rate limit is exceeded. Try again in {retry_after_s:.0f} seconds."
    retry_after_s: float | None = None
    refused_cost: float = 0.0
    note: str = ""
    source: str
    read: str

    @property
    def unit(self) -> str:
        match self.kind:
            case "window":
                return f"calls per {self.window_s:g} s per {self.scope}"
            case "bucket":
                return f"calls at once, {self.rate:g} a second refilled, per {self.scope}"
            case "concurrency":
                return f"calls in flight per {self.scope}"
            case "execution_time":
                return f"seconds of execution per {self.window_s:g} s per {self.scope}"

    @property
    def per_minute(self) -> float | None:
        """Calls a minute that the limit allows for ever, None for limits that count otherwise."""
        match self.kind:
            case "window":
                return self.limit * 60 / self.window_s
            case "bucket":
                return self.rate * 60
            case _:
                return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation: its facts, and how each dialect reaches it."""

    facts: OperationFacts
    aliases: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    routes: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    headers: tuple[str, ...] = ()
    double_encoded: bool = False
    handler: str = ""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    webhook: bool = False
    notification: str | None = None
    note: str = ""
    roots: frozenset[str] = field(init=False)
    """Names of the parameters that are objects."""

    def __post_init__(self) -> None:
        roots = {name.split("/", 1)[0] for name in self.facts.parameters if "/" in name}
        roots |= set(self.facts.open_parameters)
        if self.body:
            roots.add(self.body)
        object.__setattr__(self, "roots", frozenset(roots))

    @property
    def id(self) -> str:
        return self.facts.operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """All facts of one connector."""

    name: str
    title: str
    apis: tuple[str, ...]
    providers: tuple[str, ...]
    operations: Mapping[str, Operation]
    throttles: tuple[Throttle, ...]
    source: str
    hosts: tuple[str, ...] = ()
    about: str = ""
    refusals: tuple[str, ...] = ()

    def facts(self) -> ConnectorFacts:
        """Return what the catalogue shows of this connector."""
        operations = dict[str, OperationFacts]()
        for operation in self.operations.values():
            operations[operation.id] = operation.facts
        limits = tuple(
            Fact(name=f"{self.name}.{t.name}", value=t.limit, unit=t.unit, source=t.source, date=t.read)
            for t in self.throttles
        )
        return ConnectorFacts(
            name=self.name,
            title=self.title,
            apis=(*self.apis, *self.providers),
            operations=operations,
            throttles=limits,
        )


def handler_name(operation: str) -> str:
    """Return the Python name of an operation's handler: `PostItem_V2` becomes `post_item_v2`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^0-9A-Za-z]+", "_", operation)
    return re.sub(r"_+", "_", spaced).strip("_").lower()


def _texts(table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if isinstance(value, str) or not all(isinstance(item, str) for item in value):
        raise InvalidManifest(f"{key!r} must be a list of texts")
    return tuple(value)


def _route(text: str) -> tuple[str, str]:
    method, _, path = text.partition(" ")
    if method not in METHODS or not path.startswith("/"):
        raise InvalidManifest(f"a route is 'METHOD /path', not {text!r}")
    return method, path


_OPERATION_KEYS = {
    "id", "aliases", "providers", "title", "effect", "idempotent", "path", "paths", "parameters", "body", "open",
    "headers", "double_encoded", "handler", "defaults", "trigger", "webhook", "source", "note",
}  # fmt: skip


def _operation(connector: str, table: Mapping[str, Any], source: str) -> Operation:
    if "id" not in table:
        raise InvalidManifest("an operation has no 'id'")
    unknown = sorted(set(table) - _OPERATION_KEYS)
    if unknown:
        raise InvalidManifest(f"operation {table['id']!r} has unknown keys {', '.join(unknown)}")
    effect = table.get("effect", "read")
    if effect not in get_args(Effect):
        raise InvalidManifest(f"operation {table['id']!r} has effect {effect!r}")
    routes = tuple(_route(text) for text in ([table["path"]] if "path" in table else []) + list(table.get("paths", [])))
    parameters = dict[str, bool]()
    for _, path in routes[:1]:
        for name in _TEMPLATE_NAME.findall(path):
            parameters[name.rstrip("+")] = True
    for _, path in routes[1:]:
        for name in _TEMPLATE_NAME.findall(path):
            parameters.setdefault(name.rstrip("+"), False)
    for name in _texts(table, "parameters"):
        parameters[name.rstrip("!")] = name.endswith("!")
    headers = _texts(table, "headers")
    for name in headers:
        parameters.setdefault(name, False)
    facts = OperationFacts(
        connector=connector,
        operation=table["id"],
        title=table.get("title", table["id"]),
        effect=cast("Effect", effect),
        idempotent=table.get("idempotent", effect == "read"),
        method=routes[0][0] if routes else None,
        path=routes[0][1] if routes else None,
        routes=routes[1:],
        aliases=(*_texts(table, "aliases"), *_texts(table, "providers")),
        parameters=parameters,
        open_parameters=_texts(table, "open"),
        is_trigger=table.get("trigger", False),
        source=source_of(table.get("source", source)),
    )
    return Operation(
        facts=facts,
        aliases=_texts(table, "aliases"),
        providers=_texts(table, "providers"),
        routes=routes,
        body=table.get("body"),
        headers=headers,
        double_encoded=table.get("double_encoded", False),
        handler=table.get("handler", handler_name(table["id"])),
        defaults=table.get("defaults", {}),
        webhook=table.get("webhook", False),
        note=table.get("note", ""),
    )


def _throttle(table: Mapping[str, Any]) -> Throttle:
    fields = dict(table)
    if source_of(str(fields.get("source", ""))) == UNVERIFIED:
        fields |= {"source": UNVERIFIED, "read": ""}
    for key in ("name", "limit", "source", "read"):
        if key not in fields:
            raise InvalidManifest(f"a throttle has no {key!r}")
    if fields.get("kind", "window") not in get_args(ThrottleKind):
        raise InvalidManifest(f"throttle {fields['name']!r} has kind {fields['kind']!r}")
    fields["only"] = tuple(fields.get("only", ()))
    try:
        return Throttle(**fields)
    except TypeError as error:
        raise InvalidManifest(f"throttle {fields['name']!r}: {error}") from error


def read_manifest(text: str, *, origin: str) -> Manifest:
    """Return the manifest written in `text`.

    Raises:
        InvalidManifest: the TOML is broken or a key is missing, unknown or of the wrong kind; names `origin`.
    """
    try:
        table = tomllib.loads(text)
        name = table["name"]
        source = source_of(table["source"])
        operations = dict[str, Operation]()
        for entry in table.get("operation", []):
            operation = _operation(name, entry, source)
            if operation.id in operations:
                raise InvalidManifest(f"operation {operation.id!r} stands twice")
            operations[operation.id] = operation
        return Manifest(
            name=name,
            title=table["title"],
            apis=_texts(table, "apis"),
            providers=_texts(table, "providers"),
            operations=operations,
            throttles=tuple(_throttle(entry) for entry in table.get("throttle", [])),
            source=source,
            hosts=_texts(table, "hosts"),
            about=table.get("about", ""),
            refusals=_texts(table, "refusals"),
        )
    except tomllib.TOMLDecodeError as error:
        raise InvalidManifest(f"{origin}: {error}") from error
    except KeyError as error:
        raise InvalidManifest(f"{origin}: key {error.args[0]!r} is missing") from error
    except InvalidManifest as error:
        raise InvalidManifest(f"{origin}: {error.message}") from error
