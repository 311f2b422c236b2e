"""Clients that others wrote, against our HTTP faces."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from runafter.tenant.clock import ManualClock
from runafter.tenant.http import TenantServer
from runafter.tenant.tenant import Tenant

blob = pytest.importorskip("azure.storage.blob", reason="azure-storage-blob is not installed")
# The well-known development key of Azure's own storage emulators.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


async def _with_blobs(tenant: Tenant, work: Callable[[Any], Any]) -> Any:
    async with TenantServer(tenant) as server:
        url = f"{server.url}/blob/devstoreaccount1"

        def run() -> Any:
            with blob.BlobServiceClient(
                url, credential={"account_name": "devstoreaccount1", "account_key": KEY}
            ) as service:
                return work(service)

        return await asyncio.to_thread(run)


async def test_the_azure_sdk_writes_reads_lists_and_deletes_blobs() -> None:
    def work(service: Any) -> tuple[bytes, list[str], int]:
        container = service.create_container("c")
        container.upload_blob("a/b.txt", b"hello", metadata={"k": "v"})
        data = container.download_blob("a/b.txt").readall()
        names = [entry.name for entry in container.list_blobs()]
        container.delete_blob("a/b.txt")
        return data, names, len(list(container.list_blobs()))

    assert await _with_blobs(Tenant(clock=ManualClock()), work) == (b"hello", ["a/b.txt"], 0)


async def test_the_azure_sdks_lease_client_meets_the_services_rules() -> None:
    from azure.core.exceptions import HttpResponseError, ResourceExistsError
    from azure.storage.blob import BlobLeaseClient

    clock = ManualClock()

    def work(service: Any) -> list[Any]:
        client = service.create_container("locks").upload_blob("l", b"")
        lease = BlobLeaseClient(client)
        lease.acquire(lease_duration=30)
        seen: list[Any] = [bool(lease.id)]
        with pytest.raises(ResourceExistsError) as second:
            BlobLeaseClient(client).acquire(lease_duration=30)
        seen.append(second.value.error_code)
        with pytest.raises(HttpResponseError) as short:
            BlobLeaseClient(client).acquire(lease_duration=14)
        seen.append(short.value.status_code)
        with pytest.raises(HttpResponseError) as unlocked:
            client.upload_blob(b"x", overwrite=True)
        seen.append((unlocked.value.status_code, unlocked.value.error_code))
        client.upload_blob(b"x", overwrite=True, lease=lease)
        lease.renew()
        lease.change("11111111-1111-1111-1111-111111111111")
        lease.release()
        other = BlobLeaseClient(client)
        other.acquire(lease_duration=-1)
        seen.append(client.get_blob_properties().lease.duration)
        seen.append(other.break_lease(lease_break_period=0))
        clock.advance(1)
        third = BlobLeaseClient(client)
        third.acquire(lease_duration=15)
        clock.advance(15)
        BlobLeaseClient(client).acquire(lease_duration=15)
        return seen

    seen = await _with_blobs(Tenant(clock=clock), work)

    assert seen == [True, "LeaseAlreadyPresent", 400, (412, "LeaseIdMissing"), "infinite", 0]


async def test_the_monitor_ingestion_client_uploads_logs() -> None:
    ingestion = pytest.importorskip("azure.monitor.ingestion", reason="azure-monitor-ingestion is not installed")
    from azure.core.credentials import AccessToken
    from azure.core.pipeline.policies import SansIOHTTPPolicy

    class Credential:
        def get_token(self, *scopes: str, **_: object) -> AccessToken:
            return AccessToken("token", 4_102_444_800)

    tenant = Tenant(clock=ManualClock())
    async with TenantServer(tenant) as server:

        def run() -> None:
            # The client's own policy refuses to send a token over plain HTTP, so the test replaces it.
            with ingestion.LogsIngestionClient(
                f"{server.url}/monitor", Credential(), authentication_policy=SansIOHTTPPolicy()
            ) as client:
                client.upload("dcr-1", "Custom-Runs_CL", [{"Name": "a"}, {"Name": "b"}])

        await asyncio.to_thread(run)

    assert [row["Name"] for _, row in tenant.store_of("azuremonitorlogs").rows("table|Runs_CL")] == ["a", "b"]
