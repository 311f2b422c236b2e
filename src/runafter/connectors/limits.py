"""The catalogue of limits: every number with its source, date and override, and what follows from it.

Two answers to "how many iterations at once": the formula of the article
(limit per minute / calls / 2, which counts iterations per minute) and the form
that knows how long an iteration takes, by Little's law. The second is the one
to use; both are shown.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import floor
from typing import Any

from runafter.connectors.manifest import Manifest, Throttle
from runafter.connectors.registry import default_registry
from runafter.connectors.resolve import connector_name, nearest

FOREACH_MAXIMUM = 50
"""The platform's own cap on the concurrency of a loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One row: a limit of a connector, and whether a local override changed it."""

    connector: str
    throttle: Throttle
    overridden: bool = False

    @property
    def key(self) -> str:
        return f"{self.connector}.{self.throttle.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeConcurrency:
    """Both recommendations for a loop.

    `by_formula` is the article's number before the platform's cap; `by_time` is
    `floor(limit / 60 x iteration seconds / calls / safety)`, at least 1.
    `used` says which holds, `recommended` is that one within 1..50.
    """

    limit: Limit
    calls: float
    iteration_s: float
    safety: float
    by_formula: int
    by_time: int
    recommended: int
    used: str = "time-aware"


def formula_concurrency(per_minute: float, calls: float, safety: float = 2.0) -> int:
    """Return floor(limit per minute / calls per iteration / safety): the article's formula, in iterations a minute."""
    return floor(per_minute / calls / safety)


def timed_concurrency(per_minute: float, calls: float, iteration_s: float, safety: float = 2.0) -> int:
    """Return floor(limit/60 x iteration seconds / calls / safety), at least 1: iterations in flight."""
    return max(1, floor(per_minute / 60 * iteration_s / calls / safety + 1e-9))


def safe_concurrency(limit: Limit, *, calls: float, iteration_s: float, safety: float = 2.0) -> SafeConcurrency:
    """Return the safe concurrency of a loop whose iteration makes `calls` calls in `iteration_s` seconds.

    Raises:
        ValueError: an argument is not positive, or the limit does not count calls over time.
    """
    if calls <= 0 or iteration_s <= 0 or safety <= 0:
        raise ValueError("calls, iteration_s and safety must be positive")
    per_minute = limit.throttle.per_minute
    if per_minute is None:
        raise ValueError(f"the limit {limit.key} does not count calls over time")
    by_time = timed_concurrency(per_minute, calls, iteration_s, safety)
    return SafeConcurrency(
        limit=limit,
        calls=calls,
        iteration_s=iteration_s,
        safety=safety,
        by_formula=formula_concurrency(per_minute, calls, safety),
        by_time=by_time,
        recommended=min(FOREACH_MAXIMUM, by_time),
    )


def read_overrides(text: str) -> dict[str, dict[str, Any]]:
    """Return overrides by limit key from TOML: `[limits."sharepointonline.calls"]` with `limit`, `window_s`, ...

    Raises:
        ValueError: the text is no TOML or an entry is no table.
    """
    try:
        table = tomllib.loads(text).get("limits", {})
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"the overrides are no TOML: {error}") from error
    if not isinstance(table, dict) or not all(isinstance(entry, dict) for entry in table.values()):
        raise ValueError('overrides are tables [limits."<connector>.<limit>"]')
    return table


def limits(
    overrides: Mapping[str, Mapping[str, Any]] | None = None, *, manifests: Iterable[Manifest] | None = None
) -> list[Limit]:
    """Return every limit known, by connector and name, with `overrides` applied.

    Raises:
        ValueError: an override names no limit or no field of one.
    """
    known = [pack.manifest for pack in default_registry().packs.values()] if manifests is None else list(manifests)
    rows = {
        row.key: row
        for manifest in sorted(known, key=lambda m: m.name)
        for row in (Limit(connector=manifest.name, throttle=throttle) for throttle in manifest.throttles)
    }
    for key, changes in (overrides or {}).items():
        if key not in rows:
            near = nearest(key, rows)
            raise ValueError(f"no limit named {key!r}" + (f"; near: {', '.join(near)}" if near else ""))
        source = {"source": "override", **changes}
        try:
            rows[key] = replace(rows[key], throttle=replace(rows[key].throttle, **source), overridden=True)
        except TypeError as error:
            raise ValueError(f"limit {key!r}: {error}") from error
    return list(rows.values())


def limits_of(connector: str, overrides: Mapping[str, Mapping[str, Any]] | None = None) -> list[Limit]:
    """Return the limits of one connector, under any of its names."""
    name = default_registry().pack_of(connector).manifest.name
    return [row for row in limits(overrides) if row.connector == name]


def explain(
    connector: str,
    *,
    calls: float = 1,
    iteration_s: float = 1.0,
    safety: float = 2.0,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[SafeConcurrency]:
    """Return both recommendations for each limit of the connector that counts calls over time, tightest first."""
    rows = [row for row in limits_of(connector, overrides) if row.throttle.per_minute is not None]
    found = [safe_concurrency(row, calls=calls, iteration_s=iteration_s, safety=safety) for row in rows]
    return sorted(found, key=lambda row: row.by_time)


def key_of(connector: str, name: str) -> str:
    return f"{connector_name(connector)}.{name}"
