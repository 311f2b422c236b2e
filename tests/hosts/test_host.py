from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.hosts.flows import TRIGGER, Echo, chain, http, load, load_program, wait, webhook

from runafter.hosts.embedded.host import Host, HostStopped, UnknownRun
from runafter.hosts.embedded.replay import UnplayableRun
from runafter.journal.codec import CorruptJournal
from runafter.protocol.commands import FinishRun, RecordAction, SendResponse
from runafter.protocol.events import CallFinished, Outcome
from runafter.simulator.host import Simulation, run_virtual

THREE = chain(One=http(), Two=http(), Three=http())


async def begin(host: Host, source: bytes, **more: Any) -> str:
    return await host.start_run(load(source), TRIGGER, source=source, **more)


def test_a_run_ends_and_history_shows_it() -> None:
    async def main(world: Simulation) -> None:
        echo = Echo()
        host = world.host(echo)
        await host.start()
        run_id = await begin(host, THREE)

        finish = await host.wait(run_id)

        assert finish.status == "Succeeded"
        assert echo.calls == {"One": 1, "Two": 1, "Three": 1}
        rows = await host.journal.history.actions(run_id, values=True)
        assert {row.action: row.outputs["body"] for row in rows} == {n: {"name": n} for n in ("One", "Two", "Three")}
        header = await host.journal.run(run_id)
        assert header is not None
        assert (header.status, header.position, header.is_finished) == ("Succeeded", 4, True)
        assert await host.wait(run_id) == finish
        await host.stop()

    run_virtual(main)


def test_a_started_run_is_durable_before_anything_leaves() -> None:
    async def main(world: Simulation) -> None:
        storage = world.storage()
        seen: list[int] = []

        class Looking(Echo):
            async def perform(self, call) -> Outcome:
                ((length,),) = await storage.fetch_text("SELECT COUNT(*) FROM journal", ())
                seen.append(length)
                return await super().perform(call)

        host = world.host(Looking(), storage=storage)
        await host.start()
        await host.wait(await begin(host, THREE))

        assert seen == [1, 2, 3]
        await host.stop()

    run_virtual(main)


def test_notices_come_after_durability() -> None:
    async def main(world: Simulation) -> None:
        host = world.host(Echo())
        await host.start()
        storage = host.journal.storage
        seen: list[tuple[str, int]] = []

        def look(run_id: str, notice: Any) -> None:
            count = storage.session.connection.execute("SELECT COUNT(*) FROM actions").fetchone()[0]  # type: ignore[attr-defined]
            seen.append((type(notice).__name__ + ":" + getattr(notice, "action", ""), count))

        forget = host.subscribe(look)
        await host.wait(await begin(host, chain(One=http(), Two=http())))

        assert seen == [
            ("NoteStarted:One", 0),
            ("RecordAction:One", 1),
            ("NoteStarted:Two", 1),
            ("RecordAction:Two", 2),
            ("FinishRun:", 2),
        ]
        forget()
        await host.wait(await begin(host, THREE))
        assert len(seen) == 5
        await host.stop()

    run_virtual(main)


def test_thirty_days_of_waiting_cost_nothing() -> None:
    async def main(world: Simulation) -> float:
        host = world.host(Echo())
        await host.start()
        finish = await host.wait(await begin(host, chain(One=http(), Month=wait(30 * 86_400), Two=http())))
        await host.stop()
        assert finish.status == "Succeeded"
        return world.loop.time()

    assert run_virtual(main) == pytest.approx(30 * 86_400, abs=1)


def test_equal_keys_begin_one_run() -> None:
    async def main(world: Simulation) -> None:
        echo = Echo(delay_s=1)
        host = world.host(echo)
        await host.start()

        at_once = await asyncio.gather(*[begin(host, THREE, key="order 7") for _ in range(3)])
        await host.wait(at_once[0])
        later = await begin(host, THREE, key="order 7")

        assert {*at_once, later} == {at_once[0]}
        assert echo.calls["One"] == 1
        assert len(await host.journal.runs()) == 1
        await host.stop()

    run_virtual(main)


def test_a_signal_completes_a_webhook() -> None:
    async def main(world: Simulation) -> None:
        host = world.host(Echo())
        await host.start()
        run_id = await begin(host, chain(Ask=webhook(), Then=http()), callback_base="https://flows.test/")
        await asyncio.sleep(5)

        assert await host.signal(run_id, "Ask", outputs={"statusCode": 200, "headers": {}, "body": "yes"})

        assert (await host.wait(run_id)).status == "Succeeded"
        asked = await host.journal.history.action(run_id, "Ask")
        assert asked is not None
        assert asked.outputs["body"] == "yes"
        assert not await host.signal(run_id, "Ask", outputs={})
        with pytest.raises(UnknownRun):
            await host.signal("nobody", "Ask")
        with pytest.raises(UnknownRun):
            await host.wait("nobody")
        await host.stop()

    run_virtual(main)


