"""Microsoft's `azure-connectors` client on our managed connections: it is told another address and notices nothing."""

from __future__ import annotations

import importlib
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from tools.connector_client import calls

from runafter.connectors.registry import built_in_packs, default_registry
from runafter.connectors.sources import NAMED
from runafter.protocol.commands import Target
from runafter.tenant.clock import ManualClock
from runafter.tenant.http import TenantServer
from runafter.tenant.seeds import apply_seed
from runafter.tenant.tenant import Tenant

pytest.importorskip("azure.connectors", reason="azure-connectors is not installed")

SITE = "https://contoso.sharepoint.com/sites/ops"
SEED = {
    "sharepointonline": {"sites": {SITE: {"lists": {"Orders": {"items": [{"Title": "A"}]}}}}},
    "keyvault": {"secrets": {"password": "s3cret"}},
    "rss": {"feeds": {"https://news.example/rss": [{"title": "One", "id": "1"}]}},
    "sql": {
        "databases": {
            "default": {
                "tables": {
                    "dbo.Orders": {
                        "columns": {"Id": "INT IDENTITY(1,1) PRIMARY KEY", "Title": "TEXT"},
                        "rows": [{"Title": "one"}],
                    }
                }
            }
        }
    },
}


@pytest.fixture
def tenant() -> Tenant:
    tenant = Tenant(clock=ManualClock())
    apply_seed(tenant, SEED)
    return tenant


@pytest.fixture
async def client(tenant: Tenant) -> AsyncIterator[Callable[[str], Any]]:
    """A maker of clients by connector."""
    from azure.connectors.sdk.authentication import TokenProvider

    class Tokens(TokenProvider):
        async def get_access_token_async(self, scopes: list[str]) -> str:
            return "token"

    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(TenantServer(tenant))

        def make(connector: str) -> Any:
            module = importlib.import_module(f"azure.connectors.{connector}")
            (kind,) = (value for name, value in vars(module).items() if name.lower() == f"{connector}client")
            made = kind(server.connector_url(connector), Tokens())
            stack.push_async_callback(made.close)
            return made

        yield make


async def test_items_and_files_of_sharepoint(client) -> None:
    site = client("sharepointonline")

    made = await site.post_item_async({"Title": "B"}, SITE, "Orders")
    await site.patch_item_async({"Title": "A2"}, SITE, "Orders", "1")
    found = await site.get_items_async(SITE, "Orders", filter="Title ne 'B'", top="5")
    await site.delete_item_async(SITE, "Orders", str(made["ID"]))
    left = await site.get_items_async(SITE, "Orders")
    await site.create_file_async(b"hello", SITE, "/Shared Documents", "a.txt")

    assert [row["Title"] for row in found["value"]] == ["A2"]
    assert [row["Title"] for row in left["value"]] == ["A2"]
    assert await site.get_file_content_by_path_async(SITE, "/Shared Documents/a.txt") == b"hello"


async def test_an_item_that_is_not_there_is_an_error_of_the_client(client) -> None:
    from azure.connectors.sdk.exceptions import ConnectorException

    with pytest.raises(ConnectorException, match="404"):
        await client("sharepointonline").get_item_async(SITE, "Orders", "99")


async def test_rows_of_sql(client) -> None:
    database = client("sql")

    await database.post_item_async({"Title": "two"}, "default", "default", "[dbo].[Orders]")
    found = await database.get_items_async("default", "default", "[dbo].[Orders]", orderby="Title desc")

    assert [row["Title"] for row in found["value"]] == ["two", "one"]


async def test_blobs_queues_and_tables_of_a_storage_account(client) -> None:
    blobs, queues, tables = client("azureblob"), client("azurequeues"), client("azuretables")

    made = await blobs.create_file_async(b"hello", "account", "/files", "a.txt")
    await queues.put_message_async("work", "account", "jobs")
    waiting = await queues.get_messages_async("account", "jobs")
    await tables.create_table_async({"TableName": "Orders"}, "account")
    await tables.insert_merge_entity_async({"Name": "x"}, "account", "Orders", "p", "r")

    assert await blobs.get_file_content_async("account", made["Id"]) == b"hello"
    assert [m["MessageText"] for m in waiting["QueueMessagesList"]["QueueMessage"]] == ["work"]
    assert (await tables.get_entity_async("account", "Orders", "p", "r"))["Name"] == "x"


async def test_messages_secrets_feeds_tasks_and_posts(client, tenant: Tenant) -> None:
    bus = client("servicebus")
    await bus.send_message_async({"ContentData": "aGk=", "Label": "x"}, "orders")
    (message,) = await bus.get_messages_from_queue_with_peek_lock_async("orders", "1")
    task = await client("planner").create_task_async({"planId": "p", "title": "Do it"})
    await client("teams").post_message_to_conversation_async(
        {"recipient": {"groupId": "g", "channelId": "c"}, "messageBody": "Hi"}, "User", "Channel"
    )

    assert message["ContentData"] == "aGk="
    assert (await client("keyvault").get_secret_async("password"))["value"] == "s3cret"
    assert [item["title"] for item in await client("rss").list_feed_items_async("https://news.example/rss")] == ["One"]
    assert (await client("planner").get_task_async(task["id"]))["title"] == "Do it"
    assert len(tenant.store_of("teams").rows("posts")) == 1


@pytest.mark.parametrize("pack", built_in_packs(), ids=lambda pack: pack.manifest.name)
def test_each_call_of_the_client_reaches_the_operation_that_claims_it(pack) -> None:
    claimed = [o for o in pack.manifest.operations.values() if o.facts.source == NAMED["client"]]
    known = {(call.verb, call.path.lower()): call for call in calls(pack.manifest.name)}
    registry, wrong = default_registry(), list[str]()
    for operation in claimed:
        for verb, path in operation.routes:
            filled = "".join("x" if part.startswith("{") else part for part in _pieces(path))
            if (verb, "".join("{}" if part.startswith("{") else part for part in _pieces(path)).lower()) not in known:
                continue
            found = registry.resolve(
                Target(type="ApiConnection", api=pack.manifest.name), {"method": verb, "path": filled}
            )
            if found.operation.id != operation.id:
                wrong.append(f"{verb} {path} reaches {found.operation.id}, not {operation.id}")

    assert wrong == []


def _pieces(path: str) -> list[str]:
    return re.split(r"(\{[^{}]*\})", path)
