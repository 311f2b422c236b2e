"""How far a pack has come: rules with levels, each met, not met or exempt with a reason.

`quality.toml` of a pack may exempt rules (`[exempt] live = "why"`); everything
else is measured from the pack itself, so that no list can promise too much.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from runafter.connectors.check import pack_findings
from runafter.connectors.manifest import InvalidManifest
from runafter.connectors.spec import Pack

Level = Literal["bronze", "silver", "gold"]
LEVELS: tuple[Level, ...] = ("bronze", "silver", "gold")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its level, and what it says."""

    name: str
    level: Level
    text: str
    holds: Callable[[Pack], bool]


def _sourced(pack: Pack) -> bool:
    return not pack_findings(pack)


def _consumption(pack: Pack) -> bool:
    return all(operation.routes for operation in pack.manifest.operations.values())


def _throttled(pack: Pack) -> bool:
    return bool(pack.manifest.throttles)


def _face(pack: Pack) -> bool:
    return bool(list(pack.faces()))


def _native(pack: Pack) -> bool:
    return pack.transport() is not None


def _live(pack: Pack) -> bool:
    return _native(pack) or any(operation.routes for operation in pack.manifest.operations.values())


RULES: tuple[Rule, ...] = (
    Rule("complete", "bronze", "Every operation has emulated behaviour and a source.", _sourced),
    Rule("throttled", "bronze", "The service's documented limits are in the manifest.", _throttled),
    Rule("routes", "silver", "Every operation is reached by Consumption's method and path too.", _consumption),
    Rule("live", "silver", "Calls can go to the real service.", _live),
    Rule("face", "gold", "The service's own REST interface is emulated for raw requests and foreign clients.", _face),
    Rule("native", "gold", "A transport of its own speaks the service's protocol.", _native),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """What a pack meets. `exempt` maps rules to reasons."""

    level: Level | None
    met: tuple[str, ...]
    missed: tuple[str, ...]
    exempt: dict[str, str]


def read_exemptions(text: str, *, origin: str) -> dict[str, str]:
    """Return the exemptions of a `quality.toml`.

    Raises:
        InvalidManifest: broken TOML, an unknown rule, or a reason that is no text.
    """
    try:
        table = tomllib.loads(text).get("exempt", {})
    except tomllib.TOMLDecodeError as error:
        raise InvalidManifest(f"{origin}: {error}") from error
    known = {rule.name for rule in RULES}
    wrong = [name for name, reason in table.items() if name not in known or not isinstance(reason, str) or not reason]
    if wrong:
        raise InvalidManifest(f"{origin}: {wrong[0]!r} is no rule with a reason; rules are {', '.join(sorted(known))}")
    return dict(table)


def quality_of(pack: Pack, exempt: dict[str, str] | None = None) -> Quality:
    """Measure a pack: its level is the highest whose rules, and those below, are all met or exempt."""
    reasons = exempt or {}
    met = tuple(rule.name for rule in RULES if rule.holds(pack))
    missed = tuple(rule.name for rule in RULES if rule.name not in met and rule.name not in reasons)
    level: Level | None = None
    for candidate in LEVELS:
        if any(rule.level == candidate and rule.name in missed for rule in RULES):
            break
        level = candidate
    return Quality(level=level, met=met, missed=missed, exempt={k: v for k, v in reasons.items() if k not in met})
