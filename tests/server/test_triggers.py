"""Triggers on the virtual clock."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.server.world import (
    COMPOSE,
    HTTP,
    REQUEST,
    WAIT,
    Answers,
    flow,
    histories,
    project,
    recurrence,
    runtime,
    settle,
    statuses,
)

from runafter.hosts.clock import TICKS_PER_S
from runafter.project.project import InvalidProject, Sidecar
from runafter.protocol.events import Outcome
from runafter.server.firing import FlowDisabled
from runafter.simulator.host import START_TICKS, run_virtual
from runafter.storage.faults import DatabaseLocked

ONE_DAY_S = 86_400


def utc(ticks: int) -> datetime:
    return datetime(1, 1, 1, tzinfo=UTC) + timedelta(microseconds=ticks // 10)


@pytest.mark.parametrize(
    ("windows", "zone"),
    [
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("Eastern Standard Time", "America/New_York"),
        ("AUS Eastern Standard Time", "Australia/Sydney"),
    ],
)
def test_eight_o_clock_stays_eight_o_clock_for_a_year(windows, zone):
    daily = recurrence("Day", 1, timeZone=windows, schedule={"hours": [8], "minutes": [0]})

    async def main(simulation):
        made = await runtime(simulation, flow(trigger=daily))
        await settle(366 * ONE_DAY_S)
        found = await made.catalog.histories("flow", limit=1000)
        runs = await statuses(made)
        await made.stop()
        return [utc(each.scheduled_at).astimezone(ZoneInfo(zone)) for each in found], runs

    slots, runs = run_virtual(main)

    assert len(slots) == 366
    assert {(slot.hour, slot.minute) for slot in slots} == {(8, 0)}
    assert len({slot.utcoffset() for slot in slots}) == 2
    assert runs == ["Succeeded"] * 366


def test_a_schedule_without_start_fires_at_once_and_then_each_interval():
    async def main(simulation):
        made = await runtime(simulation, flow(trigger=recurrence("Hour", 6)))
        await settle(ONE_DAY_S)
        found = await made.catalog.histories("flow", limit=100)
        await made.stop()
        return [(each.scheduled_at - START_TICKS) / TICKS_PER_S / 3600 for each in reversed(found)]

    assert run_virtual(main) == [0, 6, 12, 18, 24]


def test_a_disabled_flow_misses_its_slots_for_good():
    async def main(simulation):
        made = await runtime(simulation, flow(trigger=recurrence("Hour", 1)))
        await settle(1)
        await made.switch("flow", "Disabled")
        await settle(5 * 3600)
        assert made.schedule.next_at("flow") is None
        await made.switch("flow", "Enabled")
        await settle(3600)
        count = len(await statuses(made))
        await made.stop()
        return count

    assert run_virtual(main) == 2


def test_slots_missed_while_the_server_was_down_are_told_and_not_made_up_for():
    async def main(simulation):
        storage = simulation.storage()
        made = await runtime(simulation, flow(trigger=recurrence("Hour", 1)), storage=storage)
        await settle(60)
        await made.stop()
        await settle(5 * 3600)
        made = await runtime(simulation, flow(trigger=recurrence("Hour", 1)), storage=storage)
        await settle(3600)
        told = await histories(made)
        await made.stop()
        return told

    assert run_virtual(main) == [("Succeeded", None), ("Skipped", "RecurrenceMissed"), ("Succeeded", None)]


def test_a_slot_just_late_after_a_restart_still_fires():
    async def main(simulation):
        storage = simulation.storage()
        made = await runtime(simulation, flow(trigger=recurrence("Hour", 1)), storage=storage)
        await settle(3590)
        await made.stop()
        await settle(30)
        made = await runtime(simulation, flow(trigger=recurrence("Hour", 1)), storage=storage)
        await settle(1)
        count = len(await statuses(made))
        await made.stop()
        return count

    assert run_virtual(main) == 2


def test_a_sliding_window_works_off_what_it_missed_without_a_gap():
    trigger = {
        "type": "SlidingWindow",
        "inputs": {"delay": "PT15S"},
        "recurrence": {"frequency": "Hour", "interval": 1},
    }
    actions = {"Window": {"type": "Compose", "inputs": "@triggerOutputs()"}}

    async def main(simulation):
        storage = simulation.storage()
        made = await runtime(simulation, flow(trigger=trigger, actions=actions), storage=storage)
        await settle(3000)
        await made.stop()
        await settle(5 * 3600)
        made = await runtime(simulation, flow(trigger=trigger, actions=actions), storage=storage)
        await settle(1)
        windows = []
        for header in reversed(await made.host.journal.runs(limit=100)):
            windows.append((await made.host.journal.history.action(header.id, "Window")).outputs)
        await made.stop()
        return sorted(windows, key=lambda window: window["windowStartTime"])

    windows = run_virtual(main)

    assert len(windows) == 6
    assert [window["windowStartTime"][11:13] for window in windows] == ["00", "01", "02", "03", "04", "05"]
    assert all(a["windowEndTime"] == b["windowStartTime"] for a, b in itertools.pairwise(windows))


def test_a_condition_that_is_false_is_history_and_no_run():
    trigger = {**REQUEST, "conditions": [{"expression": "@greater(triggerBody()?['n'], 3)"}]}

    async def main(simulation):
        made = await runtime(simulation, flow(trigger=trigger))
        for number in (1, 5):
            await made.run_now("flow", given={"n": number})
        await settle(1)
        told = await histories(made), await statuses(made)
        await made.stop()
        return told

    told, runs = run_virtual(main)
    assert [status for status, _ in told] == ["Skipped", "Succeeded"]
    assert runs == ["Succeeded"]


def test_split_on_begins_a_run_per_item():
    trigger = {**REQUEST, "splitOn": "@triggerBody()['value']"}

    async def main(simulation):
        made = await runtime(simulation, flow(trigger=trigger))
        fired = await made.run_now("flow", given={"value": ["a", "b", "c"]})
        await settle(1)
        bodies = [(await made.host.journal.history.action(each.run_id, "Note")).outputs for each in fired]
        await made.stop()
        return bodies

    assert run_virtual(main) == ["a", "b", "c"]


def concurrent(runs: int, waiting: int) -> dict:
    return {**REQUEST, "runtimeConfiguration": {"concurrency": {"runs": runs, "maximumWaitingRuns": waiting}}}


def test_with_concurrency_two_of_five_events_two_run_and_three_wait():
    async def main(simulation):
        made = await runtime(simulation, flow(trigger=concurrent(2, 10), actions={"Pause": WAIT}))
        fired = [(await made.run_now("flow", given={"n": n}))[0].status for n in range(5)]
        spans = []
        await settle(400)
        for header in reversed(await made.host.journal.runs()):
            spans.append(((header.started_at - START_TICKS) // TICKS_PER_S, header.status))
        told = await histories(made)
        await made.stop()
        return fired, spans, told

    fired, spans, told = run_virtual(main)

    assert fired == ["Started", "Started", "Waiting", "Waiting", "Waiting"]
    assert sorted(at for at, _ in spans) == [0, 0, 60, 60, 120]
    assert {status for _, status in spans} == {"Succeeded"}
    assert told == [("Succeeded", None)] * 5


def test_beyond_the_queue_an_event_is_refused():
    async def main(simulation):
        made = await runtime(simulation, flow(trigger=concurrent(1, 1), actions={"Pause": WAIT}))
        fired = [(await made.run_now("flow"))[0].status for _ in range(3)]
        await settle(200)
        runs = await statuses(made)
        await made.stop()
        return fired, runs

    assert run_virtual(main) == (["Started", "Waiting", "Full"], ["Succeeded", "Succeeded"])


def test_waiting_runs_survive_a_restart_and_keep_their_order():
    async def main(simulation):
        storage = simulation.storage()
        given = flow(trigger=concurrent(1, 10), actions={"Pause": WAIT})
        made = await runtime(simulation, given, storage=storage)
        accepted = [(await made.run_now("flow"))[0].run_id for _ in range(3)]
        await made.stop()
        made = await runtime(simulation, given, storage=storage)
        assert [run.run_id for run in made.firing.waiting("flow")] == accepted[1:]
        await settle(400)
        began = sorted((header.started_at, header.id) for header in await made.host.journal.runs())
        await made.stop()
        return accepted, [run for _, run in began]

    accepted, began = run_virtual(main)
    assert began == accepted


def test_a_waiting_run_can_be_cancelled():
    async def main(simulation):
        made = await runtime(simulation, flow(trigger=concurrent(1, 10), actions={"Pause": WAIT}))
        runs = [(await made.run_now("flow"))[0].run_id for _ in range(3)]
        assert await made.cancel(runs[1])
        await settle(400)
        ended = {header.id: header.status for header in await made.host.journal.runs()}
        await made.stop()
        return [ended[run] for run in runs], made.firing.waiting()

    assert run_virtual(main) == (["Succeeded", "Cancelled", "Succeeded"], [])


def test_single_instance_skips_a_recurrence_while_a_run_is_under_way():
    trigger = {**recurrence("Second", 20), "operationOptions": "SingleInstance"}

    async def main(simulation):
        made = await runtime(simulation, flow(trigger=trigger, actions={"Pause": WAIT}))
        await settle(70)
        told = await histories(made)
        await made.stop()
        return told

    skipped = ("Skipped", "SingleInstance")
    assert run_virtual(main)[:3] == [("Succeeded", None), skipped, skipped]


KEYED = Sidecar(deduplication_key="@triggerBody()?['id']", deduplication_ttl_s=600)


def test_one_run_per_key_until_its_time_is_over():
    async def main(simulation):
        made = await runtime(simulation, flow(sidecar=KEYED))
        first = (await made.run_now("flow", given={"id": "A"}))[0]
        second = (await made.run_now("flow", given={"id": "A"}))[0]
        other = (await made.run_now("flow", given={"id": "B"}))[0]
        without = [(await made.run_now("flow", given={}))[0].status for _ in range(2)]
        await settle(601)
        third = (await made.run_now("flow", given={"id": "A"}))[0]
        told = await histories(made)
        await made.stop()
        return first, second, other, without, third, told

    first, second, other, without, third, told = run_virtual(main)
    assert (second.status, second.run_id) == ("Duplicate", first.run_id)
    assert (other.status, without, third.status) == ("Started", ["Started", "Started"], "Started")
    assert told.count(("Skipped", "Duplicate")) == 1


def test_a_key_in_the_trigger_itself_counts_too():
    trigger = {
        "type": "Request",
        "kind": "Http",
        "inputs": {},
        "metadata": {"runafter": {"deduplicationKey": "@triggerBody()?['id']"}},
    }

    async def main(simulation):
        made = await runtime(simulation, flow(trigger=trigger))
        found = [(await made.run_now("flow", given={"id": "A"}))[0].status for _ in range(2)]
        await made.stop()
        return found

    assert run_virtual(main) == ["Started", "Duplicate"]


def test_a_key_is_one_run_per_flow():
    async def main(simulation):
        made = await runtime(simulation, flow("one", sidecar=KEYED), flow("two", sidecar=KEYED))
        found = [(await made.run_now(name, given={"id": "A"}))[0].status for name in ("one", "two")]
        await made.stop()
        return found

    assert run_virtual(main) == ["Started", "Started"]


def test_a_duplicate_gives_its_slot_back():
    async def main(simulation):
        given = flow(trigger=concurrent(2, 5), actions={"Pause": WAIT}, sidecar=KEYED)
        made = await runtime(simulation, given)
        found = [(await made.run_now("flow", given={"id": key}))[0].status for key in "AAB"]
        await made.stop()
        return found

    assert run_virtual(main) == ["Started", "Duplicate", "Started"]


def test_a_disabled_flow_takes_no_event():
    async def main(simulation):
        made = await runtime(simulation, flow())
        await made.switch("flow", "Disabled")
        try:
            with pytest.raises(FlowDisabled):
                await made.run_now("flow")
        finally:
            await made.stop()

    run_virtual(main)


def test_a_run_ends_on_the_version_it_began_with():
    async def main(simulation):
        made = await runtime(
            simulation, flow(actions={"Pause": WAIT, "Old": {**COMPOSE, "runAfter": {"Pause": ["Succeeded"]}}})
        )
        run = (await made.run_now("flow"))[0].run_id
        changed = await made.load(project(flow(actions={"New": COMPOSE})))
        later = (await made.run_now("flow"))[0].run_id
        await settle(100)
        actions = [{row.action for row in await made.host.journal.history.actions(each)} for each in (run, later)]
        versions = await made.catalog.versions("flow")
        await made.stop()
        return changed, actions, len(versions)

    assert run_virtual(main) == (["flow"], [{"Pause", "Old"}, {"New"}], 2)


def poll(**answers: Outcome | list[Outcome]) -> list[tuple[str, str | None]]:
    trigger = {
        "type": "Http",
        "inputs": {"method": "GET", "uri": "https://example.test/poll", "retryPolicy": {"type": "none"}},
        "recurrence": {"frequency": "Minute", "interval": 1},
    }

    async def main(simulation):
        made = await runtime(simulation, flow(trigger=trigger), outside=Answers(**answers))
        await settle(150)
        told = await histories(made)
        await made.stop()
        return told

    return run_virtual(main)


def test_a_poll_fires_on_200_only():
    answers = [Outcome(status_code=202), Outcome(status_code=200, body=1), Outcome(status_code=500)]

    assert poll(start=answers) == [("Skipped", "Accepted"), ("Succeeded", None), ("Failed", "TriggerPollFailed")]


def test_a_poll_asks_again_when_it_was_told_to():
    answers = [Outcome(status_code=202, retry_after_s=5.0), Outcome(status_code=200), Outcome(status_code=404)]

    assert [status for status, _ in poll(start=answers)][:2] == ["Skipped", "Succeeded"]


def test_a_webhook_trigger_subscribes_once_and_unsubscribes_when_disabled():
    trigger = {
        "type": "HttpWebhook",
        "inputs": {
            "subscribe": {"method": "POST", "uri": "https://example.test/s", "body": {"to": "@listCallbackUrl()"}},
            "unsubscribe": {"method": "DELETE", "uri": "https://example.test/s"},
        },
    }

    async def main(simulation):
        storage, outside = simulation.storage(), Answers()
        made = await runtime(simulation, flow(trigger=trigger), outside=outside, storage=storage)
        await made.stop()
        made = await runtime(simulation, flow(trigger=trigger), outside=outside, storage=storage)
        await made.switch("flow", "Disabled")
        await made.switch("flow", "Disabled")
        await made.stop()
        return [call.inputs for call in outside.asked]

    subscribed, unsubscribed = run_virtual(main)
    assert "/workflows/flow/triggers/start/paths/invoke?" in subscribed["body"]["to"]
    assert unsubscribed["method"] == "DELETE"


def test_resubmitting_an_action_keeps_the_results_before_it():
    actions = {"First": HTTP, "Second": {**HTTP, "runAfter": {"First": ["Succeeded"]}}}
    outside = Answers(Second=[Outcome(status_code=500), Outcome(status_code=200)])

    async def main(simulation):
        made = await runtime(simulation, flow(actions=actions), outside=outside)
        run = (await made.run_now("flow", given={"n": 1}))[0].run_id
        await settle(5)
        again = await made.resubmit(run, ("Second",))
        await settle(5)
        told = await statuses(made), [call.action for call in outside.asked]
        origin = (await made.catalog.history(again.history)).origin
        await made.stop()
        return *told, origin == run

    assert run_virtual(main) == (["Failed", "Succeeded"], ["First", "Second", "Second"], True)


@pytest.mark.parametrize(
    "fault", [RuntimeError("ours"), DatabaseLocked("busy"), InvalidProject("not now")], ids=["bug", "storage", "other"]
)
def test_no_fault_of_one_trigger_stops_the_others_or_itself(fault, monkeypatch):
    async def main(simulation):
        made = await runtime(
            simulation,
            flow("first", trigger=recurrence("Minute", 5)),
            flow("second", trigger=recurrence("Minute", 5)),
        )
        fire, faults = made.firing.fire, [fault, fault]

        async def failing(of, *given, **more):
            if of.name == "first" and faults:
                raise faults.pop()
            return await fire(of, *given, **more)

        monkeypatch.setattr(made.firing, "fire", failing)
        await settle(3600)
        found = [len(await statuses(made, name)) for name in ("first", "second")]
        await made.stop()
        return found

    first, second = run_virtual(main)

    assert (first >= 10, second >= 12) == (True, True)


def test_a_run_of_a_deleted_flow_goes_on_to_its_end_and_says_so(caplog):
    async def main(simulation):
        made = await runtime(simulation, flow(actions={"Pause": WAIT}))
        run = (await made.run_now("flow", given={}))[0].run_id
        await settle(1)
        await made.remove("flow")
        heard = []

        async def listen() -> None:
            async for several in made.news.watch():
                heard.extend(each.data["status"] for each in several if each.kind == "run")

        listening = asyncio.ensure_future(listen())
        ended = await made.host.wait(run)
        await settle(1)
        await made.stop()
        await listening
        return ended.status, heard

    assert run_virtual(main) == ("Succeeded", ["Succeeded"])
    assert "failed" not in caplog.text


def test_a_recurrence_with_expressions_has_the_values_of_its_parameters():
    trigger = recurrence("Hour", interval="@parameters('hours')", timeZone="@{parameters('zone')}")
    parameters = {"hours": {"type": "int", "defaultValue": 6}, "zone": {"type": "string", "defaultValue": "UTC"}}

    async def main(simulation):
        made = await runtime(simulation, flow(trigger=trigger, parameters=parameters))
        await settle(ONE_DAY_S - 60)
        found = await statuses(made)
        await made.stop()
        return len(found)

    assert run_virtual(main) == 4


@pytest.mark.parametrize("hours", [0, "many", None])
def test_a_recurrence_whose_expressions_give_no_schedule_is_refused_by_name(hours, caplog):
    trigger = recurrence("Hour", interval="@parameters('hours')")
    parameters = {"hours": {"type": "string", "defaultValue": hours}}

    async def main(simulation):
        made = await runtime(simulation, flow(trigger=trigger, parameters=parameters))
        await settle(ONE_DAY_S)
        found = await histories(made)
        await made.stop()
        return found

    assert run_virtual(main) == [("Failed", "NotSupported")]
    assert "interval" in caplog.text
