"""Rows C-75 to C-79 and C-82: leases by raw HTTP, as the article writes it."""

from __future__ import annotations

import pytest

BLOB = "https://yourstorage.blob.core.windows.net/locks/order-counter.lock"
SEED = {"azureblob": {"containers": {"locks": {"order-counter.lock": "free"}}}}


@pytest.fixture
def lease(make, http):
    tenant = make(SEED)

    async def send(action: str, **headers: str):
        sent = {"x-ms-version": "2021-12-02", "x-ms-lease-action": action}
        sent |= {f"x-ms-{name.replace('_', '-')}": value for name, value in headers.items()}
        return await http(tenant, "PUT", f"{BLOB}?comp=lease", headers=sent)

    send.tenant = tenant
    return send


@pytest.mark.parametrize(
    ("duration", "status"), [("14", 400), ("61", 400), ("0", 400), ("x", 400), ("15", 201), ("60", 201), ("-1", 201)]
)
async def test_durations(lease, duration: str, status: int) -> None:
    outcome = await lease("acquire", lease_duration=duration)

    assert outcome.status_code == status
    assert ("x-ms-lease-id" in outcome.headers) is (status == 201)


async def test_a_second_acquire_is_409_lease_already_present(lease) -> None:
    await lease("acquire", lease_duration="30")

    outcome = await lease("acquire", lease_duration="30")

    assert (outcome.status_code, outcome.code) == (409, "LeaseAlreadyPresent")
    assert outcome.headers["x-ms-error-code"] == "LeaseAlreadyPresent"


async def test_release_by_the_holder_is_200_and_by_another_409(lease) -> None:
    held = (await lease("acquire", lease_duration="30")).headers["x-ms-lease-id"]

    other = await lease("release", lease_id="00000000-0000-0000-0000-000000000000")
    own = await lease("release", lease_id=held)

    assert (other.status_code, other.code) == (409, "LeaseIdMismatchWithLeaseOperation")
    assert own.status_code == 200
    assert (await lease("acquire", lease_duration="30")).status_code == 201


async def test_a_crashed_holders_lease_ends_at_30_seconds_and_not_before(lease, clock) -> None:
    await lease("acquire", lease_duration="30")

    clock.advance(29.999)
    before = await lease("acquire", lease_duration="30")
    clock.advance(0.001)
    after = await lease("acquire", lease_duration="30")

    assert (before.status_code, after.status_code) == (409, 201)


async def test_renew_prolongs_and_change_gives_another_id(lease, clock) -> None:
    held = (await lease("acquire", lease_duration="15")).headers["x-ms-lease-id"]
    clock.advance(10)
    renewed = await lease("renew", lease_id=held)
    clock.advance(10)

    changed = await lease("change", lease_id=held, proposed_lease_id="11111111-1111-1111-1111-111111111111")

    assert (renewed.status_code, changed.status_code) == (200, 200)
    assert changed.headers["x-ms-lease-id"] == "11111111-1111-1111-1111-111111111111"
    assert (await lease("renew", lease_id=held)).status_code == 409


async def test_break_leaves_the_rest_of_the_period(lease, clock) -> None:
    await lease("acquire", lease_duration="60")

    broken = await lease("break", lease_break_period="10")

    assert (broken.status_code, broken.headers["x-ms-lease-time"]) == (202, "10")
    assert (await lease("acquire", lease_duration="15")).status_code == 409
    clock.advance(10)
    assert (await lease("acquire", lease_duration="15")).status_code == 201


async def test_writing_a_leased_blob_needs_the_lease_id(lease, http) -> None:
    held = (await lease("acquire", lease_duration="30")).headers["x-ms-lease-id"]
    headers = {"x-ms-blob-type": "BlockBlob"}

    without = await http(lease.tenant, "PUT", BLOB, headers=headers, body="x")
    wrong = await http(lease.tenant, "PUT", BLOB, headers={**headers, "x-ms-lease-id": "no"}, body="x")
    right = await http(lease.tenant, "PUT", BLOB, headers={**headers, "x-ms-lease-id": held}, body="x")

    assert (without.status_code, without.code) == (412, "LeaseIdMissing")
    assert (wrong.status_code, wrong.code) == (412, "LeaseIdMismatchWithBlobOperation")
    assert right.status_code == 201


async def test_delete_is_no_release_it_removes_the_blob(lease, http) -> None:
    held = (await lease("acquire", lease_duration="30")).headers["x-ms-lease-id"]

    deleted = await http(lease.tenant, "DELETE", BLOB, headers={"x-ms-lease-id": held})

    assert deleted.status_code == 202
    assert (await lease("acquire", lease_duration="30")).code == "BlobNotFound"
