"""Rows C-68 to C-72, C-131 to C-134: list items with versions, choices and queries, through both faces."""

from __future__ import annotations

import asyncio
import json

import pytest

from runafter.protocol.commands import CallOperation, Target
from runafter.simulator.loop import VirtualLoop
from runafter.tenant.clock import LoopClock
from runafter.tenant.profiles import Latency, TenantProfile
from runafter.tenant.seeds import apply_seed
from runafter.tenant.tenant import Tenant

SITE = "https://contoso.sharepoint.com/sites/reports"
COLUMNS = {
    "AssignedTo": "text",
    "Status": {"type": "choice", "choices": ["Pending", "Processing", "Complete", "Failed"], "default": "Pending"},
    "Total": "number",
}
SEED = {
    "sharepoint": {},
    "sharepointonline": {
        "sites": {
            SITE: {
                "lists": {
                    "Weekly Reports": {
                        "columns": COLUMNS,
                        "items": [
                            {"Title": f"Report {n}", "AssignedTo": f"u{n}@contoso.example", "Total": n,
                             "Status": "Pending" if n % 3 else "Complete"}
                            for n in range(1, 31)
                        ],
                    }
                }
            }
        }
    },
}  # fmt: skip
SEED.pop("sharepoint")
LIST = {"dataset": SITE, "table": "Weekly Reports"}
REST = f"{SITE}/_api/web/lists/getbytitle('Weekly Reports')/items"
VERBOSE = {"Accept": "application/json;odata=verbose", "Content-Type": "application/json;odata=verbose"}


async def test_get_items_filters_selects_orders_and_limits(make, call) -> None:
    tenant = make(SEED)

    outcome = await call(tenant, "shared_sharepointonline", "GetItems",
                         {**LIST, "$filter": "Status eq 'Pending'", "$orderby": "Total desc", "$top": 5})  # fmt: skip

    values = outcome.body["value"]
    assert [item["Total"] for item in values] == [29, 28, 26, 25, 23]
    assert {item["Status"]["Value"] for item in values} == {"Pending"}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Status eq 'Pending'", 20),
        ("Status ne 'Pending' and Total gt 15", 5),
        ("substringof('Report 1', Title)", 11),
        ("startswith(Title,'Report 2') or ID eq 5", 12),
        ("not (Total le 28)", 2),
        ("Created ge datetime'2000-01-01T00:00:00Z'", 30),
        ("Title eq null", 0),
    ],
)
async def test_filters(make, call, text: str, count: int) -> None:
    tenant = make(SEED)

    outcome = await call(tenant, "sharepointonline", "GetItems", {**LIST, "$filter": text, "$top": 5000})

    assert len(outcome.body["value"]) == count


async def test_a_broken_filter_is_400(make, call) -> None:
    tenant = make(SEED)

    outcome = await call(tenant, "sharepointonline", "GetItems", {**LIST, "$filter": "Status = 'Pending'"})

    assert outcome.status_code == 400
    assert "not valid" in (outcome.message or "")


async def test_a_choice_that_the_column_lacks_is_refused(make, call) -> None:
    tenant = make(SEED)

    outcome = await call(tenant, "sharepointonline", "PatchItem", {**LIST, "id": 1, "item/Status/Value": "Done"})

    assert outcome.status_code == 400
    assert "'Done' is not one of the choices" in (outcome.message or "")


