"""Faults strike by rule and seed; a key makes a repeated write one record."""

from __future__ import annotations

import pytest

from runafter.tenant.faults import Fault, InvalidFault, read_fault

CREATE = {"entityName": "orders", "item": {"name": "A"}}


async def _count(tenant) -> int:
    return len(tenant.store_of("dataverse").rows("orders"))


async def test_commit_then_timeout_gives_two_records_without_a_key_and_one_with(make, call) -> None:
    fault = Fault(operation="dataverse.create", kind="commit-then-timeout", nth=(1,))
    without, keyed = make(faults=[fault]), make(faults=[fault])
    keyed.connect("shared", user="ada@contoso.example", idempotent=True)

    for tenant in (without, keyed):
        first = await call(tenant, "dataverse", "CreateRecord", CREATE, idempotency_key="run/create/1")
        second = await call(tenant, "dataverse", "CreateRecord", CREATE, idempotency_key="run/create/1")
        assert (first.status_code, first.code) == (None, "ActionTimedOut")
        assert second.status_code == 201

    assert await _count(without) == 2
    assert await _count(keyed) == 1


async def test_a_key_in_a_header_is_honoured_as_well(make, http) -> None:
    seed = {"http": {"endpoints": [{"url": "https://api.example/orders", "collection": "orders"}]}}
    tenant = make(seed, faults=["http.http=commit-then-timeout#1"])

    for _ in range(2):
        outcome = await http(
            tenant, "POST", "https://api.example/orders", body={"a": 1}, headers={"Idempotency-Key": "k"}
        )

    assert outcome.status_code == 201
    assert len(tenant.store_of("http").rows("collection|orders")) == 1


async def test_a_status_fault_leaves_no_trace_in_the_state(make, call) -> None:
    tenant = make(faults=["dataverse.create=404"])

    outcome = await call(tenant, "dataverse", "CreateRecord", CREATE)

    assert (outcome.status_code, outcome.code) == (404, "NotFound")
    assert await _count(tenant) == 0


async def test_a_service_is_down_between_two_times(make, call, clock) -> None:
    tenant = make(faults=[Fault(operation="dataverse.*", kind="down", from_s=10, to_s=20)])
    codes = list[str | None]()

    for _ in range(4):
        codes.append((await call(tenant, "dataverse", "ListRecords", {"entityName": "orders"})).code)
        clock.advance(7)

    assert codes == [None, None, "ConnectionFailed", None]


async def test_a_rate_strikes_the_same_calls_for_the_same_seed(make, call) -> None:
    async def struck(seed: int) -> list[int]:
        tenant = make(faults=["dataverse.*=503@20%"], seed=seed)
        found = [await call(tenant, "dataverse", "ListRecords", {"entityName": "x"}, id=f"r/a/{n}") for n in range(200)]
        return [n for n, outcome in enumerate(found) if outcome.status_code == 503]

    first = await struck(1)

    assert first == await struck(1)
    assert first != await struck(2)
    assert 20 <= len(first) <= 60


async def test_a_fault_can_choose_calls_by_their_arguments(make, call) -> None:
    tenant = make(faults=[Fault(operation="dataverse.create", status=500, when={"item/name": "B"})])

    statuses = [
        (await call(tenant, "dataverse", "CreateRecord", {"entityName": "orders", "item/name": name})).status_code
        for name in "ABC"
    ]

    assert statuses == [201, 500, 201]


async def test_token_expiry_answers_401(make, call) -> None:
    tenant = make(faults=["sharepointonline.*=token-expiry#1"])

    outcome = await call(tenant, "sharepointonline", "GetTables", {"dataset": "https://x.sharepoint.com/sites/a"})

    assert (outcome.status_code, outcome.code) == (401, "ExpiredAuthenticationToken")


@pytest.mark.parametrize("text", ["", "dataverse", "dataverse.create=explode", "a=500@x%"])
def test_a_fault_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(InvalidFault):
        read_fault(text)
