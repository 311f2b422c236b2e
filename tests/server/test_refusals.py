"""What must be refused is refused in the one shape, told in the log without secrets, and nothing is lost by it."""

from __future__ import annotations

import asyncio
import json
import logging
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from tests.server.client import TOKEN, client
from tests.server.world import HTTP, WAIT, Answers, flow

from runafter.server.live import News, event_stream
from runafter.server.management import Management
from runafter.server.settings import ServerSettings

PREFIX = "/runtime/webhooks/workflow/api/management/workflows"
ASK = {
    "type": "HttpWebhook",
    "inputs": {"subscribe": {"method": "POST", "uri": "https://example.test/h", "body": "@listCallbackUrl()"}},
}
ODD_BODIES = (
    None,
    [],
    [1],
    "x",
    1,
    {"keyType": 5},
    {"keyType": "Third"},
    {"notAfter": "soon"},
    {"actionsToResubmit": 5},
)
ODD_BODIES += ({"actionsToResubmit": [{"name": None}]}, {"actionsToResubmit": ["Nope"]})
ODD_QUERIES = ("$top=0", "$top=x", "$skiptoken=zzz", "$skiptoken=%00", "$filter=status", "$filter=status%20gt%20'x'")
ODD_QUERIES += ("$filter=startTime%20ge%20x", "$filter=startTime%20eq%202020-01-01", "$filter=Colour%20eq%20'red'")


async def is_served(http) -> None:
    """Whatever was refused before: a request is still accepted, and its run ends."""
    accepted = await http("POST", await http.callback_url(), {"n": 1}, token=None)
    assert accepted.status == 202
    finish = await asyncio.wait_for(http.runtime.host.wait(accepted.headers["x-ms-workflow-run-id"]), 10)
    assert finish.status == "Succeeded"


async def test_every_refusal_is_logged_by_its_code_and_without_secrets(caplog):
    outside = Answers()
    settings = ServerSettings(most_api_body_bytes=3000, most_body_bytes=3000)
    async with client(flow(), flow("hook", actions={"Ask": ASK}), outside=outside, settings=settings) as http:
        run = (await http("POST", "/api/flows/hook/run", {})).json["fired"][0]["run"]
        while not outside.asked:
            await asyncio.sleep(0)
        callback = outside.asked[0].inputs["body"]
        signature = urlsplit(callback).path.split("/callbacks/")[1].partition("/")[0]
        url = await http.callback_url()
        query = dict(parse_qsl(urlsplit(url).query))
        deep = {"content-type": "application/json"}
        caplog.set_level(logging.INFO)
        refused = [
            await http("POST", url.replace(query["sig"], "hush"), token=None),
            await http("POST", callback.replace("/Ask", "/Other"), token=None),
            await http("POST", callback, body=b"x" * 3001, token=None),
            await http("POST", callback, headers={"host": "evil.test"}, token=None),
            await http("POST", url, body=b"[" * 900, headers=deep, token=None),
            await http("GET", "/api/flows", headers={"x-hush": "hush" * 20_000}),
            await http("GET", "/api/flows?token=hush", token="hush"),
            await http("GET", "/api/flows", headers={"origin": "https://hush.test"}),
        ]
        await is_served(http)
        assert (await http("GET", f"/api/runs/{run}")).json["run"]["endedAt"] is None

    codes = ["AuthorizationFailed", "AuthorizationFailed", "PayloadTooLarge", "UnknownHost", "JsonTooDeep"]
    codes += ["HeadersTooLarge", "Unauthorized", "ForeignOrigin"]
    assert [each.code for each in refused] == codes
    assert [record.getMessage().rpartition(": ")[2] for record in caplog.records if "refused" in record.msg] == codes
    for secret in (signature, query["sig"], TOKEN, "hush"):
        assert secret not in caplog.text


