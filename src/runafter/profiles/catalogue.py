"""Facts about connector operations, as values: who made them hands them to program, lint and simulator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from runafter.profiles.profile import Fact

Effect = Literal["read", "write", "external"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationFacts:
    """One operation of a connector.

    `effect` is what it does to the outside (`external`: mail, post, anything
    that cannot be taken back). `method` and `path` are Consumption's form, with
    `{name}` segments, and `{name+}` for several; `routes` are further ones.
    `aliases` are other names of it, older ones and those of built-in providers.
    `parameters` maps a flat name (`item/Title`) to whether it is required.
    """

    connector: str
    operation: str
    title: str = ""
    effect: Effect = "read"
    idempotent: bool = True
    method: str | None = None
    path: str | None = None
    routes: tuple[tuple[str, str], ...] = ()
    aliases: tuple[str, ...] = ()
    parameters: Mapping[str, bool] = field(default_factory=dict)
    open_parameters: tuple[str, ...] = ()
    is_trigger: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorFacts:
    """One connector: its names in the three dialects, operations and throttles."""

    name: str
    title: str
    apis: tuple[str, ...]
    operations: Mapping[str, OperationFacts]
    throttles: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All connectors known, by name."""

    connectors: Mapping[str, ConnectorFacts] = field(default_factory=dict)
