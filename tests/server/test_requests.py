"""What callers of a Request trigger get: 202 and where to ask, an answer, a place in the queue, or a refusal."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.server.client import Client, client
from tests.server.world import COMPOSE, HTTP, REQUEST, WAIT, Answers, flow, project, runtime, settle, statuses

from runafter.hosts.clock import TICKS_PER_S
from runafter.project.project import Sidecar
from runafter.protocol.events import Outcome
from runafter.server.app import make_app
from runafter.server.guard import Doors
from runafter.simulator.host import run_virtual

MANAGEMENT = "/runtime/webhooks/workflow/api/management/workflows/flow"
HEADERS = (
    "x-ms-workflow-id",
    "x-ms-workflow-name",
    "x-ms-workflow-version",
    "x-ms-workflow-run-id",
    "x-ms-trigger-history-name",
    "x-ms-tracking-id",
    "x-ms-request-id",
    "x-ms-correlation-id",
    "x-ms-client-tracking-id",
)
HOOK = {
    "type": "HttpWebhook",
    "inputs": {"subscribe": {"method": "POST", "uri": "https://example.test/h", "body": "@listCallbackUrl()"}},
}


def responding(*after: str, options: str | None = None) -> dict[str, Any]:
    more = {"operationOptions": options} if options else {}
    inputs = {"statusCode": 201, "headers": {"x-own": "yes"}, "body": {"got": "@triggerBody()?['n']"}}
    return {"type": "Response", "inputs": inputs, "runAfter": {name: ["Succeeded"] for name in after}, **more}


def concurrent(runs: int, waiting: int) -> dict[str, Any]:
    return {**REQUEST, "runtimeConfiguration": {"concurrency": {"runs": runs, "maximumWaitingRuns": waiting}}}


async def release(http, outside: Answers, number: int = 0) -> None:
    """Answer the webhook that a run waits for."""
    while len(outside.asked) <= number:
        await asyncio.sleep(0)
    url = outside.asked[number].inputs["body"]
    while (await http("POST", url, {"ok": True}, token=None)).status != 200:
        await asyncio.sleep(0)


async def test_an_accepted_request_says_where_to_ask_for_its_run():
    outside = Answers()
    async with client(flow(actions={"Ask": HOOK}), outside=outside) as http:
        accepted = await http("POST", await http.callback_url(), {"n": 1}, token=None)
        running = await http("GET", accepted.headers["location"], token=None)
        await release(http, outside)
        await http.runtime.host.wait(accepted.headers["x-ms-workflow-run-id"])
        over = await http("GET", running.headers["location"], token=None)
        forged = await http("GET", accepted.headers["location"][:-2] + "xx", token=None)

    assert (accepted.status, running.status, over.status) == (202, 202, 200)
    assert (running.headers["retry-after"], over.json["properties"]["status"]) == ("10", "Succeeded")
    assert forged.status in {401, 403}


async def test_an_asynchronous_response_is_given_where_the_location_said():
    outside = Answers()
    actions = {"Ask": HOOK, "Answer": responding("Ask", options="Asynchronous")}
    async with client(flow(actions=actions), outside=outside) as http:
        accepted = await http("POST", await http.callback_url(), {"n": 7}, token=None)
        await release(http, outside)
        await http.runtime.host.wait(accepted.headers["x-ms-workflow-run-id"])
        answered = await http("GET", accepted.headers["location"], token=None)

    assert accepted.status == 202
    assert (answered.status, answered.json, answered.headers["x-own"]) == (201, {"got": 7}, "yes")


@pytest.mark.parametrize("actions", [{"Note": COMPOSE}, {"Answer": responding()}], ids=["accepted", "answered"])
async def test_every_answer_carries_the_headers_of_the_platform(actions: dict[str, Any]):
    async with client(flow(actions=actions)) as http:
        given = {"x-ms-client-tracking-id": "order-17"}
        answered = await http("POST", await http.callback_url(), {"n": 1}, headers=given, token=None)
        run = answered.headers["x-ms-workflow-run-id"]
        await http.runtime.host.wait(run)
        shown = (await http("GET", f"{MANAGEMENT}/runs/{run}")).json["properties"]
        (row,) = (await http("GET", f"{MANAGEMENT}/triggers/start/histories")).json["value"]

    assert [name for name in HEADERS if not answered.headers.get(name)] == []
    assert shown["correlation"]["clientTrackingId"] == "order-17"
    assert row["properties"]["correlation"]["clientTrackingId"] == "order-17"


async def test_the_flow_s_own_tracking_id_wins_over_the_caller_s():
    trigger = {**REQUEST, "correlation": {"clientTrackingId": "@concat('order-', triggerBody()['id'])"}}
    async with client(flow(trigger=trigger)) as http:
        given = {"x-ms-client-tracking-id": "mine"}
        answered = await http("POST", await http.callback_url(), {"id": "9"}, headers=given, token=None)

    assert answered.headers["x-ms-client-tracking-id"] == "order-9"


async def test_a_long_tracking_id_is_cut_whoever_gives_it():
    trigger = {**REQUEST, "correlation": {"clientTrackingId": "@triggerBody()['id']"}}
    async with client(flow(trigger=trigger), flow("plain")) as http:
        own = await http("POST", await http.callback_url(), {"id": "x" * 100_000}, token=None)
        long = {"x-ms-client-tracking-id": "y" * 1_000}
        given = await http("POST", await http.callback_url("plain"), {"n": 1}, headers=long, token=None)

    told = [each.headers["x-ms-client-tracking-id"] for each in (own, given)]
    assert told == ["x" * 128, "y" * 128]


@pytest.mark.parametrize("given", ["half \ud800", "nul \x00", "two\nlines", "☃"])
async def test_any_text_is_a_tracking_id_and_a_key(given: str):
    trigger = {**REQUEST, "correlation": {"clientTrackingId": "@triggerBody()['id']"}}
    keyed = Sidecar(deduplication_key="@triggerBody()['id']")
    async with client(flow(trigger=trigger, sidecar=keyed)) as http:
        url = await http.callback_url()
        first, again = [await http("POST", url, {"id": given}, token=None) for _ in range(2)]
        await http.runtime.host.wait(first.headers["x-ms-workflow-run-id"])
        rows = await http.runtime.catalog.histories("flow")

    assert [first.status, again.status] == [202, 202]
    assert [row.code for row in rows] == ["Duplicate", None]
    assert first.headers["x-ms-client-tracking-id"].isascii()


async def test_a_sixth_caller_is_told_to_come_again():
    outside = Answers()
    async with client(flow(trigger=concurrent(2, 3), actions={"Ask": HOOK}), outside=outside) as http:
        url = await http.callback_url()
        answers = [await http("POST", url, {"n": n}, token=None) for n in range(6)]
        queued = await http("GET", answers[4].headers["location"], token=None)
        for number in range(5):
            await release(http, outside, number)
        for answered in answers[:5]:
            await http.runtime.host.wait(answered.headers["x-ms-workflow-run-id"])
        rows = (await http("GET", f"{MANAGEMENT}/triggers/start/histories")).json["value"]

    assert [answered.status for answered in answers] == [202] * 5 + [429]
    assert (answers[5].headers["retry-after"], queued.status) == ("10", 202)
    assert sorted(row["properties"]["code"] for row in rows) == ["OK"] * 5 + ["TooManyRequests"]


async def test_a_caller_who_waits_in_the_queue_gets_his_answer():
    outside = Answers()
    actions = {"Ask": HOOK, "Answer": responding("Ask")}
    async with client(flow(trigger=concurrent(1, 5), actions=actions), outside=outside) as http:
        url = await http.callback_url()
        calls = [asyncio.create_task(http("POST", url, {"n": n}, token=None)) for n in range(2)]
        for number in range(2):
            await release(http, outside, number)
        answers = await asyncio.wait_for(asyncio.gather(*calls), 10)

    assert sorted((answered.status, answered.json["got"]) for answered in answers) == [(201, 0), (201, 1)]


def test_a_run_that_is_resubmitted_from_an_action_keeps_the_results_over_the_queue():
    actions = {
        "First": HTTP,
        "Second": {**HTTP, "runAfter": {"First": ["Succeeded"]}},
        "Pause": {**WAIT, "runAfter": {"Second": ["Succeeded", "Failed"]}},
    }
    outside = Answers(Second=[Outcome(status_code=500), Outcome(status_code=200)])

    async def main(simulation):
        given = flow(trigger=concurrent(1, 5), actions=actions)
        storage = simulation.storage()
        made = await runtime(simulation, given, outside=outside, storage=storage)
        failed = (await made.run_now("flow", given={"n": 1}))[0].run_id
        await settle(100)
        await made.run_now("flow", given={"n": 2})
        again = await made.resubmit(failed, ("Second",))
        await made.stop()
        made = await runtime(simulation, given, outside=outside, storage=storage)
        await settle(300)
        asked = [call.action for call in outside.asked if call.run_id == again.run_id]
        told = again.status, asked, await statuses(made), (await made.catalog.history(again.history)).origin == failed
        await made.stop()
        return told

    assert run_virtual(main) == ("Waiting", ["Second"], ["Succeeded"] * 3, True)


async def test_a_button_takes_its_typed_inputs_from_its_caller_and_by_hand():
    schema = {
        "type": "object",
        "required": ["text"],
        "properties": {
            "text": {"type": "string", "x-ms-content-hint": "TEXT"},
            "number": {"type": "number", "x-ms-content-hint": "NUMBER"},
            "boolean": {"type": "boolean", "x-ms-content-hint": "BOOLEAN"},
        },
    }
    button = {"type": "Request", "kind": "Button", "inputs": {"schema": schema}}
    inputs = {"text": "Ada", "number": 3, "boolean": True}
    async with client(flow(trigger=button)) as http:
        url = await http.callback_url()
        pressed = await http("POST", url, inputs, token=None)
        by_hand = (await http.runtime.run_now("flow", given=inputs))[0]
        runs = [pressed.headers["x-ms-workflow-run-id"], by_hand.run_id]
        for run in runs:
            await http.runtime.host.wait(run)
        bodies = [(await http.runtime.host.journal.history.action(run, "Note")).outputs for run in runs]

    assert bodies == [inputs, inputs]


async def test_a_flow_that_changes_keeps_its_address():
    async with client(flow()) as http:
        url = await http.callback_url()
        await http.runtime.load(project(flow(actions={"Answer": responding()})))
        answered = await http("POST", url, {"n": 2}, token=None)

    assert (answered.status, answered.json) == (201, {"got": 2})


@pytest.mark.parametrize(("waits_s", "answered"), [(119, (201, 119.0)), (121, (504, 120.0))])
def test_a_caller_waits_for_two_minutes_and_no_longer(waits_s: int, answered: tuple[int, float]):
    pause = {"type": "Wait", "inputs": {"interval": {"count": waits_s, "unit": "Second"}}}

    async def main(simulation):
        made = await runtime(simulation, flow(actions={"Pause": pause, "Answer": responding("Pause")}))
        http = Client(made, make_app(made, Doors(made.catalog, made.host.clock)))
        url = (await made.signer.trigger_url("flow", "start"))[0]
        began = made.host.clock()
        told = await http("POST", url, {"n": 1}, token=None)
        took_s = (made.host.clock() - began) / TICKS_PER_S
        await made.stop()
        return told.status, round(took_s, 1)

    assert run_virtual(main) == answered


async def test_a_body_with_half_a_character_is_checked_and_told():
    schema = {"type": "object", "properties": {"text": {"type": "string", "enum": ["a"]}}}
    trigger = {"type": "Request", "inputs": {"schema": schema}, "operationOptions": "EnableSchemaValidation"}
    async with client(flow(trigger=trigger)) as http:
        refused = await http("POST", await http.callback_url(), {"text": "half \ud800"}, token=None)
        (row,) = await http.runtime.catalog.histories("flow")

    assert (refused.status, refused.code) == (400, "TriggerInputSchemaMismatch")
    assert row.detail.outputs["body"] == {"text": "half \ufffd"}


async def test_a_whole_character_in_two_escapes_stays_whole():
    async with client(flow()) as http:
        accepted = await http("POST", await http.callback_url(), {"cat": "\U0001f408 \u00fc"}, token=None)
        raw = await http("POST", await http.callback_url(), body=b'{"half": "\xed\xa0\x80"}', token=None)
        shown = [
            (await http("GET", f"/api/runs/{each.headers['x-ms-workflow-run-id']}")).json["trigger"]["outputs"]["body"]
            for each in (accepted, raw)
        ]

    assert shown == [{"cat": "\U0001f408 \u00fc"}, {"half": "\ufffd"}]