async def test_a_signature_serves_no_other_use():
    """Of another trigger, of content, of a callback, with a later end or another version: none opens a trigger."""
    async with client(flow(), flow("other")) as http:
        run = (await http("POST", "/api/flows/flow/run", {"body": 1})).json["fired"][0]["run"]
        await http.runtime.host.wait(run)
        shown = (await http("GET", f"{PREFIX}/flow/runs/{run}/actions/Note")).json["properties"]["outputsLink"]["uri"]
        url = urlsplit(await http.callback_url())
        query = dict(parse_qsl(url.query))
        content = dict(parse_qsl(urlsplit(shown).query))
        before = len((await http("GET", "/api/runs")).json["runs"])
        tries = [
            content,
            {**query, "sig": content["sig"]},
            {**query, "sp": content["sp"]},
            {**query, "sv": "2.0"},
            {**query, "se": "1"},
            {**query, "sig": ""},
            {**query, "sig": query["sig"] + "="},
            {**query, "sig": query["sig"].swapcase()},
            {**query, "sig": "\u00e9\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")},
        ]
        statuses = [(await http("POST", f"{url.path}?{urlencode(each)}", {}, token=None)).status for each in tries]
        crossed = await http("GET", f"{urlsplit(shown).path}?{url.query}", token=None)
        after = len((await http("GET", "/api/runs")).json["runs"])
        await is_served(http)

    assert statuses == [401] * len(tries)
    assert crossed.status == 401
    assert before == after


async def test_one_key_is_replaced_while_addresses_of_the_other_still_work():
    async with client(flow()) as http:
        primary, secondary = await http.callback_url(), await http.callback_url(keyType="Secondary")
        await http("POST", f"{PREFIX}/flow/regenerateAccessKey", {"keyType": "Primary"})
        found = [(await http("POST", url, {}, token=None)).status for url in (primary, secondary)]
        await is_served(http)

    assert found == [401, 202]


async def test_a_revoked_callback_is_refused_and_its_run_waits_on_for_an_answer_from_the_inbox():
    outside = Answers()
    async with client(flow(actions={"Ask": ASK}), outside=outside) as http:
        run = (await http("POST", "/api/flows/flow/run", {})).json["fired"][0]["run"]
        while not outside.asked:
            await asyncio.sleep(0)
        await http("POST", "/api/flows/flow/revoke")
        refused = await http("POST", outside.asked[0].inputs["body"], {}, token=None)
        (item,) = (await http("GET", "/api/approvals?status=open")).json["approvals"]
        await http("POST", f"/api/approvals/{item['id']}", {"answer": "Approve"})
        finish = await asyncio.wait_for(http.runtime.host.wait(run), 10)

    assert refused.status == 401
    assert finish.status == "Succeeded"


async def test_an_event_that_is_replayed_begins_no_second_run():
    event = {"specversion": "1.0", "type": "t", "source": "/s", "id": "1", "data": {"n": 1}}
    headers = {"content-type": "application/cloudevents+json"}
    async with client(flow()) as http:
        url = await http.callback_url()
        body = json.dumps(event).encode()
        answered = [await http("POST", url, body=body, headers=headers, token=None) for _ in range(3)]
        runs = (await http("GET", "/api/runs")).json["runs"]

    assert [each.status for each in answered] == [202] * 3
    assert len(runs) == 1


@pytest.mark.parametrize(
    "host", ["evil.test", "evil.test:7071", "127.0.0.1.evil.test", "[::2]", "127.0.0.1@evil.test", ""]
)
async def test_other_host_names_are_refused_everywhere(host):
    async with client(flow()) as http:
        url = await http.callback_url()
        found = [await http("GET", path, headers={"host": host}) for path in ("/", "/api/flows", "/healthz")]
        found.append(await http("POST", url, {}, headers={"host": host}, token=None))
        await is_served(http)

    assert [(each.status, each.code) for each in found] == [(421, "UnknownHost")] * 4


