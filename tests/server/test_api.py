"""The server in process: invoking, the own API, and what must be refused."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from tests.server.client import client
from tests.server.world import HTTP, REQUEST, Answers, flow

from runafter.protocol.events import Outcome
from runafter.server.app import Unprotected, check_bind
from runafter.server.live import Broadcast, News, event_stream
from runafter.server.settings import ServerSettings

RESPOND = {
    "Answer": {
        "type": "Response",
        "kind": "Http",
        "inputs": {"statusCode": 201, "headers": {"x-own": "yes"}, "body": {"got": "@triggerBody()?['n']"}},
    }
}
LOOP = {
    "Each": {
        "type": "Foreach",
        "foreach": "@triggerBody()['items']",
        "actions": {"Call": HTTP},
        "runAfter": {},
    }
}
HOOK = {
    "Ask": {
        "type": "HttpWebhook",
        "inputs": {
            "subscribe": {"method": "POST", "uri": "https://example.test/h", "body": "@listCallbackUrl()"},
            "unsubscribe": {},
        },
    },
    "After": {"type": "Compose", "inputs": "@body('Ask')", "runAfter": {"Ask": ["Succeeded"]}},
}


async def ended(http, run: str, status: str = "Succeeded") -> None:
    finish = await asyncio.wait_for(http.runtime.host.wait(run), 10)
    assert finish.status == status


async def test_a_request_is_accepted_with_202_once_its_run_is_durable():
    async with client(flow()) as http:
        answered = await http("POST", await http.callback_url(), {"n": 1}, token=None)

        run = answered.headers["x-ms-workflow-run-id"]
        assert answered.status == 202
        assert run in answered.headers["location"]
        assert (await http.runtime.host.journal.run(run)) is not None
        await ended(http, run)


async def test_a_response_action_answers_the_caller():
    async with client(flow(actions=RESPOND)) as http:
        answered = await http(
            "POST", await http.callback_url(), {"n": 7}, headers={"x-ms-client-tracking-id": "mine"}, token=None
        )

    assert (answered.status, answered.json) == (201, {"got": 7})
    assert answered.headers["x-own"] == "yes"
    assert answered.headers["x-ms-client-tracking-id"] == "mine"


async def test_a_run_that_ends_without_its_response_is_a_502():
    actions = {
        "Stop": {"type": "Terminate", "inputs": {"runStatus": "Failed"}},
        "Answer": {**RESPOND["Answer"], "runAfter": {"Stop": ["Succeeded"]}},
    }
    async with client(flow(actions=actions)) as http:
        answered = await http("POST", await http.callback_url(), token=None)

    assert (answered.status, answered.code) == (502, "NoResponse")


async def test_a_caller_waits_no_longer_than_the_limit():
    actions = {
        "Pause": {"type": "Wait", "inputs": {"interval": {"count": 1, "unit": "Hour"}}},
        "Answer": {**RESPOND["Answer"], "runAfter": {"Pause": ["Succeeded"]}},
    }
    async with client(flow(actions=actions), settings=ServerSettings(sync_s=0.05)) as http:
        answered = await http("POST", await http.callback_url(), token=None)

    assert (answered.status, answered.code) == (504, "GatewayTimeout")


async def test_method_and_relative_path_are_the_triggers():
    trigger = {**REQUEST, "inputs": {"method": "PUT", "relativePath": "orders/{id}"}}
    actions = {
        "Answer": {
            "type": "Response",
            "inputs": {"statusCode": 200, "body": "@triggerOutputs()['relativePathParameters']['id']"},
        }
    }
    async with client(flow(trigger=trigger, actions=actions)) as http:
        url = (await http.callback_url()).replace("%7Bid%7D", "a%20b").replace("{id}", "a%20b")
        good = await http("PUT", url, token=None)
        wrong = await http("POST", url, token=None)
        elsewhere = await http("PUT", url.replace("/orders/", "/other/"), token=None)

    assert good.body == b"a b"
    assert (wrong.status, elsewhere.status) == (405, 404)


async def test_a_schema_is_checked_where_the_author_asked_for_it():
    trigger = {
        **REQUEST,
        "inputs": {"schema": {"type": "object", "required": ["n"]}},
        "operationOptions": "EnableSchemaValidation",
    }
    async with client(flow(trigger=trigger)) as http:
        answered = await http("POST", await http.callback_url(), {"m": 1}, token=None)
        runs = (await http("GET", "/api/runs")).json["runs"]

    assert (answered.status, answered.code, runs) == (400, "TriggerInputSchemaMismatch", [])


async def test_an_unsigned_wrong_expired_or_foreign_signature_is_refused():
    async with client(flow(), flow("other")) as http:
        url = await http.callback_url()
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query))
        expired = await http.callback_url(notAfter="2020-01-01T00:00:00Z")
        later = dict(parse_qsl(urlsplit(expired).query)) | {"se": "9999999999"}
        tries = [
            parts.path,
            f"{parts.path}?{urlencode({**query, 'sig': query['sig'][:-2] + 'AA'})}",
            f"{parts.path}?{urlencode({**query, 'sp': '/triggers/other/run'})}",
            f"{parts.path.replace('/flow/', '/other/')}?{parts.query}",
            expired,
            f"{parts.path}?{urlencode(later)}",
        ]
        statuses = [(await http("POST", each, token=None)).status for each in tries]
        runs = (await http("GET", "/api/runs")).json["runs"]

    assert statuses == [401] * len(tries)
    assert runs == []


async def test_a_revoked_address_stops_to_work_and_a_new_one_works():
    async with client(flow()) as http:
        old = await http.callback_url()
        await http("POST", "/api/flows/flow/revoke")
        refused = await http("POST", old, token=None)
        accepted = await http("POST", await http.callback_url(), token=None)

    assert (refused.status, accepted.status) == (401, 202)


async def test_a_callback_works_once():
    outside = Answers()
    async with client(flow(actions=HOOK), outside=outside) as http:
        run = (await http("POST", "/api/flows/flow/run", {})).json["fired"][0]["run"]
        while not outside.asked:
            await asyncio.sleep(0)
        url = outside.asked[0].inputs["body"]
        wrong = await http("POST", url.replace("/callbacks/", "/callbacks/x"), token=None)
        first = await http("POST", url, {"ok": 1}, token=None)
        second = await http("POST", url, {"ok": 2}, token=None)
        await ended(http, run)
        seen = (await http("GET", f"/api/runs/{run}/actions/After")).json["outputs"]

    assert (wrong.status, first.status, second.status) == (401, 200, 409)
    assert seen == {"ok": 1}


async def test_a_callback_s_address_opens_no_other_action_repetition_or_run():
    ask = HOOK["Ask"]
    each = {"type": "Foreach", "foreach": "@range(0, 2)", "actions": {"Again": ask}}
    outside = Answers()
    async with client(flow(actions={"Ask": ask, "Also": ask, "Each": each}), outside=outside) as http:
        runs = [(await http("POST", "/api/flows/flow/run", {})).json["fired"][0]["run"] for _ in range(2)]
        while len(outside.asked) < 8:
            await asyncio.sleep(0)
        urls = {
            (call.run_id, call.action, call.repetition): urlsplit(call.inputs["body"]).path for call in outside.asked
        }
        signatures = {key: path.split("/callbacks/")[1].partition("/")[0] for key, path in urls.items()}
        crossed = [
            path.replace(signatures[key], signature)
            for key, path in urls.items()
            for other, signature in signatures.items()
            if other != key
        ]
        statuses = {(await http("POST", each, {}, token=None)).status for each in crossed}
        open_items = (await http("GET", "/api/approvals?status=open")).json["approvals"]
        own = [(await http("POST", path, {}, token=None)).status for path in urls.values()]
        for run in runs:
            await ended(http, run)

    assert len(set(signatures.values())) == 8
    assert statuses == {401}
    assert len(open_items) == 8
    assert own == [200] * 8


async def test_what_waits_can_be_answered_from_the_inbox():
    outside = Answers()
    async with client(flow(actions=HOOK), outside=outside) as http:
        run = (await http("POST", "/api/flows/flow/run", {})).json["fired"][0]["run"]
        while not outside.asked:
            await asyncio.sleep(0)
        (item,) = (await http("GET", "/api/approvals?status=open")).json["approvals"]
        listed = (await http("GET", "/api/runs?status=Waiting")).json["runs"]
        running = (await http("GET", "/api/runs?status=Running")).json["runs"]
        closed = await http("POST", f"/api/approvals/{item['id']}", {"answer": "Approve", "comments": "fine"})
        again = await http("POST", f"/api/approvals/{item['id']}", {"answer": "Approve"})
        await ended(http, run)

    assert (item["run"], item["action"]) == (run, "Ask")
    assert [(each["id"], each["status"]) for each in listed] == [(run, "Waiting")]
    assert running == []
    assert (closed.json["status"], closed.json["comments"], again.status) == ("closed", "fine", 409)


async def test_a_loop_is_summed_up_and_its_failed_repetition_found():
    answers = [Outcome(status_code=200), Outcome(status_code=500, body={"error": "x"}), Outcome(status_code=200)]
    async with client(
        flow(actions={"Each": {**LOOP["Each"], "operationOptions": "Sequential"}}), outside=Answers(Call=answers)
    ) as http:
        run = (await http("POST", "/api/flows/flow/run", {"body": {"items": [1, 2, 3]}})).json["fired"][0]["run"]
        await ended(http, run, "Failed")
        shown = (await http("GET", f"/api/runs/{run}")).json
        call = next(action for action in shown["actions"] if action["name"] == "Call")
        failed = await http("GET", f"/api/runs/{run}/actions/Call/repetitions?status=Failed")
        one = await http("GET", f"/api/runs/{run}/actions/Call?repetition={call['firstFailed']}")

    assert (call["repetitions"], call["failed"], call["firstFailed"], call["status"]) == (3, 1, "000001", "Failed")
    assert [each["repetition"] for each in failed.json["repetitions"]] == ["000001"]
    assert one.json["outputs"]["statusCode"] == 500
    assert {node["name"]: node["container"] for node in shown["graph"]["nodes"]} == {"Each": None, "Call": "Each"}


async def test_flows_show_their_state_and_figures():
    async with client(flow()) as http:
        run = (await http("POST", "/api/flows/flow/run", {"body": 1})).json["fired"][0]["run"]
        await ended(http, run)
        (shown,) = (await http("GET", "/api/flows")).json["flows"]
        off = (await http("POST", "/api/flows/flow/disable")).json["state"]
        refused = await http("POST", "/api/flows/flow/run", {})
        detail = (await http("GET", "/api/flows/flow")).json

    assert (shown["successRate"], shown["runs"][0]["id"], shown["triggerType"]) == (1.0, run, "Request")
    assert (off, refused.status) == ("Disabled", 409)
    assert [node["name"] for node in detail["graph"]["nodes"]] == ["Note"]


async def test_runs_are_found_by_status_and_by_a_value_in_them_and_paged():
    async with client(flow()) as http:
        runs = []
        for text in ("apple", "pear", "plum"):
            runs.append((await http("POST", "/api/flows/flow/run", {"body": {"fruit": text}})).json["fired"][0]["run"])
            await ended(http, runs[-1])
        found = (await http("GET", "/api/runs?search=pear")).json["runs"]
        first = (await http("GET", "/api/runs?limit=2&status=Succeeded")).json
        rest = (await http("GET", f"/api/runs?limit=2&cursor={first['cursor']}")).json
        none = (await http("GET", "/api/runs?status=Failed")).json

    assert [run["id"] for run in found] == [runs[1]]
    assert sorted(run["id"] for run in [*first["runs"], *rest["runs"]]) == sorted(runs)
    assert (rest.get("cursor"), none["runs"]) == (None, [])


async def test_a_stop_right_after_a_change_of_the_schedule_ends():
    async with client(flow()) as http:
        await asyncio.sleep(0)
        await http.runtime.schedule.refresh()
        await asyncio.wait_for(http.runtime.stop(), 60)

        assert not http.runtime.is_ready


async def test_resubmit_and_cancel():
    pause = {"Pause": {"type": "Wait", "inputs": {"interval": {"count": 1, "unit": "Hour"}}}}
    async with client(flow(actions=pause)) as http:
        run = (await http("POST", "/api/flows/flow/run", {"body": 5})).json["fired"][0]["run"]
        cancelled = await http("POST", f"/api/runs/{run}/cancel")
        await ended(http, run, "Cancelled")
        again = await http("POST", f"/api/runs/{run}/resubmit")
        trigger = (await http("GET", f"/api/runs/{again.json['run']}")).json["trigger"]

    assert cancelled.json == {"done": True}
    assert (again.status, trigger["outputs"]["body"]) == (202, 5)


async def test_news_of_a_run_come_as_events():
    async with client(flow()) as http:
        watch = http.runtime.news.watch(flow="flow")
        first = asyncio.ensure_future(anext(watch))
        await asyncio.sleep(0)
        await http("POST", "/api/flows/flow/run", {})
        seen = list(await asyncio.wait_for(first, 5))
        while not any(news.kind == "run" and news.data["status"] == "Succeeded" for news in seen):
            seen += await asyncio.wait_for(anext(watch), 5)
        await watch.aclose()

    assert {news.kind for news in seen} == {"run", "action"}


async def test_news_that_came_meanwhile_go_out_as_one_piece():
    news = Broadcast()
    stream = event_stream(news.watch(flow="flow", quiet_s=0.0))
    pieces = [await anext(stream), await anext(stream)]
    for number in range(2):
        news.publish(News(kind="run", flow="flow", run=str(number)))
        news.publish(News(kind="run", flow="another"))
    pieces.append(await anext(stream))
    for number in range(2001):
        news.publish(News(kind="run", flow="flow", run=str(number)))
    pieces.append(await anext(stream))
    news.close()
    rest = [piece async for piece in stream]

    assert pieces[:2] == [b"retry: 1000\n\n", b": still here\n\n"]
    assert [line for line in pieces[2].split(b"\n") if b"run" in line][1::2] == [
        b'data: {"kind":"run","flow":"flow","run":"0","data":null}',
        b'data: {"kind":"run","flow":"flow","run":"1","data":null}',
    ]
    assert pieces[3].startswith(b"event: lagged\n")
    assert pieces[3].count(b"event:") == 1
    assert (rest, news.is_watched) == ([], False)


@pytest.mark.parametrize("path", ["/api/flows", "/openapi.json", "/runtime/webhooks/workflow/api/management/workflows"])
async def test_without_a_token_nothing_is_told(path):
    async with client(flow()) as http:
        statuses = [(await http("GET", path, token=token)).status for token in (None, "wrong")]
        kept = await http.runtime.catalog.add_token("another-token", name="ci", at=0, until=1)
        expired = await http("GET", path, token="another-token")
        await http.runtime.catalog.remove_token(kept.digest)

    assert [*statuses, expired.status] == [401, 401, 401]


async def test_foreign_hosts_and_origins_are_refused():
    async with client(flow()) as http:
        foreign_host = await http("GET", "/api/flows", headers={"host": "evil.test"})
        foreign_origin = await http("GET", "/api/flows", headers={"origin": "https://evil.test"})
        own = await http("GET", "/api/flows", headers={"origin": "http://127.0.0.1:7071"})
        by_cookie = await http(
            "POST",
            "/api/flows/flow/disable",
            token=None,
            headers={"cookie": "runafter_token=a-token-for-tests-only", "sec-fetch-site": "cross-site"},
        )

    assert [each.status for each in (foreign_host, foreign_origin, own, by_cookie)] == [421, 403, 200, 403]


async def test_oversize_and_deep_bodies_are_refused():
    async with client(flow(), settings=ServerSettings(most_api_body_bytes=100, most_body_bytes=3000)) as http:
        url = await http.callback_url()
        big = await http("POST", url, body=b"x" * 3001, token=None)
        lying = await http("POST", "/api/flows/flow/run", body=b"x" * 101, headers={"content-length": "5"})
        deep = await http("POST", url, body=b"[" * 900, headers={"content-type": "application/json"}, token=None)
        wide = await http("GET", "/api/flows", headers={"x-big": "x" * 70_000})

    assert [big.status, lying.status, deep.status, wide.status] == [413, 413, 400, 431]


async def test_a_slow_body_is_cut_off():
    async def never():
        await asyncio.get_running_loop().create_future()

    async with client(flow(), settings=ServerSettings(body_s=0.02)) as http:
        answered = await http("POST", await http.callback_url(), token=None, receive=never)

    assert answered.status == 408


@pytest.mark.parametrize(
    "path", ["/../app.py", "/%2e%2e/app.py", "/..%2fapp.py", "/static/../../app.py", "//etc/passwd"]
)
async def test_no_path_leads_out_of_the_page_s_folder(path):
    async with client(flow()) as http:
        answered = await http("GET", path, token=None)

    # The built page answers unknown addresses with itself; no other file ever comes out.
    assert answered.status == 404 or b'<div id="root">' in answered.body


async def test_secrets_are_in_no_log(caplog):
    async with client(flow()) as http:
        await http("POST", "/workflows/flow/triggers/start/paths/invoke?sp=x&sv=1.0&sig=hush", token=None)
        await http("GET", "/api/flows?token=hush", token="hush")

    assert "hush" not in caplog.text


async def test_other_machines_are_let_in_with_a_configured_token_only():
    check_bind("127.0.0.1", None)
    check_bind("0.0.0.0", "x" * 20)
    for host, token in (("0.0.0.0", None), ("192.0.2.1", None), ("0.0.0.0", "short")):
        with pytest.raises(Unprotected):
            check_bind(host, token)


async def test_the_openapi_document_names_every_operation():
    async with client(flow()) as http:
        found = (await http("GET", "/openapi.json")).json

    assert found["openapi"] == "3.1.0"
    assert found["paths"]["/api/runs/{run}"]["get"]["operationId"] == "get_run"
    assert "RunDetail" in found["components"]["schemas"]


async def test_accepted_events_survive_the_process(tmp_path):
    db = str(tmp_path / "runs.db")
    async with client(flow(actions=HOOK), db=db) as http:
        run = (await http("POST", await http.callback_url(), {}, token=None)).headers["x-ms-workflow-run-id"]
        url = await http.callback_url()
        while not (await http("GET", "/api/approvals?status=open")).json["approvals"]:
            await asyncio.sleep(0)
    async with client(db=db) as http:
        (item,) = (await http("GET", "/api/approvals?status=open")).json["approvals"]
        await http("POST", f"/api/approvals/{item['id']}", {"answer": "Approve"})
        await ended(http, run)
        assert (await http("POST", url, {}, token=None)).status == 202


async def test_a_wrong_method_is_told_which_are_right():
    async with client(flow()) as http:
        found = [await http("DELETE", "/api/flows"), await http("GET", "/api/flows/flow/enable")]

    assert [(each.status, each.headers["allow"]) for each in found] == [(405, "GET, HEAD"), (405, "POST")]
