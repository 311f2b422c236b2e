"""The flows behind the two published timing tables, run on the virtual clock on tenants with named profiles."""

from __future__ import annotations

import functools
import json
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import runafter

SITE = "https://contoso.sharepoint.com/sites/ops"
ITEMS = 100
FOUR_RETRIES = {
    "type": "exponential",
    "count": 4,
    "interval": "PT7.5S",
    "minimumInterval": "PT5S",
    "maximumInterval": "PT45S",
}
"""The default of Logic Apps, which the published numbers fit."""
Actions = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """One run: its seconds of virtual time, items that ended Failed, calls that were answered 429."""

    seconds: float
    lost: int
    refused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The runs of one line of a table."""

    runs: tuple[Timing, ...]

    @property
    def mean_s(self) -> float:
        return statistics.mean(run.seconds for run in self.runs)

    @property
    def spread_s(self) -> float:
        """Seconds between the run that 10% stay below and the one that 10% exceed."""
        deciles = statistics.quantiles((run.seconds for run in self.runs), n=10, method="inclusive")
        return deciles[-1] - deciles[0]

    @property
    def lost(self) -> float:
        return statistics.mean(run.lost for run in self.runs)

    @property
    def refused(self) -> float:
        return statistics.mean(run.refused for run in self.runs)


def _call(api: str, operation: str, after: Iterable[str] = (), **parameters: Any) -> Actions:
    host = {"apiId": f"/providers/x/apis/{api}", "connectionName": api, "operationId": operation}
    given = {name.replace("__", "/"): value for name, value in parameters.items()}
    inputs = {"host": host, "parameters": given, "retryPolicy": FOUR_RETRIES}
    return {"type": "OpenApiConnection", "inputs": inputs, "runAfter": {name: ["Succeeded"] for name in after}}


@functools.cache
def _flow(text: str) -> runafter.Definition:
    trigger = {"manual": {"type": "Request", "kind": "Button", "inputs": {}}}
    definition = {"$schema": "", "contentVersion": "1.0.0.0", "triggers": trigger, "actions": json.loads(text)}
    document = {"name": "measured", "properties": {"definition": definition, "connectionReferences": {}}}
    (found,) = runafter.read(json.dumps(document).encode())
    return found


def _run(actions: Actions, seed: int, profile: str, content: dict[str, Any] | None = None) -> Timing:
    result = runafter.run(
        _flow(json.dumps(actions, sort_keys=True)), tenant=content or {}, tenant_profile=profile, seed=seed
    )
    assert result.tenant is not None
    assert result.succeeded or "Loop" in actions, result.error
    served = result.tenant.served
    updates = sum(entry.operation == "PatchItem" and entry.committed for entry in served)
    return Timing(
        seconds=result.duration.total_seconds(),
        lost=ITEMS - updates if "Loop" in actions else 0,
        refused=sum(entry.status == 429 for entry in served),
    )


# -- table 1: four actions, one after another and in branches -------------------------------------------------------


def four_actions(branches: int) -> Actions:
    """Return a Dataverse write, a SQL log, a mail and a Teams post in 1, 3 or 4 branches.

    Three branches leave the two notifications in one, as the article's scopes do.
    """
    before: dict[str, list[str]] = {
        "Write_row": [],
        "Log_row": ["Write_row"] if branches == 1 else [],
        "Send_mail": ["Log_row"] if branches == 1 else [],
        "Post_message": ["Send_mail"] if branches in (1, 3) else [],
    }
    return {
        "Write_row": _call(
            "shared_commondataserviceforapps", "CreateRecord", before["Write_row"], entityName="accounts", item__name="A"
        ),
        "Log_row": _call(
            "shared_sql", "ExecutePassThroughNativeQuery_V2", before["Log_row"], server="d", database="d",
            query__query="SELECT 1 AS Logged",
        ),
        "Send_mail": _call(
            "shared_office365", "SendEmailV2", before["Send_mail"], emailMessage__To="ada@contoso.example",
            emailMessage__Subject="Hi", emailMessage__Body="Text",
        ),
        "Post_message": _call(
            "shared_teams", "PostMessageToConversation", before["Post_message"], poster="Flow bot", location="Channel",
            body__recipient__groupId="g", body__recipient__channelId="c", body__messageBody="Text",
        ),
    }  # fmt: skip


def branches(count: int, seeds: int) -> Row:
    return Row(runs=tuple(_run(four_actions(count), seed, "calibrated-branches") for seed in range(seeds)))


# -- table 2: 100 items, Get item and Update item each --------------------------------------------------------------


def loop(repetitions: int) -> Actions:
    where = {"dataset": SITE, "table": "Orders", "id": "@items('Loop')"}
    return {
        "Loop": {
            "type": "Foreach",
            "foreach": f"@range(1, {ITEMS})",
            "runtimeConfiguration": {"concurrency": {"repetitions": repetitions}},
            "actions": {
                "Get_item": _call("shared_sharepointonline", "GetItem", **where),
                "Update_item": _call(
                    "shared_sharepointonline", "PatchItem", ["Get_item"], **where, item__Status="Done"
                ),
            },
            "runAfter": {},
        }
    }


def loops(repetitions: int, seeds: int) -> Row:
    items = [{"Title": f"Order {number}"} for number in range(ITEMS)]
    content = {"sharepointonline": {"sites": {SITE: {"lists": {"Orders": {"items": items}}}}}}
    return Row(runs=tuple(_run(loop(repetitions), seed, "calibrated-sharepoint", content) for seed in range(seeds)))


def figures(rows: dict[str, Row], *, counts: bool) -> dict[str, float]:
    """Return what is kept of the rows: mean seconds, and for loops the spread, lost items and 429s beside them."""
    kinds: dict[str, Callable[[Row], float]] = {"seconds": lambda row: row.mean_s}
    if counts:
        kinds |= {"lost": lambda row: row.lost, "refused": lambda row: row.refused, "spread": lambda row: row.spread_s}
    return {f"{name}_{kind}": round(take(row), 2) for name, row in rows.items() for kind, take in kinds.items()}