@pytest.mark.parametrize(
    "origin", ["https://evil.test", "null", "http://127.0.0.1:9", "http://127.0.0.1:7071.evil.test"]
)
async def test_other_origins_change_nothing(origin):
    cookie = {"cookie": f"runafter_token={TOKEN}", "origin": origin}
    async with client(flow()) as http:
        by_cookie = await http("POST", "/api/flows/flow/disable", token=None, headers=cookie)
        by_token = await http("POST", "/api/flows/flow/disable", headers={"origin": origin})
        state = (await http("GET", "/api/flows")).json["flows"][0]["state"]

    assert (by_cookie.code, by_token.code, state) == ("ForeignOrigin", "ForeignOrigin", "Enabled")


async def test_odd_questions_to_the_management_interface_are_answered_in_the_one_shape(caplog):
    """Nothing that can be sent is our fault: no 500, and each refusal says a code."""
    async with client(flow(actions={"Call": HTTP, "Pause": WAIT})) as http:
        run = (await http("POST", "/api/flows/flow/run", {})).json["fired"][0]["run"]
        names = [
            {"run": run, "action": "Call", "trigger": "start", "repetition": "000000", "history": run},
            {"run": "x", "action": "%00", "trigger": "%F0%9F%98%80", "repetition": "%EF%BC%91", "history": "%00"},
        ]
        found = []
        for route in Management(http.runtime).routes():
            if not route.path.startswith(PREFIX) or "DELETE" in route.methods:
                continue
            for each in names:
                path = route.path.format(**{"flow": "flow", "version": "x", "request": "x", **each})
                if "POST" in route.methods:
                    found += [await http("POST", path, body) for body in ODD_BODIES]
                else:
                    found += [await http("GET", f"{path}?{query}") for query in ODD_QUERIES]

    assert len(found) > 300
    assert {each.status for each in found} <= {200, 202, 400, 404, 409}
    assert all(each.code for each in found if each.status >= 400)
    assert "failed" not in caplog.text


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xff\xfe", "application/json"),
        (b'{"a":1e999}', "application/json"),
        (b'"\\ud800"', "application/json"),
        (b"9" * 6000, "application/json"),
        (b'{"a":1,"a":2}', "application/json"),
        (b"<a>", "application/xml"),
        (b"x", "multipart/form-data"),
        (b"\0\x01", ""),
    ],
)
async def test_an_odd_body_is_the_flow_s_to_judge(body, kind):
    async with client(flow()) as http:
        url = await http.callback_url()
        accepted = await http("POST", url, body=body, headers={"content-type": kind} if kind else {}, token=None)
        run = accepted.headers["x-ms-workflow-run-id"]
        finish = await asyncio.wait_for(http.runtime.host.wait(run), 10)
        shown = await http("GET", f"/api/runs/{run}")
        action = await http("GET", f"/api/runs/{run}/actions/Note")
        link = (await http("GET", f"{PREFIX}/flow/runs/{run}/actions/Note")).json["properties"]["outputsLink"]["uri"]
        content = await http("GET", link, token=None)

    assert (accepted.status, finish.status) == (202, "Succeeded")
    assert shown.json["run"]["status"] == "Succeeded"
    assert action.json["hasOutputs"]
    assert content.json == action.json["outputs"]


async def test_news_of_odd_text_do_not_end_the_stream():
    news = [News(kind="run", flow="flow", run="1", data={"error": "\ud800"})]

    async def watch():
        yield news

    pieces = [piece async for piece in event_stream(watch())]

    assert json.loads(pieces[1].split(b"data: ")[1])["data"] == {"error": "\ud800"}


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-16", "text/plain", ""])
async def test_depth_is_limited_whatever_the_body_calls_itself(kind):
    headers = {"content-type": kind} if kind else {}
    async with client(flow()) as http:
        own = await http("POST", "/api/flows/flow/run", body=b'{"body":' + b"[" * 100_000, headers=headers)
        url = await http.callback_url()
        signed = await http("POST", url, body=b"[" * 100_000, headers=headers, token=None)
        await is_served(http)

    assert (own.status, own.code) == (400, "JsonTooDeep")
    assert signed.status == (202 if kind == "text/plain" else 400)
