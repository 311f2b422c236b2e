"""Two flows on a tenant, compared by what they leave behind: rows, mails, posts, without times and generated ids."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

import runafter
from runafter.connectors.registry import catalogue
from runafter.lint.harden import harden
from runafter.local.run import RunResult
from runafter.local.tenant import open_tenant, start_of
from runafter.local.triggers import decided, outputs_of
from runafter.program.build import build
from runafter.tenant.tenant import Tenant

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
SAMPLES = tuple(sorted(path.parent.name for path in EXAMPLES.glob("*/flow.json")))
TRANSIENT = ("*.*=503@2%", "*.*=429@2%", "*.*=timeout@1%")
"""5% of all calls fail in a way that passes: refused, throttled, or never answered."""

_GENERATED = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+Z?", re.IGNORECASE)
_NUMBERED = re.compile(r"(?:^|[a-z_])id$", re.IGNORECASE)

_TICKS = 10**17  # a number beyond it is a time


@dataclass(frozen=True, kw_only=True)
class Played:
    """The runs of one event and the tenant as they left it."""

    results: tuple[RunResult, ...]
    tenant: Tenant

    @property
    def succeeded(self) -> bool:
        return all(result.succeeded for result in self.results)

    def content(self) -> Counter[str]:
        """Return the rows of all tables as text; what the platform generates is replaced by what it identifies."""
        rows = list(_rows(self.tenant))
        named = {key: f"<{place} {_stable(row, {})}>" for place, key, row in rows if _GENERATED.fullmatch(key)}
        return Counter(f"{place} {_stable(row, named)}" for place, _, row in rows)


@cache
def twin(sample: str, is_hardened: bool) -> runafter.Definition:
    """Return the fragile twin of a sample, as it is or as `harden` makes it.

    Both run with the defaults of the low performance profile, which most licences
    have: two retries where the flow says nothing.
    """
    (fragile,) = runafter.read(EXAMPLES / sample / "fragile" / "flow.json")
    flow = harden([fragile], catalogue=catalogue()).definitions[0] if is_hardened else fragile
    return replace(flow, profile="power-automate-low")


def play(
    sample: str,
    *,
    is_hardened: bool = False,
    flow: runafter.Definition | None = None,
    seed: int = 0,
    faults: tuple[str, ...] = (),
    trigger: Any = None,
) -> Played:
    """Play a good event of a sample on a tenant of its own: a twin, or `flow`. Variables race as on the platform."""
    flow = flow or twin(sample, is_hardened)
    tenant = open_tenant(_seed(sample), faults=faults, seed=seed)
    outputs = outputs_of(trigger if trigger is not None else _trigger(sample))
    decision = decided(build(flow), outputs, start_of(tenant), parameters=flow.parameter_values)
    results = tuple(
        runafter.run(flow, tenant=tenant, trigger=each.trigger["outputs"], seed=seed, variables="racy")
        for each in decision.runs
    )
    return Played(results=results, tenant=tenant)


@cache
def _seed(sample: str) -> Any:
    seed = yaml.safe_load((EXAMPLES / sample / "tenant.yaml").read_text("utf-8"))
    seed["approvals"] = {"rules": {"*": {"answer": "Approve", "after_s": 3600}}}  # somebody answers, whoever is asked
    return seed


@cache
def _trigger(sample: str) -> Any:
    return json.loads((EXAMPLES / sample / "trigger.json").read_text("utf-8"))


def _rows(tenant: Tenant) -> Iterator[tuple[str, str, Any]]:
    for service in tenant.state.services():
        if service.startswith("$"):
            continue
        store = tenant.store_of(service)
        for table in store.tables():
            for key, row in store.rows(table):
                yield f"{service} {table}", key, row


def _stable(row: Any, named: dict[str, str]) -> str:
    return json.dumps(_cleaned(row, named), sort_keys=True, default=str)


def _cleaned(value: Any, named: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            key: _cleaned(each, named)
            for key, each in value.items()
            if not (isinstance(each, int) and (_NUMBERED.search(str(key)) or each > _TICKS))
        }
    if isinstance(value, list):
        return [_cleaned(each, named) for each in value]
    if isinstance(value, str):
        return named.get(value) or _GENERATED.sub("*", value)
    return value