async def test_a_stale_if_match_is_412_and_leaves_the_item(make, http) -> None:
    tenant = make(SEED)
    read = await http(tenant, "GET", f"{REST}(1)", headers=VERBOSE)
    etag = read.body["d"]["__metadata"]["etag"]
    merge = {**VERBOSE, "X-HTTP-Method": "MERGE"}
    body = {"__metadata": {"type": "SP.Data.Weekly_x0020_ReportsListItem"}, "Total": 100}

    fresh = await http(tenant, "POST", f"{REST}(1)", headers={**merge, "IF-MATCH": etag}, body=body)
    stale = await http(tenant, "POST", f"{REST}(1)", headers={**merge, "IF-MATCH": etag}, body={"Total": 200})
    forced = await http(tenant, "POST", f"{REST}(1)", headers={**merge, "IF-MATCH": "*"}, body={"Total": 300})

    assert (fresh.status_code, stale.status_code, forced.status_code) == (204, 412, 204)
    assert fresh.headers["ETag"] != etag
    after = (await http(tenant, "GET", f"{REST}(1)", headers=VERBOSE)).body["d"]
    assert (after["Total"], after["Title"], after["AssignedTo"]) == (300, "Report 1", "u1@contoso.example")


async def test_a_list_set_so_answers_409_to_a_stale_version(make, http) -> None:
    seed = {
        "sharepointonline": {"sites": {SITE: {"lists": {"L": {"items": [{"Title": "a"}], "conflict_status": 409}}}}}
    }
    tenant = make(seed)

    outcome = await http(tenant, "PATCH", f"{SITE}/_api/web/lists/getbytitle('L')/items(1)", headers={"If-Match": '"9"'}, body={"Title": "b"})  # fmt: skip

    assert outcome.status_code == 409


async def test_send_an_http_request_reaches_the_same_items(make, call) -> None:
    tenant = make(SEED)
    parameters = {
        "dataset": SITE,
        "parameters/method": "GET",
        "parameters/uri": "_api/web/lists/getbytitle('Weekly%20Reports')/items?$filter=Status eq 'Pending'&$top=3&$select=Title,Id",
        "parameters/headers": {"Accept": "application/json;odata=nometadata"},
    }

    outcome = await call(tenant, "shared_sharepointonline", "HttpRequest", parameters)

    assert outcome.body["value"] == [{"Title": f"Report {n}", "Id": n} for n in (1, 2, 4)]


async def test_an_unknown_list_of_a_seeded_site_is_404(make, call) -> None:
    tenant = make(SEED)

    outcome = await call(tenant, "sharepointonline", "GetItems", {"dataset": SITE, "table": "Nope"})

    assert outcome.status_code == 404
    assert "List 'Nope' does not exist" in (outcome.message or "")


async def test_items_come_a_hundred_at_a_time_unless_pagination_asks_for_more(make, call) -> None:
    items = [{"Title": str(n)} for n in range(250)]
    tenant = make({"sharepointonline": {"sites": {SITE: {"lists": {"Big": {"items": items}}}}}})
    big = {"dataset": SITE, "table": "Big"}

    one = await call(tenant, "sharepointonline", "GetItems", big)
    whole = await call(tenant, "sharepointonline", "GetItems", big, options={"minimum_items": 1000})

    assert (len(one.body["value"]), "@odata.nextLink" in one.body) == (100, True)
    assert (len(whole.body["value"]), "@odata.nextLink" in whole.body) == (250, False)


async def test_a_site_can_be_created_and_files_put_into_it(make, call, http) -> None:
    tenant = make()
    url = "https://contoso.sharepoint.com/sites/ada"
    body = json.dumps({"request": {"Title": "Ada", "Url": url, "WebTemplate": "STS#3"}})

    made = await call(tenant, "sharepointonline", "HttpRequest", {
        "dataset": "https://contoso.sharepoint.com", "parameters/method": "POST",
        "parameters/uri": "_api/SPSiteManager/create", "parameters/body": body})  # fmt: skip
    await call(
        tenant,
        "sharepointonline",
        "CreateFile",
        {"dataset": url, "folderPath": "/Shared Documents", "name": "a.txt", "body": "hello"},
    )
    read = await http(tenant, "GET", f"{url}/_api/web/GetFileByServerRelativeUrl('/Shared Documents/a.txt')")

    assert made.body["SiteStatus"] == 2
    assert (read.body["Name"], read.body["Length"]) == ("a.txt", "5")


