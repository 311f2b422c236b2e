"""Row A-24: a write whose answer is lost is repeated by its retry; a key makes the two one record."""

from __future__ import annotations

import json
from typing import Any

import pytest

import runafter
from runafter.tenant import show

ADDRESS = "https://orders.example/orders"
SEED = {"http": {"endpoints": [{"url": ADDRESS, "collection": "orders"}]}}


def _flow() -> runafter.Definition:
    create = {
        "type": "Http",
        "inputs": {
            "method": "POST",
            "uri": ADDRESS,
            "body": {"number": 1},
            "retryPolicy": {"type": "fixed", "count": 4, "interval": "PT20S"},
        },
    }
    trigger = {"manual": {"type": "Request", "kind": "Button", "inputs": {}}}
    definition = {"$schema": "", "contentVersion": "1.0.0.0", "triggers": trigger, "actions": {"Create": create}}
    document = {"name": "orders", "properties": {"definition": definition, "connectionReferences": {}}}
    (found,) = runafter.read(json.dumps(document).encode())
    return found


def _run(**more: Any) -> tuple[runafter.RunResult, int]:
    result = runafter.run(_flow(), tenant=SEED, faults=["http.http=commit-then-timeout#1"], **more)
    assert result.tenant is not None
    return result, len(show.rows(result.tenant, "http", "orders"))


@pytest.mark.parametrize(
    ("keys", "records"), [({}, 2), ({"*": "Idempotency-Key"}, 1), ({"Create": "X-Idempotency-Key"}, 1)]
)
def test_two_records_without_a_key_and_one_with(keys: dict[str, str], records: int) -> None:
    result, found = _run(key_headers=keys)

    assert result.succeeded
    assert len(result.tenant.served) == 2
    assert found == records


def test_the_key_is_the_same_in_every_attempt_and_another_in_every_run() -> None:
    first, _ = _run(key_headers={"*": "Idempotency-Key"}, seed=1)
    second, _ = _run(key_headers={"*": "Idempotency-Key"}, seed=2)

    keys = [
        [entry.arguments["headers"]["Idempotency-Key"] for entry in result.tenant.served] for result in (first, second)
    ]
    assert [len(set(attempts)) for attempts in keys] == [1, 1]
    assert keys[0][0] != keys[1][0]


def test_a_connectors_write_is_one_record_where_the_connection_honours_keys() -> None:
    def count(idempotent: bool) -> int:
        host = {
            "apiId": "/x/apis/shared_commondataserviceforapps",
            "connectionName": "crm",
            "operationId": "CreateRecord",
        }
        retry = {"type": "fixed", "count": 4, "interval": "PT20S"}
        parameters = {"entityName": "orders", "item/name": "A"}
        action = {"type": "OpenApiConnection", "inputs": {"host": host, "parameters": parameters, "retryPolicy": retry}}
        trigger = {"manual": {"type": "Request", "kind": "Button", "inputs": {}}}
        definition = {"$schema": "", "contentVersion": "1.0.0.0", "triggers": trigger, "actions": {"Create": action}}
        document = {"name": "orders", "properties": {"definition": definition, "connectionReferences": {}}}
        (flow,) = runafter.read(json.dumps(document).encode())
        seed = {"connections": {"crm": {"user": "ada@contoso.example", "idempotent": idempotent}}}
        result = runafter.run(flow, tenant=seed, faults=["dataverse.create=commit-then-timeout#1"])
        assert result.succeeded
        return len(show.rows(result.tenant, "dataverse", "orders"))

    assert [count(False), count(True)] == [2, 1]
