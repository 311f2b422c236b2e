"""Clients that others wrote, against our HTTP faces."""

from __future__ import annotations

import asyncio

import pytest

from runafter.tenant.clock import ManualClock
from runafter.tenant.http import TenantServer
from runafter.tenant.tenant import Tenant


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
