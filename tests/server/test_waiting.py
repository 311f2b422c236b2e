"""Runs that wait for their turn at a trigger: shown, cancelled and told of like all others."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

from tests.server.client import client
from tests.server.world import COMPOSE, REQUEST, Answers, flow, project

HOOK = {
    "type": "HttpWebhook",
    "inputs": {"subscribe": {"method": "POST", "uri": "https://example.test/h", "body": "@listCallbackUrl()"}},
}
ONE = {**REQUEST, "runtimeConfiguration": {"concurrency": {"runs": 1}}}
MANAGEMENT = "/runtime/webhooks/workflow/api/management/workflows/flow"


@asynccontextmanager
async def queued(*, actions=None):
    """Serve a flow of which one run is under way and two wait; gives client, names of the runs, and what was called."""
    outside = Answers()
    async with client(flow(trigger=ONE, actions=actions or {"Ask": HOOK}), outside=outside) as http:
        url = await http.callback_url()
        accepted = [await http("POST", url, {"n": n}, token=None) for n in range(3)]
        yield http, accepted, outside


async def release(http, outside: Answers, number: int = 0) -> None:
    while len(outside.asked) <= number:
        await asyncio.sleep(0)
    while (await http("POST", outside.asked[number].inputs["body"], {"ok": True}, token=None)).status != 200:
        await asyncio.sleep(0)


def run_of(answer) -> str:
    return answer.headers["x-ms-workflow-run-id"]


async def test_a_run_that_waits_is_shown_wherever_runs_are():
    async with queued() as (http, accepted, _):
        runs = [run_of(each) for each in accepted]
        own = (await http("GET", "/api/runs")).json["runs"]
        theirs = (await http("GET", f"{MANAGEMENT}/runs")).json["value"]
        waiting = (await http("GET", f"{MANAGEMENT}/runs?$filter=status eq 'Waiting'&$top=1".replace(" ", "%20"))).json
        first = (await http("GET", f"/api/runs/{runs[2]}")).json
        shown = (await http("GET", f"{MANAGEMENT}/runs/{runs[2]}")).json["properties"]
        body = await http("GET", shown["trigger"]["outputsLink"]["uri"], token=None)
        live = await http("GET", f"/api/runs/{runs[2]}/live")

    assert [each["id"] for each in own] == [each["name"] for each in theirs] == runs[::-1]
    assert [each["status"] for each in own] == ["Waiting", "Waiting", "Waiting"]  # the oldest waits for its callback
    assert ([each["name"] for each in waiting["value"]], "nextLink" in waiting) == ([runs[2]], True)
    assert (first["trigger"]["outputs"]["body"], [each["name"] for each in first["graph"]["nodes"]]) == (
        {"n": 2},
        ["Ask"],
    )
    assert (shown["status"], "waitEndTime" in shown, body.json["body"]) == ("Waiting", False, {"n": 2})
    assert (live.status, live.json) == (200, {"live": []})


async def test_a_page_of_runs_goes_on_after_those_that_wait():
    async with queued() as (http, accepted, _):
        first = (await http("GET", "/api/runs?limit=2")).json
        second = (await http("GET", f"/api/runs?limit=2&cursor={first['cursor']}")).json

    found = [each["id"] for each in [*first["runs"], *second["runs"]]]
    assert found == [run_of(each) for each in accepted][::-1]


async def test_a_run_that_waits_is_cancelled_without_having_done_anything():
    async with queued(actions={"Ask": HOOK, "Note": {**COMPOSE, "runAfter": {}}}) as (http, accepted, outside):
        _, second, third = accepted
        cancelled = await http("POST", f"{MANAGEMENT}/runs/{run_of(second)}/cancel")
        again = await http("POST", f"/api/runs/{run_of(second)}/cancel")
        shown = (await http("GET", f"/api/runs/{run_of(second)}")).json
        asked = await http("GET", second.headers["location"], token=None)
        await release(http, outside)
        await release(http, outside, 1)
        await http.runtime.host.wait(run_of(third))
        called = len(outside.asked)
        rebuilt = await http.runtime.host.rebuild_history(run_of(second))

    assert (cancelled.status, again.json) == (200, {"done": False})
    assert (shown["run"]["status"], shown["run"]["code"], shown["actions"]) == ("Cancelled", "WorkflowRunCancelled", [])
    assert (asked.status, asked.json["properties"]["status"]) == (200, "Cancelled")
    assert (called, rebuilt) == (2, 0)


async def test_a_run_whose_turn_comes_while_it_is_cancelled_is_cancelled_once(monkeypatch):
    async with queued() as (http, accepted, outside):
        firing, is_begun, go = http.runtime.firing, asyncio.Event(), asyncio.Event()
        start = firing._start

        async def slow(*given, **more) -> None:
            await start(*given, **more)
            is_begun.set()
            await go.wait()

        monkeypatch.setattr(firing, "_start", slow)
        await release(http, outside)
        await is_begun.wait()
        cancelled = await http("POST", f"/api/runs/{run_of(accepted[1])}/cancel")
        go.set()
        ended = await http.runtime.host.wait(run_of(accepted[1]))
        await release(http, outside, 2)
        third = await http.runtime.host.wait(run_of(accepted[2]))

    assert (cancelled.json, ended.status, third.status) == ({"done": True}, "Cancelled", "Succeeded")
    assert http.runtime.firing.waiting() == []


async def test_who_waits_for_the_answer_of_a_run_that_is_cancelled_in_the_queue_is_told():
    answer = {"type": "Response", "inputs": {"statusCode": 200}, "runAfter": {"Ask": ["Succeeded"]}}
    outside = Answers()
    async with client(flow(trigger=ONE, actions={"Ask": HOOK, "Answer": answer}), outside=outside) as http:
        url = await http.callback_url()
        callers = [asyncio.ensure_future(http("POST", url, {"n": n}, token=None)) for n in range(2)]
        while not http.runtime.firing.waiting():
            await asyncio.sleep(0)
        (waiting,) = http.runtime.firing.waiting()
        await http("POST", f"/api/runs/{waiting.run_id}/cancel")
        told = await callers[1]
        await release(http, outside)
        answered = await callers[0]

    assert ((told.status, told.code), answered.status) == ((502, "NoResponse"), 200)


async def test_a_run_that_waited_is_told_when_it_begins():
    async with queued() as (http, accepted, outside):
        heard = []
        watch = http.runtime.news.watch()
        reading = asyncio.ensure_future(anext(watch))
        await asyncio.sleep(0)
        await release(http, outside)
        while not any(each.kind == "run" and each.data["status"] == "Running" for each in heard):
            heard += await reading
            reading = asyncio.ensure_future(anext(watch))
        reading.cancel()

    assert [each.run for each in heard if each.data.get("status") == "Running" and each.kind == "run"] == [
        run_of(accepted[1])
    ]


async def test_news_of_a_run_begin_with_its_begin_and_end_with_its_end():
    async with client(flow()) as http:
        heard = []

        async def listen() -> None:
            async for several in http.runtime.news.watch():
                heard.extend((each.kind, each.data["status"]) for each in several)

        listening = asyncio.ensure_future(listen())
        await asyncio.sleep(0)
        begun = await http("POST", "/api/flows/flow/run", {"body": 1})
        await http.runtime.host.wait(begun.json["fired"][0]["run"])
        http.runtime.news.close()
        await listening

    assert (heard[0], heard[-1]) == (("run", "Running"), ("run", "Succeeded"))
    assert heard.count(("run", "Running")) == 1


async def test_a_run_that_waits_is_resubmitted_with_what_it_was_given():
    async with queued() as (http, accepted, _):
        again = await http("POST", f"/api/runs/{run_of(accepted[2])}/resubmit")
        shown = (await http("GET", f"/api/runs/{again.json['run']}")).json

    assert (again.status, shown["run"]["status"], shown["trigger"]["outputs"]["body"]) == (202, "Waiting", {"n": 2})


async def test_a_run_is_shown_with_the_version_it_began_with_and_answered_by_it():
    later = {"type": "Response", "operationOptions": "Asynchronous", "inputs": {"statusCode": 207}}
    outside = Answers()
    before = {"Ask": HOOK, "Answer": {**later, "runAfter": {"Ask": ["Succeeded"]}}}
    async with client(flow(trigger=ONE, actions=before), outside=outside) as http:
        url = await http.callback_url()
        first, second = [await http("POST", url, {"n": n}, token=None) for n in range(2)]
        old = http.runtime.flows.get("flow").row.version
        await http.runtime.load(project(flow(trigger=ONE, actions={"Ask": HOOK, "Other": COMPOSE})))
        shown = [
            (await http("GET", f"{MANAGEMENT}/runs/{run_of(each)}")).json["properties"]["workflow"]["name"]
            for each in (first, second)
        ]
        waiting = (await http("GET", f"/api/runs/{run_of(second)}")).json
        await release(http, outside)
        await http.runtime.host.wait(run_of(first))
        answered = await http("GET", first.headers["location"], token=None)

    assert shown == [old, old]
    assert (waiting["version"], {each["name"] for each in waiting["graph"]["nodes"]}) == (old, {"Ask", "Answer"})
    assert answered.status == 207
