"""CloudEvents 1.0 at Request triggers: modes, the key by which an event is known again, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.server.client import Answer, Client, client
from tests.server.world import REQUEST, flow

from runafter.project.project import Sidecar
from runafter.server.cloudevents import events_of

ORDER = {
    "specversion": "1.0",
    "id": "A1",
    "source": "/shop",
    "type": "example.order.created",
    "data": {"total": 12},
}
BINARY = {
    "ce-specversion": "1.0",
    "ce-id": "A1",
    "ce-source": "/shop",
    "ce-type": "example.order.created",
    "content-type": "application/json",
}


async def post(http: Client, event: Any, kind: str = "application/cloudevents+json", **headers: str) -> Answer:
    return await http(
        "POST",
        await http.callback_url(),
        body=json.dumps(event).encode(),
        headers={"content-type": kind, **headers},
        token=None,
    )


async def bodies(http: Client) -> list[Any]:
    """Return the trigger bodies of all runs, oldest first."""
    found = []
    for header in reversed(await http.runtime.host.journal.runs()):
        await http.runtime.host.wait(header.id)
        row = await http.runtime.host.journal.history.action(header.id, "Note")
        found.append(row.outputs)
    return found


async def test_a_structured_event_starts_one_run_however_often_it_comes():
    async with client(flow()) as http:
        first = await post(http, ORDER)
        again = await post(http, ORDER)
        seen = await bodies(http)

    assert (first.status, again.status) == (202, 202)
    assert again.headers["x-ms-workflow-run-id"] == first.headers["x-ms-workflow-run-id"]
    assert seen == [ORDER]


async def test_the_same_id_of_another_source_is_another_event():
    async with client(flow()) as http:
        await post(http, ORDER)
        await post(http, {**ORDER, "source": "/branch"})
        seen = await bodies(http)

    assert [event["source"] for event in seen] == ["/shop", "/branch"]


async def test_a_binary_event_keeps_its_data_as_the_body_and_is_the_same_event():
    async with client(flow()) as http:
        url = await http.callback_url()
        await http("POST", url, body=b'{"total":12}', headers=BINARY, token=None)
        structured = await post(http, ORDER)
        seen = await bodies(http)

    assert seen == [{"total": 12}]
    assert structured.status == 202


async def test_a_batch_starts_a_run_per_event():
    batch = [{**ORDER, "id": key} for key in ("A1", "A2", "A1")]
    async with client(flow()) as http:
        answered = await post(http, batch, "application/cloudevents-batch+json; charset=utf-8")
        empty = await post(http, [], "application/cloudevents-batch+json")
        seen = await bodies(http)

    assert (answered.status, empty.status) == (202, 202)
    assert [event["id"] for event in seen] == ["A1", "A2"]


async def test_the_flow_s_own_key_counts_instead():
    own = Sidecar(deduplication_key="@triggerBody()?['data']?['total']")
    async with client(flow(sidecar=own)) as http:
        await post(http, ORDER)
        await post(http, {**ORDER, "id": "A2"})
        await post(http, {**ORDER, "data": {"total": 13}})
        seen = await bodies(http)

    assert [event["data"]["total"] for event in seen] == [12, 13]


async def test_a_split_event_is_one_run_per_item_and_none_when_it_comes_again():
    trigger = {**REQUEST, "splitOn": "@triggerBody()['data']"}
    async with client(flow(trigger=trigger)) as http:
        for _ in range(2):
            await post(http, {**ORDER, "data": ["a", "b"]})
        seen = await bodies(http)

    assert sorted(seen) == ["a", "b"]


@pytest.mark.parametrize(
    ("event", "says"),
    [
        ({**ORDER, "specversion": "0.3"}, "specversion"),
        ({name: value for name, value in ORDER.items() if name != "id"}, "'id'"),
        ({**ORDER, "source": ""}, "'source'"),
        ({**ORDER, "data_base64": "AA=="}, "data_base64"),
        ([ORDER], "JSON object"),
    ],
    ids=["version", "no id", "empty source", "data twice", "no object"],
)
async def test_a_wrong_event_is_refused_by_what_is_wrong(event, says):
    async with client(flow()) as http:
        answered = await post(http, event)
        runs = (await http("GET", "/api/runs")).json["runs"]

    assert (answered.status, answered.code, runs) == (400, "InvalidCloudEvent", [])
    assert says in answered.json["error"]["message"]


async def test_an_event_format_that_is_not_json_is_refused():
    async with client(flow()) as http:
        answered = await post(http, ORDER, "application/cloudevents+avro")

    assert answered.status == 415


async def test_a_sender_asks_before_it_delivers():
    async with client(flow()) as http:
        url = await http.callback_url()
        agreed = await http("OPTIONS", url, headers={"webhook-request-origin": "events.example.com"}, token=None)
        plain = await http("OPTIONS", url, token=None)
        unsigned = await http("OPTIONS", url.partition("?")[0], token=None)
        await http("POST", "/api/flows/flow/disable")
        closed = await http("OPTIONS", url, headers={"webhook-request-origin": "events.example.com"}, token=None)

    assert agreed.headers["webhook-allowed-origin"] == "events.example.com"
    assert agreed.headers["webhook-allowed-rate"] == "*"
    assert [each.status for each in (agreed, plain, unsigned, closed)] == [200, 405, 401, 409]


def test_header_values_are_unquoted_and_decoded_once():
    quoted = events_of({**BINARY, "ce-id": '"a \\"b\\" %2541"'}, b"")
    plain = events_of({**BINARY, "ce-source": "Euro%20%E2%82%AC"}, b"")

    assert quoted is not None
    assert quoted[0].id == 'a "b" %41'
    assert plain is not None
    assert plain[0].source == "Euro €"


def test_requests_without_all_attributes_are_no_events():
    lacking = {name: value for name, value in BINARY.items() if name != "ce-type"}

    assert events_of(lacking, b"{}") is None
    assert events_of({"content-type": "application/json"}, b"{}") is None
    assert events_of({**BINARY, "ce-specversion": "0.3"}, b"{}") is None
