"""What every backend's journal must do: import the tests into a module that has a `storage` fixture."""

from __future__ import annotations

import asyncio

import pytest

from runafter.hosts.clock import TICKS_PER_S, machine_clock
from runafter.journal.journal import Journal
from runafter.journal.leases import Leases
from runafter.protocol.commands import Attempt, FinishRun, RecordAction
from runafter.protocol.events import CallFinished, Outcome, RunStarted, SignalReceived
from runafter.storage.batch import Batch
from runafter.storage.faults import AlreadyThere, StaleWriter, StorageFault


async def commit(journal: Journal, batch: Batch) -> StorageFault | None:
    done = asyncio.get_running_loop().create_future()
    batch.then = done.set_result
    journal.storage.submit(batch)
    return await done


async def start(journal: Journal, run_id: str = "r1", owner: str = "h1", **more) -> RunStarted:
    started = RunStarted(at=10, run_id=run_id, program="p", trigger={"name": "manual"})
    batch = Batch()
    journal.begin(batch, started, flow=more.pop("flow", "Flow"), owner=owner, **more)
    journal.append(run_id, 0, [started], owner=owner, batch=batch)
    fault = await commit(journal, batch)
    if fault:
        raise fault
    return started


def answer(n: int, body=None) -> CallFinished:
    return CallFinished(
        id=f"r1/Get/{n}/1", at=20 + n, action="Get", repetition=(n,), outcome=Outcome(status_code=200, body=body)
    )


def record(action: str, repetition=(), **more) -> RecordAction:
    fields = {"type": "Http", "status": "Succeeded", "started_at": 1, "ended_at": 2, "tracking_id": "t"} | more
    return RecordAction(action=action, repetition=repetition, **fields)


async def test_a_journal_reads_back_as_written(storage) -> None:
    journal = Journal(storage)
    started = await start(journal)
    events = [answer(n, {"n": n, "big": 10**25, "half": 0.5, "text": "é\ud800"}) for n in range(300)]

    assert await commit(journal, journal.append("r1", 1, events, owner="h1")) is None

    assert await journal.read("r1") == [started, *events]
    assert await journal.beginning("r1") == started
    assert await journal.beginning("r2") is None
    header = await journal.run("r1")
    assert header is not None
    assert (header.position, header.status, header.started_at, header.owner) == (301, "Running", 10, "h1")


async def test_an_append_at_a_wrong_position_is_refused_whole(storage) -> None:
    journal = Journal(storage)
    started = await start(journal)
    stale = journal.append(
        "r1", 0, [answer(0)], owner="h1", records=[record("Get")], finish=FinishRun(status="Failed", at=9)
    )

    assert isinstance(await commit(journal, stale), StaleWriter)

    assert await journal.read("r1") == [started]
    assert await journal.history.actions("r1") == []
    header = await journal.run("r1")
    assert header is not None
    assert not header.is_finished


async def test_after_a_refused_append_those_that_continue_it_are_refused_too(storage) -> None:
    journal = Journal(storage)
    await start(journal)
    await start(journal, "r2")
    faults = await asyncio.gather(
        commit(journal, journal.append("r1", 5, [answer(0)], owner="h1")),
        commit(journal, journal.append("r1", 6, [answer(1)], owner="h1")),
        commit(journal, journal.append("r2", 1, [answer(2)], owner="h1")),
    )

    assert [type(fault) for fault in faults] == [StaleWriter, StaleWriter, type(None)]
    assert len(await journal.read("r1")) == 1
    assert len(await journal.read("r2")) == 2


async def test_of_two_writers_of_one_position_one_wins(storage) -> None:
    journal = Journal(storage)
    await start(journal)

    faults = await asyncio.gather(
        commit(journal, journal.append("r1", 1, [answer(0)], owner="h1")),
        commit(journal, journal.append("r1", 1, [answer(1)], owner="h1")),
    )

    assert sorted(type(fault).__name__ for fault in faults) == ["NoneType", "StaleWriter"]
    assert len(await journal.read("r1")) == 2


