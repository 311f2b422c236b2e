"""Plays a sample flow on its tenant: what `runafter run examples/<name> --tenant` does, for assertions."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

import runafter
from runafter.local.run import RunResult
from runafter.local.tenant import FaultLike, open_tenant, read_faults, start_of
from runafter.local.triggers import decided, outputs_of
from runafter.program.build import build
from runafter.tenant import show
from runafter.tenant.tenant import Tenant

EXAMPLES = Path(__file__).parents[2] / "examples"
OPERATIONS = "https://contoso.sharepoint.com/sites/Operations"


@dataclass(frozen=True)
class Played:
    """The runs that one event started, and the tenant as they left it."""

    runs: list[RunResult]
    tenant: Tenant
    code: str | None = None

    @property
    def run(self) -> RunResult:
        (only,) = self.runs
        return only

    def items(self, title: str) -> list[dict[str, Any]]:
        """Return a SharePoint list's items; an empty list has none."""
        return _rows(self.tenant, "sharepointonline", f"{OPERATIONS.lower()}|{title}")

    def rows(self, service: str, table: str) -> list[dict[str, Any]]:
        return _rows(self.tenant, service, table)

    def sql(self, table: str) -> list[dict[str, Any]]:
        return _rows(self.tenant, "sql", f"default/dbo.{table}")

    @property
    def mails(self) -> list[dict[str, Any]]:
        return _rows(self.tenant, "office365", "outbox")

    @property
    def posts(self) -> list[dict[str, Any]]:
        return _rows(self.tenant, "teams", "posts")

    def calls(self, action: str) -> list[Any]:
        return [served for served in self.tenant.served if served.action == action]


def _rows(tenant: Tenant, service: str, table: str) -> list[dict[str, Any]]:
    return [row for _, row in tenant.store_of(service).rows(table)]


@cache
def _flow(name: str, part: str) -> runafter.Definition:
    (found,) = runafter.read(EXAMPLES / name / part / "flow.json")
    return found


def trigger_of(name: str, trigger: str | None = None) -> Any:
    file = f"triggers/{trigger}.json" if trigger else "trigger.json"
    return json.loads((EXAMPLES / name / file).read_text("utf-8"))


def seed_of(name: str) -> dict[str, Any]:
    return copy.deepcopy(_seed(name))


@cache
def _seed(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((EXAMPLES / name / "tenant.yaml").read_text("utf-8"))
    return content


def play(
    name: str,
    *,
    part: str = "",
    trigger: Any = None,
    faults: str | list[FaultLike] | None = None,
    change: Callable[[dict[str, Any]], object] | None = None,
    tenant: Tenant | None = None,
    profile: str = "instant",
    seed: int = 0,
    parameters: Mapping[str, Any] | None = None,
    variables: Literal["atomic", "racy"] = "racy",
) -> Played:
    """Play one event on a sample. `trigger` is a body, or the name of a file in `triggers/`; `faults` of one in `faults/`.

    `change` alters the seed before the tenant is filled with it.
    """
    flow = _flow(name, part)
    if tenant is None:
        content = seed_of(name)
        if change is not None:
            change(content)
        tenant = open_tenant(content, profile=profile, seed=seed)
    rules = read_faults(EXAMPLES / name / "faults" / f"{faults}.yaml") if isinstance(faults, str) else faults or []
    for rule in rules:
        tenant.faults.add(rule)
    body = trigger if trigger is not None and not isinstance(trigger, str) else trigger_of(name, trigger)
    decision = decided(build(flow), outputs_of(body), start_of(tenant), parameters=flow.parameter_values)
    results = [
        runafter.run(
            flow, tenant=tenant, trigger=each.trigger["outputs"], parameters=parameters, seed=seed, variables=variables
        )
        for each in decision.runs
    ]
    return Played(results, tenant, decision.code)


def served(played: Played, operation: str) -> int:
    """Return how often an operation (`dataverse.CreateRecord`) was called."""
    return int(show.summary(played.tenant)["calls"].get(operation, 0))