# -- optimistic retry: rows C-55 and C-72 ------------------------------------------------------------------------------


def _count_to_25(seed: int, *, optimistic: bool) -> tuple[int, int]:
    """Increment a counter of 5 twenty times at once; return where it ends and the number of conflicts."""

    async def run() -> tuple[int, int]:
        profile = TenantProfile(
            name="slow", title="", default=Latency(service_s=0.2, service_jitter_s=0.4), throttling=False
        )
        tenant = Tenant(clock=LoopClock(638_000_000_000_000_000), profile=profile, seed=seed)
        apply_seed(
            tenant,
            {"sharepointonline": {"sites": {SITE: {"lists": {"Counter": {"items": [{"Title": "c", "Value": 5}]}}}}}},
        )
        item, conflicts = f"{SITE}/_api/web/lists/getbytitle('Counter')/items(1)", 0

        async def send(ident: str, method: str, **inputs: object) -> object:
            inputs = {"method": method, "uri": item, **inputs}
            return await tenant.perform(
                CallOperation(id=ident, run_id="r", action="a", target=Target(type="Http"), inputs=inputs)
            )

        async def increment(number: int) -> None:
            nonlocal conflicts
            for attempt in range(200):
                read = await send(
                    f"{number}/{attempt}/get", "GET", headers={"Accept": "application/json;odata=verbose"}
                )
                row = read.body["d"]
                tag = row["__metadata"]["etag"] if optimistic else "*"
                body = {"Value": row["Value"] + 1}
                done = await send(f"{number}/{attempt}/set", "PATCH", headers={"If-Match": tag}, body=body)
                if done.status_code == 204:
                    return
                conflicts += 1

        await asyncio.gather(*(increment(number) for number in range(20)))
        found = tenant.store_of("sharepointonline").rows(f"{SITE}|Counter")[0][1]["Value"]
        return found, conflicts

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(run())


@pytest.mark.slow
def test_twenty_optimistic_increments_end_at_25_for_every_seed() -> None:
    results = [_count_to_25(seed, optimistic=True) for seed in range(200)]

    assert {value for value, _ in results} == {25}
    assert all(conflicts > 0 for _, conflicts in results)


def test_naive_increments_lose_updates() -> None:
    results = {_count_to_25(seed, optimistic=False)[0] for seed in range(50)}

    assert max(results) < 25
    assert min(results) >= 6


async def test_a_batch_sent_by_a_flow_is_no_transaction(make, call) -> None:
    tenant = make(SEED)
    address = f"{SITE}/_api/web/lists/getbytitle('Weekly Reports')/items"
    change = "Content-Type: application/http\n\n{0} {1} HTTP/1.1\nContent-Type: application/json\nIf-Match: *\n\n{2}\n"
    changes = [
        change.format("POST", address, '{"Title": "Added"}'),
        change.format("PATCH", f"{address}(999)", '{"Title": "Nobody"}'),
        change.format("PATCH", f"{address}(1)", '{"Title": "Changed"}'),
    ]
    inner = "".join(f"--changeset_1\n{entry}" for entry in changes) + "--changeset_1--"
    body = f"--batch_1\nContent-Type: multipart/mixed; boundary=changeset_1\n\n{inner}\n--batch_1--"

    outcome = await call(tenant, "sharepointonline", "HttpRequest", {
        "dataset": SITE, "parameters/method": "POST", "parameters/uri": "_api/$batch", "parameters/body": body,
        "parameters/headers": {"Content-Type": "multipart/mixed; boundary=batch_1"}})  # fmt: skip

    titles = [row["Title"] for _, row in tenant.store_of("sharepointonline").rows(f"{SITE}|Weekly Reports")]
    assert outcome.status_code == 200
    assert [line.split()[1] for line in outcome.body.splitlines() if line.startswith("HTTP/1.1")] == [
        "201",
        "404",
        "204",
    ]
    assert (titles[0], titles[-1]) == ("Changed", "Added")
