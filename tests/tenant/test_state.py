"""State in a file, seeds from YAML, profiles and what a person looks at afterwards."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from runafter.errors import NotSupported
from runafter.simulator.loop import VirtualLoop
from runafter.tenant.chance import chance
from runafter.tenant.clock import LoopClock, ManualClock
from runafter.tenant.profiles import Latency, TenantProfile, profile_named
from runafter.tenant.seeds import InvalidSeed, apply_seed, merge_seeds, read_seed, seed_file
from runafter.tenant.show import rows, summary
from runafter.tenant.state import BrokenState, SqliteState
from runafter.tenant.tenant import Tenant

SITE = "https://contoso.sharepoint.com/sites/reports"
SEED = f"""
user: grace@contoso.example
connections:
  robot: {{user: robot@contoso.example, idempotent: true}}
faults: ["dataverse.*=503#1"]
sharepointonline:
  sites:
    {SITE}:
      lists:
        Weekly Reports:
          columns: {{Status: {{type: choice, choices: [Pending, Done]}}}}
          items:
            - {{Title: One, Status: Pending}}
"""


async def test_a_file_keeps_the_state_over_a_restart(tmp_path: Path, call) -> None:
    path = tmp_path / "tenant.db"
    first = Tenant(clock=ManualClock(), state=SqliteState(path))
    apply_seed(first, read_seed(SEED))
    made = await call(first, "dataverse", "CreateRecord", {"entityName": "orders", "item/name": "A"})
    made = await call(first, "dataverse", "CreateRecord", {"entityName": "orders", "item/name": "A"})
    await call(
        first,
        "sharepointonline",
        "PatchItem",
        {"dataset": SITE, "table": "Weekly Reports", "id": 1, "item/Status": "Done"},
    )
    await first.close()

    second = Tenant(clock=ManualClock(), state=SqliteState(path))
    read = await call(second, "dataverse", "GetItem", {"entityName": "orders", "recordId": made.body["orderid"]})

    assert read.body["name"] == "A"
    assert rows(second, "sharepoint" + "online", "Weekly Reports")[0]["Status"] == "Done"
    assert second.new_id() != first.store_of("dataverse").rows("orders")[0][0]
    await second.close()


def test_a_file_that_is_no_state_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(b"this is no database, but long enough to be looked at" * 20)

    with pytest.raises(BrokenState):
        SqliteState(path)


def test_a_seed_file_fills_content_connections_and_faults(tmp_path: Path) -> None:
    path = tmp_path / "seed.yaml"
    path.write_text(SEED, "utf-8")
    tenant = Tenant(clock=ManualClock())

    seed_file(tenant, path)

    assert (tenant.user, tenant.connection("robot").user, len(tenant.faults.rules)) == (
        "grace@contoso.example",
        "robot@contoso.example",
        1,
    )
    assert rows(tenant, "sharepointonline", "Weekly Reports")[0]["Title"] == "One"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "no YAML"),
        ("- a", "mapping"),
        ("sharepoin: {}", "no service or key 'sharepoin'.*Did you mean 'sharepoint'"),
        ("dataverse: {tables: {a: {rows: [5]}}}", "5 stands here; a mapping of names is meant"),
        ("users: [a@x.example, a@x.example]", "already exists"),
    ],
)
def test_a_wrong_seed_is_named(text: str, words: str) -> None:
    with pytest.raises(InvalidSeed, match=words):
        apply_seed(Tenant(clock=ManualClock()), read_seed(text))


def test_several_seeds_make_one_company() -> None:
    columns = {"Title": "text"}
    first = {
        "users": ["anna@x.example", {"userPrincipalName": "ben@x.example", "department": "IT"}],
        "sharepoint": {"sites": {"https://x": {"lists": {"Errors": {"columns": columns, "items": [{"Title": "a"}]}}}}},
        "teams": {"teams": [{"id": "1", "channels": [{"id": "a"}]}]},
    }
    second = {
        "users": [{"userPrincipalName": "ANNA@x.example", "department": "HR"}, "cleo@x.example"],
        "sharepoint": {"sites": {"https://x": {"lists": {"Errors": {"items": [{"Title": "b"}, {"Title": "a"}]}}}}},
        "teams": {"teams": [{"id": "1", "channels": [{"id": "b"}, {"id": "a"}]}]},
        "licences": {"SPE_E3": 5},
    }

    whole = merge_seeds([("first.yaml", first), ("second.yaml", second)])
    with pytest.raises(InvalidSeed, match="'OPS' stands here, and 'IT' in a seed read before") as told:
        merge_seeds(
            [("1.yaml", first), ("2.yaml", {"users": [{"userPrincipalName": "Ben@x.example", "department": "OPS"}]})]
        )

    assert told.value.file == "2.yaml"
    assert told.value.pointer == "/users/0/department"
    assert whole["users"] == [
        {"userPrincipalName": "anna@x.example", "department": "HR"},
        {"userPrincipalName": "ben@x.example", "department": "IT"},
        "cleo@x.example",
    ]
    assert whole["sharepoint"]["sites"]["https://x"]["lists"]["Errors"] == {
        "columns": columns,
        "items": [{"Title": "a"}, {"Title": "b"}],
    }
    assert whole["teams"] == {"teams": [{"id": "1", "channels": [{"id": "a"}, {"id": "b"}]}]}
    apply_seed(Tenant(clock=ManualClock()), whole)


async def test_the_summary_counts_calls_throttles_and_faults(make, call) -> None:
    tenant = make(faults=["office365.*=503#1"])
    mail = {"emailMessage/To": "a@x.example", "emailMessage/Subject": "s", "emailMessage/Body": "b"}
    for _ in range(32):
        await call(tenant, "office365", "SendEmailV2", mail)

    found = summary(tenant)

    assert found["calls"] == {"office365.SendEmailV2": 32}
    assert (found["throttled"], found["faults"]) == ({"office365.sends": 1}, {"error": 1})
    assert found["rows"]["office365"]["outbox"] == 30


def test_showing_what_is_not_there_names_what_is(make) -> None:
    tenant = make(read_seed(SEED))

    with pytest.raises(NotSupported, match="Weekly Reports"):
        rows(tenant, "sharepointonline", "Nope")
    with pytest.raises(NotSupported, match="calibrated-sharepoint"):
        profile_named("nope")


def test_dispatch_jitter_lies_in_its_band_and_is_the_same_for_the_same_seed() -> None:
    profile = profile_named("documented")

    draws = sorted(profile.dispatch(chance(7, "latency", n)) for n in range(10_000))

    assert draws == sorted(profile.dispatch(chance(7, "latency", n)) for n in range(10_000))
    assert 0.2 <= draws[0] < 0.21
    assert 1.99 < draws[-1] <= 2.0
    assert 1.0 < draws[5000] < 1.2


def _spread(profile: TenantProfile) -> float:
    async def run(call_count: int = 30) -> float:
        from runafter.protocol.commands import CallOperation, Target

        clock = LoopClock(638_000_000_000_000_000)
        tenant = Tenant(clock=clock, profile=profile, seed=3)
        target = Target(type="OpenApiConnection", api="dataverse", operation="ListRecords")
        inputs = {"parameters": {"entityName": "accounts"}}
        await asyncio.gather(
            *(
                tenant.perform(CallOperation(id=f"r/{n}/1", run_id="r", action=str(n), target=target, inputs=inputs))
                for n in range(call_count)
            )
        )
        ends = [served.ended_at for served in tenant.served]
        return (max(ends) - min(ends)) / 1e7

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(run())


@pytest.mark.parametrize(
    "profile",
    [
        TenantProfile(name="d", title="", dispatch_s=(0.2, 2.0)),
        TenantProfile(name="o", title="", default=Latency(overhead_jitter_s=1.0)),
        TenantProfile(name="s", title="", default=Latency(service_jitter_s=1.0)),
    ],
    ids=["dispatch", "overhead", "service"],
)
def test_each_source_of_jitter_alone_widens_the_spread_and_none_leaves_none(profile: TenantProfile) -> None:
    assert _spread(TenantProfile(name="z", title="", default=Latency(service_s=1.0, overhead_s=0.5))) == 0
    assert _spread(profile) > 0.5


def test_a_tenant_is_seeded_before_there_is_an_event_loop() -> None:
    tenant = Tenant()

    apply_seed(tenant, {"sql": {"tables": {"T": {"columns": {"Id": "INT"}, "rows": [{"Id": 1}]}}}})

    assert [row["Id"] for row in rows(tenant, "sql", "T")] == [1]


async def test_what_a_turn_writes_is_in_the_file_before_its_calls_are_answered(tmp_path: Path, call) -> None:
    path = tmp_path / "tenant.db"
    tenant = Tenant(clock=ManualClock(), state=SqliteState(path))
    given = {"entityName": "orders", "item/name": "A"}

    made = await asyncio.gather(*(call(tenant, "dataverse", "CreateRecord", given) for _ in range(20)))
    left = SqliteState(path)  # as if the process had been killed here

    keys = [each.body["orderid"] for each in made]
    assert [key for key, _ in left.service("dataverse").rows("orders")] == keys
    left.close()
    await tenant.close()


async def test_rows_keep_their_order_and_halves_of_characters_in_the_file(tmp_path: Path) -> None:
    state = SqliteState(tmp_path / "tenant.db")
    store = state.service("s")
    for key in "abc":
        store.put("t", key, {"text": "\ud83d"})
    await state.keep()
    store.put("t", "b", {"text": "changed"})
    store.delete("t", "a")
    store.put("t", "a", {"text": "again"})
    store.put("t", "d", {})
    store.delete("t", "d")
    state.close()

    read = SqliteState(tmp_path / "tenant.db")
    assert read.service("s").rows("t") == store.rows("t")
    assert [key for key, _ in store.rows("t")] == ["b", "c", "a"]
    read.close()


async def test_a_file_that_cannot_be_written_fails_the_call_and_is_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "tenant.db"
    state = SqliteState(path)
    other = sqlite3.connect(path, isolation_level=None)
    state._connection.execute("PRAGMA busy_timeout = 0")
    other.execute("BEGIN IMMEDIATE")
    state.service("s").put("t", "a", {"n": 1})
    with pytest.raises(BrokenState, match="locked"):
        await state.keep()
    other.execute("ROLLBACK")
    other.close()
    await state.keep()

    assert not state.is_behind
    state.close()
    read = SqliteState(path)
    assert read.service("s").get("t", "a") == {"n": 1}
    read.close()


def test_a_file_is_shown_with_its_path():
    tenant = Tenant()
    site = "https://contoso.sharepoint.com/sites/x"
    apply_seed(tenant, {"sharepoint": {"sites": {site: {"files": {"/Shared Documents/a.txt": "hi"}}}}})

    shown = rows(tenant, "sharepoint", f"files|{site}")

    assert [row["path"] for row in shown] == ["/Shared Documents", "/Shared Documents/a.txt"]
