"""Microsoft's Dataverse SDK for Python against our Web API, over HTTPS as it insists."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.contracts.certificates import loopback_tls

from runafter.tenant.clock import ManualClock
from runafter.tenant.http import TenantServer
from runafter.tenant.seeds import apply_seed
from runafter.tenant.tenant import Tenant

pytest.importorskip("PowerPlatform.Dataverse", reason="powerplatform-dataverse-client is not installed")

SEED = {
    "dataverse": {
        "tables": {
            "accounts": {
                "columns": {"name": "text", "accountnumber": "text", "revenue": "number", "_primarycontactid_value": "text"},
                "alternate_keys": [["accountnumber"]],
                "relationships": {"contact_customer_accounts": {"entity": "contacts", "via": "_parentcustomerid_value"}},
            },
            "contacts": {"columns": {"fullname": "text", "_parentcustomerid_value": "text"}},
        }
    }
}  # fmt: skip


class Credential:
    def get_token(self, *scopes: str, **_: object) -> Any:
        from azure.core.credentials import AccessToken

        return AccessToken("token", 4_102_444_800)


@pytest.fixture
def tenant() -> Tenant:
    tenant = Tenant(clock=ManualClock())
    apply_seed(tenant, SEED)
    return tenant


@pytest.fixture
def on(tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Any], Any]], Any]:
    """Run work with a client of the tenant."""
    from PowerPlatform.Dataverse.client import DataverseClient

    tls, trusted = loopback_tls(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(trusted))

    async def run(work: Callable[[Any], Any]) -> Any:
        async with TenantServer(tenant, tls=tls) as server:

            def inside() -> Any:
                with DataverseClient(f"{server.url}/dataverse", Credential()) as client:
                    return work(client)

            return await asyncio.to_thread(inside)

    return run


async def test_a_row_is_created_read_changed_and_deleted(on, tenant: Tenant) -> None:
    def work(client: Any) -> list[Any]:
        ident = client.records.create("account", {"name": "Contoso", "revenue": 5})
        seen: list[Any] = [client.records.retrieve("account", ident, select=["name", "revenue"])["name"]]
        client.records.update("account", ident, {"name": "Contoso Ltd"})
        seen.append(client.records.retrieve("account", ident)["name"])
        client.records.delete("account", ident)
        seen.append(client.records.retrieve("account", ident))
        return seen

    assert await on(work) == ["Contoso", "Contoso Ltd", None]
    assert tenant.store_of("dataverse").rows("accounts") == []


async def test_rows_are_filtered_ordered_and_paged(on) -> None:
    def work(client: Any) -> list[Any]:
        idents = client.records.create("account", [{"name": f"A{n}", "revenue": n} for n in range(7)])
        pages = list(client.records.list_pages("account", orderby=["revenue desc"], page_size=3))
        rich = client.records.list("account", filter="revenue ge 5", select=["name"], orderby=["name asc"])
        return [len(set(idents)), [[row["name"] for row in page] for page in pages], [row["name"] for row in rich]]

    assert await on(work) == [7, [["A6", "A5", "A4"], ["A3", "A2", "A1"], ["A0"]], ["A5", "A6"]]


async def test_rows_are_upserted_by_an_alternate_key_alone_and_in_bulk(on) -> None:
    def item(number: str, name: str) -> dict[str, Any]:
        return {"alternate_key": {"accountnumber": number}, "record": {"name": name}}

    def work(client: Any) -> list[Any]:
        client.records.upsert("account", [item("1", "first")])
        client.records.upsert("account", [item("1", "changed"), item("2", "second")])
        return [
            (row["accountnumber"], row["name"]) for row in client.records.list("account", orderby=["accountnumber asc"])
        ]

    assert await on(work) == [("1", "changed"), ("2", "second")]


async def test_a_bulk_message_is_all_or_nothing(on, tenant: Tenant) -> None:
    def work(client: Any) -> list[Any]:
        from PowerPlatform.Dataverse.core.errors import HttpError

        with pytest.raises(HttpError) as refused:
            client.records.create("account", [{"name": "kept?"}, {"name": "x", "colour": "red"}])
        first, second = client.records.create("account", [{"name": "a"}, {"name": "b"}])
        client.records.update("account", [first, second], [{"name": "A"}, {"name": "B"}])
        return [refused.value.status_code, sorted(row["name"] for row in client.records.list("account"))]

    assert await on(work) == [400, ["A", "B"]]
    assert len(tenant.store_of("dataverse").rows("accounts")) == 2


async def test_a_changeset_is_written_whole_or_not_at_all(on, tenant: Tenant) -> None:
    def work(client: Any) -> list[Any]:
        good = client.batch.new()
        with good.changeset() as changes:
            changes.records.create("account", {"name": "one"})
            changes.records.create("account", {"name": "two"})
        done = good.execute()
        bad = client.batch.new()
        with bad.changeset() as changes:
            changes.records.create("account", {"name": "three"})
            changes.records.create("account", {"name": "four", "colour": "red"})
        failed = bad.execute(continue_on_error=True)
        return [[item.is_success for item in done.responses], failed.has_errors]

    assert await on(work) == [[True, True], True]
    assert [row["name"] for _, row in tenant.store_of("dataverse").rows("accounts")] == ["one", "two"]


async def test_fetchxml_and_metadata_are_answered(on) -> None:
    fetch = '<fetch><entity name="account"><attribute name="name"/><order attribute="name"/></entity></fetch>'

    def work(client: Any) -> list[Any]:
        client.records.create("account", [{"name": "b"}, {"name": "a"}])
        names = [row["name"] for row in client.query.fetchxml(fetch).execute()]
        info = client.tables.get("account")
        return [
            names,
            info.entity_set_name,
            [key.key_attributes for key in client.tables.get_alternate_keys("account")],
        ]

    assert await on(work) == [["a", "b"], "accounts", [["accountnumber"]]]
