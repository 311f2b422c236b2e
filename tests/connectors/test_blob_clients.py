"""The Azure SDK's blob and lease clients on our blob service and on Azurite: the same calls, the same assertions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from tests.contracts.azurite import azurite

from runafter.tenant.clock import ManualClock
from runafter.tenant.http import TenantServer
from runafter.tenant.tenant import Tenant

blob = pytest.importorskip("azure.storage.blob", reason="azure-storage-blob is not installed")
# The well-known development account of Azure's own storage emulators.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
NOBODY = "00000000-0000-0000-0000-000000000000"
CHOSEN = "11111111-1111-1111-1111-111111111111"

Working = Callable[[Callable[[Any], Any]], Any]


async def _with_service(url: str, work: Callable[[Any], Any]) -> Any:
    def run() -> Any:
        credential = {"account_name": ACCOUNT, "account_key": KEY}
        with blob.BlobServiceClient(f"{url}/{ACCOUNT}", credential=credential) as service:
            return work(service)

    return await asyncio.to_thread(run)


@pytest.fixture(params=["ours", "azurite"])
async def working(request: pytest.FixtureRequest) -> AsyncIterator[Working]:
    """A caller of work on a service that holds nothing."""
    if request.param == "azurite":
        with azurite() as url:
            yield lambda work: _with_service(url, work)
        return
    async with TenantServer(Tenant(clock=ManualClock())) as server:
        yield lambda work: _with_service(f"{server.url}/blob", work)


def _refusal(work: Callable[[], object]) -> tuple[int | None, str | None]:
    from azure.core.exceptions import HttpResponseError

    with pytest.raises(HttpResponseError) as refused:
        work()
    return refused.value.status_code, getattr(refused.value, "error_code", None)


async def test_blobs_are_written_read_listed_and_deleted(working: Working) -> None:
    def work(service: Any) -> list[Any]:
        container = service.create_container("files")
        container.upload_blob("a/b.txt", b"hello", metadata={"k": "v"})
        container.upload_blob("c.txt", b"other")
        client = container.get_blob_client("a/b.txt")
        seen: list[Any] = [client.download_blob().readall(), client.download_blob(offset=1, length=3).readall()]
        seen.append(client.get_blob_properties().metadata)
        seen.append([entry.name for entry in container.list_blobs()])
        seen.append([entry.name for entry in container.list_blobs(name_starts_with="a/")])
        seen.append(_refusal(lambda: container.upload_blob("c.txt", b"again")))
        container.delete_blob("a/b.txt")
        seen.append(_refusal(client.download_blob))
        seen.append(_refusal(lambda: service.create_container("files")))
        seen.append([entry.name for entry in service.list_containers()])
        return seen

    assert await working(work) == [
        b"hello",
        b"ell",
        {"k": "v"},
        ["a/b.txt", "c.txt"],
        ["a/b.txt"],
        (409, "BlobAlreadyExists"),
        (404, "BlobNotFound"),
        (409, "ContainerAlreadyExists"),
        ["files"],
    ]


async def test_a_write_with_a_stale_etag_is_412_and_leaves_the_blob(working: Working) -> None:
    def work(service: Any) -> list[Any]:
        from azure.core import MatchConditions

        client = service.create_container("files").upload_blob("c", b"1")
        stale = client.get_blob_properties().etag
        client.upload_blob(b"2", overwrite=True, etag=stale, match_condition=MatchConditions.IfNotModified)
        refused = _refusal(
            lambda: client.upload_blob(b"3", overwrite=True, etag=stale, match_condition=MatchConditions.IfNotModified)
        )
        return [refused, client.download_blob().readall()]

    assert await working(work) == [(412, "ConditionNotMet"), b"2"]


@pytest.mark.parametrize(
    ("seconds", "accepted"), [(14, False), (15, True), (60, True), (61, False), (0, False), (-1, True)]
)
async def test_a_lease_lasts_15_to_60_seconds_or_for_ever(working: Working, seconds: int, accepted: bool) -> None:
    def work(service: Any) -> object:
        lease = blob.BlobLeaseClient(service.create_container("locks").upload_blob("l", b""))
        if not accepted:
            return _refusal(lambda: lease.acquire(lease_duration=seconds))[0]
        lease.acquire(lease_duration=seconds)
        return bool(lease.id)

    assert await working(work) == (True if accepted else 400)


async def test_one_holder_at_a_time_and_the_others_are_told_why(working: Working) -> None:
    def work(service: Any) -> list[Any]:
        client = service.create_container("locks").upload_blob("l", b"")
        lease, second = blob.BlobLeaseClient(client), blob.BlobLeaseClient(client)
        lease.acquire(lease_duration=30)
        seen: list[Any] = [_refusal(lambda: second.acquire(lease_duration=30))]
        seen.append(_refusal(lambda: blob.BlobLeaseClient(client, lease_id=NOBODY).release()))
        seen.append(_refusal(lambda: blob.BlobLeaseClient(client, lease_id=NOBODY).renew()))
        seen.append(_refusal(lambda: client.upload_blob(b"x", overwrite=True)))
        seen.append(_refusal(lambda: client.upload_blob(b"x", overwrite=True, lease=NOBODY)))
        seen.append(_refusal(client.delete_blob))
        client.upload_blob(b"x", overwrite=True, lease=lease)
        lease.renew()
        lease.change(CHOSEN)
        seen.append(lease.id)
        held = client.get_blob_properties().lease
        seen.append((held.state, held.status, held.duration))
        lease.release()
        second.acquire(lease_duration=-1)
        seen.append(client.get_blob_properties().lease.duration)
        return seen

    assert await working(work) == [
        (409, "LeaseAlreadyPresent"),
        (409, "LeaseIdMismatchWithLeaseOperation"),
        (409, "LeaseIdMismatchWithLeaseOperation"),
        (412, "LeaseIdMissing"),
        (412, "LeaseIdMismatchWithBlobOperation"),
        (412, "LeaseIdMissing"),
        CHOSEN,
        ("leased", "locked", "fixed"),
        "infinite",
    ]


async def test_a_broken_lease_is_free_for_the_next(working: Working) -> None:
    def work(service: Any) -> list[Any]:
        client = service.create_container("locks").upload_blob("l", b"")
        lease = blob.BlobLeaseClient(client)
        lease.acquire(lease_duration=-1)
        seen: list[Any] = [lease.break_lease(lease_break_period=0), client.get_blob_properties().lease.state]
        seen.append(_refusal(lease.renew))
        third = blob.BlobLeaseClient(client)
        third.acquire(lease_duration=15)
        seen.append(third.id != lease.id)
        return seen

    assert await working(work) == [0, "broken", (409, "LeaseIsBrokenAndCannotBeRenewed"), True]


async def test_a_lease_of_a_blob_that_is_not_there_is_404(working: Working) -> None:
    def work(service: Any) -> object:
        client = service.create_container("locks").get_blob_client("nothing")
        return _refusal(lambda: blob.BlobLeaseClient(client).acquire(lease_duration=15))

    assert await working(work) == (404, "BlobNotFound")


async def test_a_lease_ends_when_its_time_is_over() -> None:
    """Only ours has a clock that a test can turn."""
    clock = ManualClock()

    def work(service: Any) -> object:
        client = service.create_container("locks").upload_blob("l", b"")
        blob.BlobLeaseClient(client).acquire(lease_duration=15)
        clock.advance(14.9)
        early = _refusal(lambda: blob.BlobLeaseClient(client).acquire(lease_duration=15))
        clock.advance(0.1)
        blob.BlobLeaseClient(client).acquire(lease_duration=15)
        return early

    async with TenantServer(Tenant(clock=clock)) as server:
        assert await _with_service(f"{server.url}/blob", work) == (409, "LeaseAlreadyPresent")