async def test_one_group_continues_one_run_many_times(storage) -> None:
    journal = Journal(storage)
    started = await start(journal)

    faults = await asyncio.gather(
        *[commit(journal, journal.append("r1", n + 1, [answer(n)], owner="h1")) for n in range(50)]
    )

    assert faults == [None] * 50
    assert await journal.read("r1") == [started, *[answer(n) for n in range(50)]]


async def test_a_host_that_lost_its_run_cannot_write_even_at_the_right_position(storage) -> None:
    journal = Journal(storage)
    leases = Leases(journal)
    await start(journal, owner="old")

    assert await leases.take("new", 10**18, 10) == ["r1"]

    assert isinstance(await commit(journal, journal.append("r1", 1, [answer(0)], owner="old")), StaleWriter)
    assert await commit(journal, journal.append("r1", 1, [answer(0)], owner="new")) is None


async def test_hosts_are_living_until_their_lease_is_over(storage) -> None:
    leases = Leases(Journal(storage))
    now = machine_clock()
    await leases.renew("living", now, 60 * TICKS_PER_S)
    await leases.renew("gone", now, -60 * TICKS_PER_S)

    assert await leases.living(now) == ["living"]
    assert sorted(await leases.owners()) == ["gone", "living"]


async def test_a_living_lease_protects_its_runs(storage) -> None:
    journal = Journal(storage)
    leases = Leases(journal)
    await start(journal, owner="old")
    await leases.renew("old", 10**18, 10**9)

    assert await leases.take("new", 10**18, 10) == []
    assert not await leases.take_one("new", 10**18, "r1")
    assert await leases.owned("old") == {"r1"}

    await leases.end("old")
    assert await leases.take_one("new", 10**18, "r1")


async def test_a_take_is_capped_and_oldest_first(storage) -> None:
    journal = Journal(storage)
    leases = Leases(journal)
    for name in ("r1", "r2", "r3"):
        await start(journal, name)

    assert await leases.take("new", 10**18, 2) == ["r3", "r2"]


async def test_a_parked_run_is_left_alone_until_it_wakes(storage) -> None:
    journal = Journal(storage)
    leases = Leases(journal)
    await start(journal)
    assert await leases.release("r1", "h1", 500, "Waiting")

    assert await leases.take("h2", 499, 10) == []
    assert await leases.parked(100, 10) == [("r1", 500)]
    header = await journal.run("r1")
    assert header is not None
    assert header.status == "Waiting"
    assert await leases.take("h2", 500, 10) == ["r1"]


async def test_mail_waits_for_the_runs_host(storage) -> None:
    journal = Journal(storage)
    leases = Leases(journal)
    await start(journal)
    event = SignalReceived(action="Ask", at=3, outputs={"body": "yes"})
    await leases.post("r1", event)

    ((number, run_id, found),) = await leases.mail("h1")
    assert (run_id, found) == ("r1", event)
    assert await leases.mail("h2") == []

    batch = journal.append("r1", 1, [event], owner="h1")
    batch.add(journal.statements["delete_mail"], number)
    assert await commit(journal, batch) is None
    assert await leases.mail_of("r1") == []


async def test_a_start_key_starts_one_run(storage) -> None:
    journal = Journal(storage)
    await start(journal, "r1", start_key="k")

    with pytest.raises(AlreadyThere):
        await start(journal, "r2", start_key="k")

    assert await journal.run_of_key("k") == "r1"
    assert await journal.run("r2") is None


async def test_a_large_body_is_kept_once_for_journal_and_history(storage) -> None:
    journal = Journal(storage)
    started = await start(journal)
    body = {"text": "x" * 20_000}
    events = [answer(n, body) for n in range(3)]
    outputs = {"statusCode": 200, "headers": {}, "body": body}
    records = [
        record("Get", (n,), has_outputs=True, outputs=outputs, has_inputs=True, inputs=["y" * 9000]) for n in range(3)
    ]

    assert await commit(journal, journal.append("r1", 1, events, owner="h1", records=records)) is None

    assert await journal.read("r1") == [started, *events]
    assert await storage.fetch_text("SELECT COUNT(*) FROM contents", ()) == [(2,)]
    rows = await journal.history.actions("r1", values=True)
    assert [row.outputs for row in rows] == [outputs] * 3
    assert rows[0].inputs == ["y" * 9000]


