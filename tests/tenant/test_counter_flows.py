"""Rows C-55, C-65, C-72 and C-82: twenty concurrent increments from 5, by flows that run on the tenant.

Read and write loses updates; a cycle over ETags, a lease and a stored procedure end at 25.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

import runafter
from runafter.tenant import show

SITE = "https://contoso.sharepoint.com/sites/ops"
LOCK = "https://locks.blob.core.windows.net/locks/counter.lock"
ITEM = "_api/web/lists/getbytitle('Counter')/items(1)"
SEED = {
    "sharepointonline": {"sites": {SITE: {"lists": {"Counter": {"items": [{"Title": "c", "Value": 5}]}}}}},
    "azureblob": {"containers": {"locks": {"counter.lock": "free"}}},
    "sql": {
        "databases": {
            "default": {
                "tables": {
                    "dbo.Counters": {
                        "columns": {"Name": "TEXT PRIMARY KEY", "Value": "INTEGER"},
                        "rows": [{"Name": "orders", "Value": 5}],
                    }
                },
                "procedures": {
                    "dbo.usp_Increment": {
                        "parameters": ["Name!"],
                        "sql": ["UPDATE Counters SET Value = Value + 1 WHERE Name = :Name"],
                    }
                },
            }
        }
    },
}


def _call(api: str, operation: str, *after: str, **parameters: Any) -> dict[str, Any]:
    host = {"apiId": f"/providers/x/apis/{api}", "connectionName": api, "operationId": operation}
    given = {name.replace("__", "/"): value for name, value in parameters.items()}
    inputs = {"host": host, "parameters": given}
    return {"type": "OpenApiConnection", "inputs": inputs, "runAfter": {name: ["Succeeded"] for name in after}}


def _sharepoint(method: str, *after: str, **more: Any) -> dict[str, Any]:
    parameters = {"dataset": SITE, "parameters__method": method, "parameters__uri": ITEM}
    return _call("shared_sharepointonline", "HttpRequest", *after, **parameters, **more)


def _lease(action: str, headers: dict[str, str], **after: list[str]) -> dict[str, Any]:
    inputs = {"method": "PUT", "uri": f"{LOCK}?comp=lease", "headers": {"x-ms-lease-action": action, **headers}}
    return {"type": "Http", "inputs": inputs, "runAfter": after}


def _until(expression: str, actions: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Until", "expression": expression, "limit": {"count": 500, "timeout": "PT4H"}, "actions": actions, "runAfter": {}}  # fmt: skip


GET = _sharepoint("GET", parameters__headers={"Accept": "application/json;odata=verbose"})
NEXT = "{\"Value\": @{add(body('Get')?['d']?['Value'], 1)}}"
NAIVE = {"Get": GET, "Set": _sharepoint("MERGE", "Get", parameters__headers={"If-Match": "*"}, parameters__body=NEXT)}
ETAG = {
    "Cycle": _until(
        "@equals(outputs('Saved'), 'Succeeded')",
        {
            "Get": GET,
            "Set": _sharepoint(
                "MERGE",
                "Get",
                parameters__headers={"If-Match": "@{body('Get')?['d']?['__metadata']?['etag']}"},
                parameters__body=NEXT,
            ),
            "Saved": {
                "type": "Compose",
                "inputs": "@actions('Set')?['status']",
                "runAfter": {"Set": ["Succeeded", "Failed"]},
            },
        },
    )
}
LEASE = {
    "Lock": _until(
        "@equals(outputs('Got'), 'Succeeded')",
        {
            "Acquire": _lease("acquire", {"x-ms-lease-duration": "60"}),
            "Got": {
                "type": "Compose",
                "inputs": "@actions('Acquire')?['status']",
                "runAfter": {"Acquire": ["Succeeded", "Failed"]},
            },
            "Pause": {
                "type": "If",
                "expression": {"not": {"equals": ["@outputs('Got')", "Succeeded"]}},
                "actions": {"Wait": {"type": "Wait", "inputs": {"interval": {"count": 2, "unit": "Second"}}, "runAfter": {}}},
                "runAfter": {"Got": ["Succeeded"]},
            },
        },
    ),
    "Get": GET | {"runAfter": {"Lock": ["Succeeded"]}},
    "Set": NAIVE["Set"],
    "Release": _lease(
        "release", {"x-ms-lease-id": "@{outputs('Acquire')['headers']['x-ms-lease-id']}"}, Set=["Succeeded", "Failed"]
    ),
}  # fmt: skip
PROCEDURE = {
    "Increment": _call(
        "shared_sql",
        "ExecuteProcedure_V2",
        server="default",
        database="default",
        procedure="[dbo].[usp_Increment]",
        parameters__Name="orders",
    )
}


def _run(body: dict[str, Any], seed: int, table: tuple[str, str, str]) -> tuple[runafter.RunResult, int]:
    loop = {
        "type": "Foreach",
        "foreach": "@range(0, 20)",
        "runtimeConfiguration": {"concurrency": {"repetitions": 20}},
        "actions": body,
        "runAfter": {},
    }
    trigger = {"manual": {"type": "Request", "kind": "Button", "inputs": {}}}
    definition = {"$schema": "", "contentVersion": "1.0.0.0", "triggers": trigger, "actions": {"Loop": loop}}
    document = {"name": "counter", "properties": {"definition": definition, "connectionReferences": {}}}
    (flow,) = runafter.read(json.dumps(document).encode())
    result = runafter.run(flow, tenant=SEED, tenant_profile="documented", seed=seed)
    assert result.tenant is not None
    service, name, column = table
    return result, show.rows(result.tenant, service, name)[0][column]


COUNTER = ("sharepointonline", "Counter", "Value")


def test_read_and_write_loses_updates_and_the_run_succeeds() -> None:
    ends = list[int]()
    for seed in range(10):
        result, value = _run(NAIVE, seed, COUNTER)
        assert result.succeeded
        ends.append(value)

    assert all(6 <= value < 25 for value in ends), ends
    assert 6 in ends


@pytest.mark.parametrize("seed", range(3))
def test_a_cycle_over_etags_ends_at_25(seed: int) -> None:
    result, value = _run(ETAG, seed, COUNTER)

    conflicts = [call for call in result.tenant.served if call.status == 412]
    assert (result.succeeded, value) == (True, 25)
    assert conflicts


@pytest.mark.parametrize("seed", range(3))
def test_a_lease_lets_one_in_at_a_time_and_ends_at_25(seed: int) -> None:
    result, value = _run(LEASE, seed, COUNTER)

    refused = [call for call in result.tenant.served if call.code == "LeaseAlreadyPresent"]
    assert (result.succeeded, value) == (True, 25)
    assert refused


@pytest.mark.parametrize("seed", range(3))
def test_a_stored_procedure_ends_at_25(seed: int) -> None:
    result, value = _run(PROCEDURE, seed, ("sql", "Counters", "Value"))

    assert (result.succeeded, value) == (True, 25)
