"""Rows C-39 to C-50: limits are counted exactly, per connection and per user."""

from __future__ import annotations

import asyncio

from runafter.simulator.loop import VirtualLoop
from runafter.tenant.clock import LoopClock
from runafter.tenant.profiles import Latency, TenantProfile
from runafter.tenant.tenant import Tenant

SITE = "https://contoso.sharepoint.com/sites/ops"
ITEMS = {"dataset": SITE, "table": "Orders"}
MAIL = {"emailMessage": {"To": "grace@contoso.example", "Subject": "Hi", "Body": "Text"}}


async def test_the_601st_sharepoint_call_within_a_minute_is_429_with_retry_after(make, call, clock) -> None:
    tenant = make()
    for _ in range(600):
        assert (await call(tenant, "shared_sharepointonline", "GetItems", ITEMS)).status_code == 200
        clock.advance(0.01)

    outcome = await call(tenant, "shared_sharepointonline", "GetItems", ITEMS)

    assert outcome.status_code == 429
    assert outcome.headers["Retry-After"] == str(int(outcome.retry_after_s or 0))
    assert outcome.retry_after_s == 54
    assert "Rate limit is exceeded" in outcome.body["message"]


async def test_a_call_is_let_in_again_when_the_window_has_moved_on(make, call, clock) -> None:
    tenant = make()
    for _ in range(600):
        await call(tenant, "shared_sharepointonline", "GetItems", ITEMS)
    refused = await call(tenant, "shared_sharepointonline", "GetItems", ITEMS)

    clock.advance(refused.retry_after_s or 0)

    assert (await call(tenant, "shared_sharepointonline", "GetItems", ITEMS)).status_code == 200


async def test_two_connections_of_one_user_get_1200_a_minute_and_are_stopped_by_the_user_layer(
    make, call, clock
) -> None:
    tenant = make()
    statuses = list[int | None]()
    stopped_by = None
    for _minute in range(3):
        for number in range(1200):
            outcome = await call(tenant, "shared_sharepointonline", "GetItems", ITEMS, connection=f"c{number % 2}")
            statuses.append(outcome.status_code)
            stopped_by = stopped_by or tenant.served[-1].throttled_by
        clock.advance(60)

    assert statuses.count(200) == 3000
    assert statuses.index(429) == 3000
    assert stopped_by == "sharepointonline.user"


async def test_the_31st_mail_within_a_minute_is_429_and_reading_is_not_counted(make, call, clock) -> None:
    tenant = make()
    for _ in range(30):
        assert (await call(tenant, "shared_office365", "SendEmailV2", MAIL)).status_code == 200
        clock.advance(1)
        assert (await call(tenant, "shared_office365", "GetEmailsV3", {})).status_code == 200

    outcome = await call(tenant, "shared_office365", "SendEmailV2", MAIL)

    assert (outcome.status_code, outcome.retry_after_s) == (429, 30)
    assert (await call(tenant, "shared_office365", "GetEmailsV3", {})).status_code == 200
    assert len(tenant.store_of("office365").rows("outbox")) == 30


ROWS = {"entityName": "accounts"}


async def test_dataverse_refuses_the_6001st_request_of_a_user_within_five_minutes(make, call) -> None:
    tenant = make()
    for _ in range(6000):
        await call(tenant, "shared_commondataserviceforapps", "ListRecords", ROWS)

    outcome = await call(tenant, "shared_commondataserviceforapps", "ListRecords", ROWS, connection="another")

    assert (outcome.status_code, outcome.code) == (429, "0x80072322")
    assert outcome.message == "Number of requests exceeded the limit of 6000 over time window of 300 seconds."
    assert outcome.headers["Retry-After"] == "300"


def _slow(seconds: float) -> TenantProfile:
    return TenantProfile(name="slow", title="slow", default=Latency(service_s=seconds))


def test_dataverse_refuses_the_53rd_request_at_once(call) -> None:
    async def run() -> list[str | None]:
        tenant = Tenant(clock=LoopClock(638_000_000_000_000_000), profile=_slow(1.0))
        calls = [call(tenant, "shared_commondataserviceforapps", "ListRecords", ROWS) for _ in range(60)]
        return [outcome.code for outcome in await asyncio.gather(*calls)]

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        codes = runner.run(run())

    assert codes.count(None) == 52
    assert codes.count("0x80072326") == 8


def test_dataverse_refuses_more_than_1200_seconds_of_execution_within_five_minutes(call) -> None:
    async def run() -> list[str | None]:
        tenant = Tenant(clock=LoopClock(638_000_000_000_000_000), profile=_slow(60.0))
        codes = list[str | None]()
        for _ in range(2):
            found = await asyncio.gather(*(call(tenant, "dataverse", "ListRecords", ROWS) for _ in range(10)))
            codes += [outcome.code for outcome in found]
        codes.append((await call(tenant, "dataverse", "ListRecords", ROWS)).code)
        return codes

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        codes = runner.run(run())

    assert codes == [None] * 20 + ["0x80072321"]


async def test_the_calibrated_profile_lets_a_burst_pass_and_then_2_2_calls_a_second(make, call, clock) -> None:
    tenant = make(profile="calibrated-sharepoint")
    started = clock.now_ticks()

    outcome = await call(tenant, "sharepointonline", "GetItems", ITEMS)

    assert outcome.status_code == 200
    assert 2.8 <= (clock.now_ticks() - started) / 1e7 <= 3.17


async def test_overrides_of_a_profile_replace_the_documented_limits(make, call) -> None:
    tenant = make(profile="unlimited")

    statuses = {(await call(tenant, "shared_sharepointonline", "GetItems", ITEMS)).status_code for _ in range(700)}

    assert statuses == {200}