async def test_history_shows_what_was_recorded(storage) -> None:
    journal = Journal(storage)
    await start(journal)
    attempts = (Attempt(started_at=1, ended_at=2, status_code=503, wait_s=4.5),)
    records = [
        record("Loop", order=3, iterations=2, type="Foreach"),
        record(
            "Get",
            (0,),
            order=4,
            loops=("Loop",),
            status="Failed",
            code="NotFound",
            error={"code": "NotFound"},
            attempts=attempts,
        ),
        record("Get", (1,), order=4, has_inputs=True, inputs={"uri": "u"}, has_outputs=True, outputs=None),
        record("Deep", (1, 7), order=5, status="Skipped", because=("Get", "Failed", "NotFound")),
        record("Secret", order=6, has_inputs=True, inputs={"password": "p"}, secure_inputs=True),
    ]
    await commit(journal, journal.append("r1", 1, [answer(0)], owner="h1", records=records))
    history = journal.history

    assert [(row.action, row.repetition) for row in await history.actions("r1")] == [
        ("Loop", ()),
        ("Secret", ()),
        ("Get", (0,)),
        ("Get", (1,)),
        ("Deep", (1, 7)),
    ]
    assert [row.action for row in await history.actions("r1", within=())] == ["Loop", "Secret"]
    assert [row.action for row in await history.actions("r1", within=(1,))] == ["Get", "Deep"]
    assert [row.repetition for row in await history.actions("r1", action="Get", statuses=["Failed"])] == [(0,)]
    failed = await history.action("r1", "Get", (0,))
    assert failed is not None
    assert (failed.code, failed.detail.error, failed.detail.attempts) == ("NotFound", {"code": "NotFound"}, attempts)
    done = await history.action("r1", "Get", (1,))
    assert done is not None
    assert (done.inputs, done.has_outputs, done.outputs) == ({"uri": "u"}, True, None)
    secret = await history.action("r1", "Secret")
    assert secret is not None
    assert (secret.has_inputs, secret.inputs, secret.detail.secure_inputs) == (False, None, True)
    page = await history.actions("r1", after=("", "Secret"), limit=2)
    assert [(row.action, row.repetition) for row in page] == [("Get", (0,)), ("Get", (1,))]
    assert ("Get", "Failed", 1) in await history.counts("r1")
    assert await history.action("r1", "Get", (9,)) is None


async def test_rebuilding_history_replaces_it(storage) -> None:
    journal = Journal(storage)
    await start(journal)
    await commit(journal, journal.append("r1", 1, [answer(0)], owner="h1", records=[record("Wrong"), record("Get")]))
    batch = Batch()
    journal.history.rebuild("r1", [record("Get", code="OK")], batch)

    assert await commit(journal, batch) is None

    assert [(row.action, row.code) for row in await journal.history.actions("r1")] == [("Get", "OK")]


async def test_runs_are_listed_newest_first_with_filters(storage) -> None:
    journal = Journal(storage)
    for name, flow in (("r3", "A"), ("r2", "B"), ("r1", "A")):
        await start(journal, name, flow=flow)
    finish = FinishRun(status="Failed", at=99, code="ActionFailed", error={"code": "ActionFailed"}, outputs={"x": 1})
    await commit(journal, journal.append("r2", 1, [answer(0)], owner="h1", finish=finish))

    assert [run.id for run in await journal.runs()] == ["r1", "r2", "r3"]
    assert [run.id for run in await journal.runs(limit=1, after="r1")] == ["r2"]
    assert [run.id for run in await journal.runs(flow="A", statuses=["Running", "Waiting"])] == ["r1", "r3"]
    assert [run.id for run in await journal.runs(started_from=11)] == []
    (failed,) = await journal.runs(code="ActionFailed", started_from=10, started_before=11)
    assert (failed.id, failed.error, failed.outputs, failed.ended_at) == ("r2", {"code": "ActionFailed"}, {"x": 1}, 99)
    assert failed.owner is None


async def test_a_definition_is_kept_once(storage) -> None:
    journal = Journal(storage)
    for source in (b"one", b"two"):
        batch = Batch()
        journal.define(batch, "hash", "Flow", source)
        assert await commit(journal, batch) is None

    assert await journal.definition("hash") == ("Flow", b"one")
    assert await journal.definition("other") is None
