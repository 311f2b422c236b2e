"""The catalog's contract, on memory, SQLite and PostgreSQL."""

from __future__ import annotations

import pytest

from runafter.catalog.catalog import Catalog, token_digest
from runafter.catalog.rows import FlowMeta, HistoryDetail, InboxItem, TriggerHistory, TriggerState, WaitingRun
from runafter.storage.batch import Batch
from runafter.storage.faults import AlreadyThere

META = FlowMeta(owner="ann@contoso.example", deduplication_ttl_s=60.0)


@pytest.fixture
def catalog(storage) -> Catalog:
    return Catalog(storage)


async def install(catalog: Catalog, source: bytes = b"one", at: int = 1_000, **more):
    return await catalog.install("flow", title="Flow", program="p", source=source, meta=META, at=at, **more)


async def test_a_flow_comes_back_as_it_was_installed(catalog):
    flow = await install(catalog)

    assert await catalog.flows() == [flow]
    assert (flow.state, flow.meta) == ("Enabled", META)
    assert (await catalog.version("flow", flow.version)).source == b"one"


async def test_equal_content_is_no_new_version(catalog):
    first = await install(catalog)
    again = await install(catalog, at=2_000)

    assert again == first
    assert len(await catalog.versions("flow")) == 1


async def test_changed_content_is_a_new_version_and_the_old_one_stays(catalog):
    first = await install(catalog)
    second = await install(catalog, b"two", at=2_000)

    versions = await catalog.versions("flow")
    assert [row.version for row in versions] == [second.version, first.version]
    assert (await catalog.version("flow", first.version)).source == b"one"
    assert second.created_at == first.created_at


async def test_versions_of_one_tick_are_told_apart(catalog):
    await install(catalog)
    await install(catalog, b"two")
    await install(catalog, b"three")

    assert len(await catalog.versions("flow")) == 3
    flow = await catalog.flow("flow")
    assert (await catalog.version("flow", flow.version)).source == b"three"


async def test_a_disabled_flow_stays_so_with_a_new_version(catalog):
    flow = await install(catalog)
    await catalog.set_state(flow, "Disabled", 1_500)

    assert (await install(catalog, b"two", at=2_000)).state == "Disabled"
    enabled = await catalog.set_state(await catalog.flow("flow"), "Enabled", 3_000)
    assert enabled == await catalog.flow("flow")
    assert enabled.enabled_at == 3_000


async def test_a_removed_flow_is_gone_and_its_versions_stay(catalog):
    await install(catalog)

    assert await catalog.remove("flow")
    assert not await catalog.remove("flow")
    assert await catalog.flow("flow") is None
    assert len(await catalog.versions("flow")) == 1


async def test_the_last_state_of_a_trigger_counts(catalog):
    batch = Batch()
    catalog.set_trigger(batch, "flow", "tick", TriggerState(due_at=1))
    catalog.set_trigger(batch, "flow", "tick", TriggerState(due_at=2, cursor={"seen": 3}))
    await catalog.commit(batch)

    assert await catalog.trigger_states() == {("flow", "tick"): TriggerState(due_at=2, cursor={"seen": 3})}


async def test_histories_come_newest_first_in_pages(catalog):
    batch = Batch()
    for number, status in enumerate(["Succeeded", "Skipped", "Failed", "Succeeded"]):
        catalog.add_history(batch, history(f"0{9 - number}", status))
    await catalog.commit(batch)

    page = await catalog.histories("flow", "tick", limit=2)
    rest = await catalog.histories("flow", "tick", after=page[-1].id)
    assert [row.id for row in [*page, *rest]] == ["06", "07", "08", "09"]
    assert [row.id for row in await catalog.histories("flow", statuses=["Skipped", "Failed"])] == ["07", "08"]
    assert await catalog.history("07") == history("07", "Failed")
    assert await catalog.histories("other") == []


async def test_a_history_row_that_waited_is_replaced(catalog):
    for status in ("Waiting", "Succeeded"):
        batch = Batch()
        catalog.add_history(batch, history("01", status))
        await catalog.commit(batch)

    assert [row.status for row in await catalog.histories("flow")] == ["Succeeded"]


def history(identity: str, status) -> TriggerHistory:
    return TriggerHistory(
        id=identity,
        flow="flow",
        trigger="tick",
        status=status,
        started_at=1,
        ended_at=2,
        detail=HistoryDetail(outputs={"body": [1]}),
    )