def test_a_signal_that_is_no_json_is_refused_and_harms_nothing() -> None:
    async def main(world: Simulation) -> None:
        host = world.host(Echo())
        await host.start()
        run_id = await begin(host, chain(Ask=webhook()), callback_base="https://flows.test/")
        await asyncio.sleep(5)

        with pytest.raises(TypeError):
            await host.signal(run_id, "Ask", outputs={"body": object()})

        assert await host.signal(run_id, "Ask", outputs={"body": 1})
        assert (await host.wait(run_id)).status == "Succeeded"
        await host.stop()

    run_virtual(main)


def test_cancelling_a_run_cancels_its_calls() -> None:
    async def main(world: Simulation) -> None:
        echo = Echo(delay_s=1000)
        host = world.host(echo)
        await host.start()
        run_id = await begin(host, THREE)
        await asyncio.sleep(3)

        assert await host.cancel(run_id, "enough")

        assert (await host.wait(run_id)).status == "Cancelled"
        await asyncio.sleep(0)
        assert echo.cancelled == ["One"]
        assert not await host.cancel(run_id)
        await host.stop()

    run_virtual(main)


def test_a_connector_that_never_answers_is_given_up_at_the_actions_limit() -> None:
    async def main(world: Simulation) -> None:
        echo = Echo(delay_s=1e9)
        host = world.host(echo)
        await host.start()

        run_id = await begin(host, chain(One=http(limit={"timeout": "PT5M"})))
        await host.wait(run_id)

        row = await host.journal.history.action(run_id, "One")
        assert row is not None
        assert row.status == "TimedOut"
        assert world.loop.time() == pytest.approx(300, abs=1)
        assert echo.cancelled == ["One"]
        await host.stop()

    run_virtual(main)


def test_an_answer_of_100_mb_is_kept_once_and_read_back() -> None:
    async def main(world: Simulation) -> None:
        body = "x" * 100_000_000
        host = world.host(Echo(body=body))
        await host.start()
        run_id = await begin(host, chain(One=http()))

        finish = await host.wait(run_id)

        assert finish.status in ("Succeeded", "Failed")
        storage = host.journal.storage
        ((count, size),) = await storage.fetch_text("SELECT COUNT(*), SUM(LENGTH(body)) FROM contents", ())
        assert count == 1
        assert size == 100_000_002
        events = await host.journal.read(run_id)
        answer = events[1]
        assert isinstance(answer, CallFinished)
        assert answer.outcome.body == body
        await host.stop()

    run_virtual(main)


def test_an_answer_that_is_no_json_fails_the_action() -> None:
    async def main(world: Simulation) -> None:
        host = world.host(Echo(body={"not": object()}))
        await host.start()
        run_id = await begin(host, chain(One=http()))

        assert (await host.wait(run_id)).status == "Failed"

        row = await host.journal.history.action(run_id, "One")
        assert row is not None
        assert row.status == "Failed"
        assert "no JSON value" in str(row.detail.error)
        await host.stop()

    run_virtual(main)


def test_a_stopped_host_gives_its_runs_to_the_next_which_sends_no_recorded_action_again() -> None:
    async def main(world: Simulation) -> None:
        storage = world.storage()
        first, second = Echo(delay_s=10), Echo(delay_s=10)
        host = world.host(first, storage=storage)
        await host.start()
        run_id = await begin(host, THREE)
        waiting = asyncio.ensure_future(host.wait(run_id))
        await asyncio.sleep(15)  # One is recorded, Two is under way
        await host.stop()

        with pytest.raises(HostStopped):
            await waiting
        assert first.calls == {"One": 1, "Two": 1}

        other = world.host(second, storage=storage, load_program=load_program)
        await other.start()

        assert (await other.wait(run_id)).status == "Succeeded"
        assert second.calls == {"Two": 1, "Three": 1}
        assert first.keys["Two"] == second.keys["Two"]
        await other.stop()

    run_virtual(main)