async def test_a_key_is_claimed_once_until_it_runs_out(catalog):
    await claim(catalog, "run1", now=10, until=20)

    with pytest.raises(AlreadyThere):
        await claim(catalog, "run2", now=19, until=40)
    assert await catalog.claimed("flow", "k", 19) == "run1"
    await claim(catalog, "run3", now=20, until=30)
    assert await catalog.claimed("flow", "k", 20) == "run3"
    assert await catalog.claimed("flow", "k", 30) is None
    assert await catalog.purge_keys(30) == 1


async def test_of_two_claims_at_once_one_is_refused_alone(catalog):
    first, second = Batch(), Batch()
    catalog.claim(first, "flow", "k", "run1", now=0, until=9)
    catalog.claim(second, "flow", "k", "run2", now=0, until=9)
    faults = []
    first.then = second.then = faults.append
    catalog.storage.submit(first)
    catalog.storage.submit(second)
    await catalog.storage.flush()

    assert [type(fault) for fault in faults] == [type(None), AlreadyThere]
    assert await catalog.claimed("flow", "k", 1) == "run1"


async def claim(catalog: Catalog, run_id: str, *, now: int, until: int) -> None:
    batch = Batch()
    catalog.claim(batch, "flow", "k", run_id, now=now, until=until)
    await catalog.commit(batch)


async def test_waiting_runs_keep_their_order(catalog):
    batch = Batch()
    runs = [
        WaitingRun(run_id=run, flow="flow", trigger="t", version="1", since=since, event={"n": since})
        for run, since in (("c", 1), ("b", 2), ("a", 3))
    ]
    for run in reversed(runs):
        catalog.wait(batch, run)
    await catalog.commit(batch)

    assert await catalog.waiting() == runs
    batch = Batch()
    catalog.leave(batch, "b")
    await catalog.commit(batch)
    assert [run.run_id for run in await catalog.waiting()] == ["c", "a"]


async def test_a_secret_is_made_once_and_can_be_replaced(catalog):
    assert await catalog.secret("sas/flow", b"first", 1) == b"first"
    assert await catalog.secret("sas/flow", b"second", 2) == b"first"
    await catalog.replace_secret("sas/flow", b"third", 3)
    assert await catalog.secret("sas/flow", b"fourth", 4) == b"third"


async def test_of_a_token_only_the_digest_is_kept(catalog):
    row = await catalog.add_token("very-secret", name="laptop", at=1, until=9)

    assert await catalog.tokens() == [row]
    assert "very-secret" not in repr(row)
    assert row.digest == token_digest("very-secret")
    assert await catalog.remove_token(row.digest)
    assert await catalog.tokens() == []


async def test_an_inbox_item_is_closed_in_place(catalog):
    item = InboxItem(id="1", kind="approval", flow="f", run_id="r", status="open", created_at=5, detail={"title": "T"})
    for each in (item, InboxItem(**{**fields(item), "status": "closed", "closed_at": 6})):
        batch = Batch()
        catalog.put_item(batch, each)
        await catalog.commit(batch)

    assert await catalog.items(status="open") == []
    assert [found.closed_at for found in await catalog.items(kind="approval", run_id="r")] == [6]
    assert (await catalog.item("1")).detail == {"title": "T"}


def fields(item: InboxItem) -> dict:
    return {name: getattr(item, name) for name in item.__struct_fields__}


@pytest.mark.parametrize("text", ["a\x00b", "half \ud800", "\udfff\x00"])
async def test_no_character_of_a_text_keeps_a_row_out(catalog, text):
    batch = Batch()
    catalog.claim(batch, "flow", text, "run", now=1, until=100)
    catalog.add_history(
        batch,
        TriggerHistory(
            id="h1", flow="flow", trigger="t", status="Failed", started_at=1, ended_at=1, client_tracking_id=text
        ),
    )
    await catalog.commit(batch)
    again = Batch()
    catalog.claim(again, "flow", text, "other", now=2, until=100)
    with pytest.raises(AlreadyThere):
        await catalog.commit(again)
    (row,) = await catalog.histories("flow")

    assert await catalog.claimed("flow", text, 2) == "run"
    assert (row.id, len(row.client_tracking_id)) == ("h1", len(text))