def test_a_timer_that_came_due_while_no_host_ran_fires_at_once() -> None:
    async def main(world: Simulation) -> None:
        storage = world.storage()
        host = world.host(Echo(), storage=storage)
        await host.start()
        run_id = await begin(host, chain(Pause=wait(100), One=http()))
        await asyncio.sleep(10)
        await host.stop()
        await asyncio.sleep(1000)

        other = world.host(Echo(), storage=storage, load_program=load_program)
        await other.start()
        finish = await other.wait(run_id)

        assert finish.status == "Succeeded"
        assert world.loop.time() == pytest.approx(1010, abs=1)
        await other.stop()

    run_virtual(main)


def test_a_damaged_journal_is_named_and_other_runs_go_on() -> None:
    async def main(world: Simulation) -> None:
        storage = world.storage()
        host = world.host(Echo(delay_s=10), storage=storage)
        await host.start()
        bad, good, cut = [await begin(host, THREE) for _ in range(3)]
        await asyncio.sleep(15)
        await host.stop()
        connection = storage.session.connection
        connection.execute("UPDATE journal SET event = X'7B7D' WHERE run_id = ? AND position = 1", (bad,))
        connection.execute("DELETE FROM journal WHERE run_id = ? AND position = 0", (cut,))

        other = world.host(Echo(), storage=storage, load_program=load_program)
        await other.start()

        assert (await other.wait(good)).status == "Succeeded"
        with pytest.raises(CorruptJournal, match=f"run {bad} is damaged at position 1: the checksum") as caught:
            await other.wait(bad)
        assert (caught.value.run_id, caught.value.position) == (bad, 1)
        with pytest.raises(CorruptJournal, match="position 0: the row is missing"):
            await other.signal(cut, "One")
        await other.stop()

    run_virtual(main)


def test_a_run_whose_definition_cannot_be_had_says_so() -> None:
    async def main(world: Simulation) -> None:
        storage = world.storage()
        host = world.host(Echo(delay_s=10), storage=storage)
        await host.start()
        run_id = await host.start_run(load(THREE), TRIGGER)
        await asyncio.sleep(1)
        await host.stop()

        other = world.host(Echo(), storage=storage, load_program=load_program)
        await other.start()

        with pytest.raises(UnplayableRun, match="is not in the database"):
            await other.wait(run_id)
        await other.stop()

    run_virtual(main)


def test_history_rebuilt_from_the_journal_is_what_was_written() -> None:
    async def main(world: Simulation) -> None:
        host = world.host(Echo())
        await host.start()
        run_id = await begin(host, THREE)
        await host.wait(run_id)
        before = await host.journal.history.actions(run_id, values=True)
        storage = host.journal.storage
        storage.session.connection.execute("DELETE FROM actions")  # type: ignore[attr-defined]

        assert await host.rebuild_history(run_id) == 3

        assert await host.journal.history.actions(run_id, values=True) == before
        await host.stop()

    run_virtual(main)


def test_a_response_goes_to_the_responder() -> None:
    async def main(world: Simulation) -> list[tuple[str, SendResponse]]:
        answers: list[tuple[str, SendResponse]] = []
        host = world.host(Echo(), responder=lambda run_id, response: answers.append((run_id, response)))
        await host.start()
        respond = {"type": "Response", "kind": "Http", "inputs": {"statusCode": 202, "body": {"ok": True}}}
        run_id = await begin(host, chain(One=http(), Answer=respond), caller_waits=True)
        await host.wait(run_id)
        await host.stop()
        assert answers[0][0] == run_id
        return answers

    ((_, response),) = run_virtual(main)

    assert (response.status_code, response.body) == (202, {"ok": True})


def test_two_hundred_runs_go_on_side_by_side() -> None:
    async def main(world: Simulation) -> None:
        host = world.host(Echo(delay_s=60))
        await host.start()
        notices: list[str] = []
        host.subscribe(lambda run_id, notice: notices.append(run_id) if isinstance(notice, FinishRun) else None)
        runs = [await begin(host, THREE) for _ in range(200)]
        ends = await asyncio.gather(*[host.wait(run_id) for run_id in runs])

        assert {end.status for end in ends} == {"Succeeded"}
        assert sorted(notices) == sorted(runs)
        assert world.loop.time() == pytest.approx(180, abs=1)
        assert not host.loop.lives
        await host.stop()

    run_virtual(main)


def test_records_name_their_repetition_in_order_of_the_journal() -> None:
    async def main(world: Simulation) -> None:
        host = world.host(Echo())
        await host.start()
        records: list[RecordAction] = []
        host.subscribe(lambda run_id, notice: records.append(notice) if isinstance(notice, RecordAction) else None)
        await host.wait(await begin(host, THREE))

        assert [record.action for record in records] == ["One", "Two", "Three"]
        assert all(record.ended_at >= record.started_at for record in records)
        await host.stop()

    run_virtual(main)
