"""`runafter.run` on either clock, with mocks given or inferred."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest

import runafter
from runafter.definition.read import read_bytes
from runafter.journal.journal import Journal
from runafter.local.mocks import MockError
from runafter.local.parameters import UnfitParameter
from runafter.protocol.ids import idempotency_key
from runafter.storage.open import open_storage


def flow(**actions: Any) -> runafter.Definition:
    definition = {"triggers": {"manual": {"type": "Request", "kind": "Http", "inputs": {}}}, "actions": actions}
    (found,) = read_bytes(json.dumps(definition).encode(), "flow.json")
    return found


def http(*after: str, uri: str = "https://example.com/orders", **more: Any) -> dict[str, Any]:
    return {
        "type": "Http",
        "inputs": {"method": "GET", "uri": uri},
        "runAfter": {name: ["Succeeded"] for name in after},
        **more,
    }


def compose(inputs: Any, *after: str) -> dict[str, Any]:
    return {"type": "Compose", "inputs": inputs, "runAfter": {name: ["Succeeded"] for name in after}}


def test_a_mocked_call_gives_its_body_to_later_actions() -> None:
    found = flow(Get=http(), Say=compose("@body('Get')?['name']", "Get"))

    result = runafter.run(found, mocks={"actions": {"Get": {"body": {"name": "Ada"}}}})

    assert result.succeeded
    assert result.action("Say").outputs == "Ada"


def test_a_sequence_of_answers_follows_the_attempts() -> None:
    found = flow(Get=http())

    result = runafter.run(found, mocks={"actions": {"Get": [{"status": 503}, {"status": 429}, {"body": 1}]}})

    assert result.succeeded
    assert [attempt.status_code for attempt in result.action("Get").attempts] == [503, 429]
    assert result.duration > timedelta(seconds=5)


@pytest.mark.parametrize(
    ("after", "seconds"), [("Mon, 01 Jan 2024 00:10:00 GMT", 600), (60, 60), ("soon", 5), ("inf", 5)]
)
def test_a_retry_waits_at_least_what_the_mocked_answer_asks_for(after: object, seconds: int) -> None:
    policy = {"type": "exponential", "count": 1, "interval": "PT5S", "maximumInterval": "PT5S"}
    get = {"method": "GET", "uri": "https://example.com", "retryPolicy": policy}
    found = flow(Get={"type": "Http", "inputs": get, "runAfter": {}})

    result = runafter.run(found, mocks={"actions": {"Get": [{"status": 429, "headers": {"retry-after": after}}, {}]}})

    assert result.duration == timedelta(seconds=seconds)


def test_polls_go_on_in_the_sequence_of_their_call() -> None:
    accepted = {"status": 202, "headers": {"Location": "https://example.com/status", "Retry-After": "30"}}
    still = {"status": 202, "headers": {"Retry-After": "10"}}

    result = runafter.run(flow(Get=http()), mocks={"actions": {"Get": [accepted, still, {"body": "done"}]}})

    assert result.action("Get").outputs["body"] == "done"
    assert result.duration == timedelta(seconds=40)


def test_answers_by_item_fail_one_iteration_and_leave_the_others() -> None:
    loop = {"type": "Foreach", "foreach": "@createArray(1, 2, 3)", "actions": {"Get": http()}, "runAfter": {}}

    result = runafter.run(flow(Each=loop), mocks={"actions": {"Get": {"items": [{}, {"status": 404}, {}]}}})

    assert result.status == "Failed"
    assert [record.status for record in result.actions["Get"]] == ["Succeeded", "Failed", "Succeeded"]
    assert result.action("Get", (1,)).code == "NotFound"


def test_a_mock_for_an_action_that_is_not_there_is_refused_with_the_near_name() -> None:
    with pytest.raises(MockError, match="'get_ordr'") as caught:
        runafter.run(flow(Get_order=http()), mocks={"actions": {"Get_ordr": {"status": 200}}})

    assert caught.value.hint == "Did you mean 'Get_order'?"


def test_virtual_runs_of_one_seed_are_all_kept(tmp_path: Path) -> None:
    found, db = flow(Get=http()), str(tmp_path / "runs.db")

    runs = [
        runafter.run(found, mocks={"actions": {"Get": {"status": status}}}, db=db, seed=0) for status in (200, 404, 410)
    ]

    async def kept() -> list[tuple[str, str]]:
        storage = await open_storage(db)
        try:
            return [(header.id, header.status) for header in await Journal(storage).runs()]
        finally:
            await storage.close()

    assert len({run.run_id for run in runs}) == 3
    assert asyncio.run(kept()) == [(run.run_id, run.status) for run in reversed(runs)]


def test_a_call_without_a_mock_fails_by_name() -> None:
    result = runafter.run(flow(Get=http()))

    record = result.action("Get")
    assert result.status == "Failed"
    assert "NoMock" in json.dumps([record.code, record.error])
    assert "'Get'" in json.dumps(record.error)


def test_operations_are_mocked_by_url_and_by_connector() -> None:
    mail = {
        "type": "OpenApiConnection",
        "inputs": {
            "host": {
                "apiId": "/providers/Microsoft.PowerApps/apis/shared_office365",
                "connectionName": "o",
                "operationId": "SendEmailV2",
            },
            "parameters": {"emailMessage/To": "a@example.com"},
        },
        "runAfter": {},
    }
    mocks = {
        "operations": {"shared_office365/SendEmailV2": {"status": 200}, "GET https://example.com/*": {"body": {"a": 1}}}
    }

    result = runafter.run(flow(Mail=mail, Get=http()), mocks=mocks)

    assert result.succeeded
    assert result.action("Get").outputs["body"] == {"a": 1}


def test_a_call_that_never_answers_times_out_in_virtual_time() -> None:
    result = runafter.run(flow(Get=http(limit={"timeout": "PT30S"})), mocks={"actions": {"Get": {"never": True}}})

    assert result.action("Get").status == "TimedOut"
    assert result.duration == timedelta(seconds=30)


def test_a_webhook_waits_for_its_signal() -> None:
    hook = {
        "type": "HttpWebhook",
        "inputs": {"subscribe": {"method": "POST", "uri": "https://example.com/@{listCallbackUrl()}"}},
        "runAfter": {},
    }
    found = flow(Ask=hook, Said=compose("@body('Ask')?['outcome']", "Ask"))

    result = runafter.run(
        found, mocks={"actions": {"Ask": {"signal": {"body": {"outcome": "Approve"}}, "delay": "P2D"}}}
    )

    assert result.action("Said").outputs == "Approve"
    assert result.duration >= timedelta(days=2)


def test_a_child_flow_answers_with_its_response() -> None:
    child = flow(
        Double={
            "type": "Response",
            "kind": "Http",
            "inputs": {"statusCode": 201, "body": "@mul(triggerBody()?['n'], 2)"},
            "runAfter": {},
        }
    )
    call = {
        "type": "Workflow",
        "inputs": {"host": {"workflow": {"id": "/workflows/flow"}}, "body": {"n": 21}},
        "runAfter": {},
    }

    result = runafter.run(flow(Call=call, Got=compose("@body('Call')", "Call")), flows=[child])

    assert result.action("Got").outputs == 42


def test_inferred_answers_have_what_the_flow_reads() -> None:
    loop = {
        "type": "Foreach",
        "foreach": "@body('List')?['value']",
        "actions": {"One": compose("@concat(items('Each')?['title'], '-', string(items('Each')?['count']))")},
        "runAfter": {"List": ["Succeeded"]},
    }
    check = {
        "type": "If",
        "expression": {"and": [{"equals": ["@triggerBody()?['kind']", "urgent"]}]},
        "actions": {"Urgent": compose("yes")},
        "runAfter": {"Each": ["Succeeded"]},
    }

    result = runafter.run(flow(List=http(), Each=loop, Check=check), mocks="auto")

    assert result.succeeded
    assert len(result.actions["One"]) == 2
    assert result.action("Urgent").status == "Succeeded"


def test_equal_seeds_give_equal_journals_and_other_seeds_other_ids() -> None:
    found = flow(Id=compose("@guid()"), Get=http("Id"))
    mocks = {"actions": {"Get": [{"status": 500}, {"body": 1}]}}

    one, two, three = (runafter.run(found, mocks=mocks, seed=seed) for seed in (1, 1, 2))

    assert one.journal == two.journal
    assert one.action("Id").outputs == two.action("Id").outputs != three.action("Id").outputs


def test_run_works_inside_a_running_event_loop() -> None:
    async def notebook() -> str:
        return runafter.run(flow(A=compose(1))).status

    assert asyncio.run(notebook()) == "Succeeded"


async def test_run_async_gives_the_same_result() -> None:
    result = await runafter.run_async(flow(A=compose(1)))

    assert result.succeeded


async def test_the_key_goes_in_the_header_that_the_run_names() -> None:
    from aiohttp import web

    seen: list[str | None] = []

    async def orders(request: web.Request) -> web.Response:
        seen.append(request.headers.get("X-Key"))
        return web.json_response({})

    app = web.Application()
    app.router.add_get("/orders", orders)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        found = flow(Get=http(uri=f"http://127.0.0.1:{port}/orders"))
        result = await runafter.run_async(found, clock="real", key_headers={"Get": "X-Key"})
    finally:
        await runner.cleanup()

    assert result.succeeded
    assert seen == [idempotency_key(result.run_id, "Get", ())]


def test_an_instant_flow_gets_the_header_that_names_its_callers_connections() -> None:
    value = {
        "triggers": {"manual": {"type": "Request", "kind": "Button", "inputs": {"schema": {}}}},
        "actions": {
            "Key": compose("@json(decodeBase64(triggerOutputs().headers['X-MS-APIM-Tokens']))['$ConnectionKey']"),
        },
    }
    (definition,) = read_bytes(json.dumps(value).encode(), "flow.json")

    result = runafter.run(definition, trigger={"text": "a"})

    assert result.action("Key").outputs == "local"


def test_a_run_ends_at_its_duration_limit() -> None:
    wait = {"type": "Wait", "inputs": {"interval": {"count": 100, "unit": "Day"}}, "runAfter": {}}

    assert runafter.run(flow(Rest=wait)).status == "TimedOut"
    assert runafter.run(flow(Rest=wait), duration_limit=timedelta(days=101)).succeeded


@pytest.mark.parametrize("clock", ["real", "virtual"])
def test_a_run_lies_in_its_database(clock: Any, tmp_path: Path) -> None:
    db = str(tmp_path / "runs.db")
    result = runafter.run(flow(A=compose("@add(1, 2)")), clock=clock, db=db)

    from runafter.journal.journal import Journal
    from runafter.storage.open import open_storage

    async def read() -> tuple[str, Any]:
        storage = await open_storage(db)
        try:
            journal = Journal(storage)
            header = await journal.run(result.run_id)
            row = await journal.history.action(result.run_id, "A")
            assert header is not None
            assert row is not None
            return header.status, row.outputs
        finally:
            await storage.close()

    assert asyncio.run(read()) == ("Succeeded", 3)


@pytest.mark.parametrize(
    ("mocks", "said"),
    [
        ({"action": {}}, "unknown key 'action'"),
        ({"actions": {"Get": {"stauts": 200}}}, "unknown key 'stauts'"),
        ({"actions": {"Get": {"status": 99}}}, "HTTP status"),
        ({"actions": {"Get": []}}, "at least one"),
        ({"actions": {"Get": {"delay": "soon"}}}, "ISO 8601"),
        ({"actions": {"Get": 3}}, "mapping"),
    ],
)
def test_a_wrong_mock_file_is_refused_with_its_place(mocks: dict[str, Any], said: str) -> None:
    with pytest.raises(MockError, match=said):
        runafter.run(flow(Get=http()), mocks=mocks)


def test_racy_variables_lose_updates_whenever_the_calls_before_them_come_back() -> None:
    add = {"type": "IncrementVariable", "inputs": {"name": "n", "value": 1}, "runAfter": {"Get": ["Succeeded"]}}
    loop = {
        "type": "Foreach",
        "foreach": "@range(0, 12)",
        "actions": {"Get": http(), "Add": add},
        "runAfter": {"N": ["Succeeded"]},
        "runtimeConfiguration": {"concurrency": {"repetitions": 12}},
    }
    rows = [{"name": "n", "type": "integer", "value": 0}]
    found = flow(N={"type": "InitializeVariable", "inputs": {"variables": rows}, "runAfter": {}}, Each=loop)
    mocks = {"actions": {"Get": {"items": [{"delay": 0.05 * index} for index in range(12)]}}}

    def counted(mode: Literal["atomic", "racy"], seed: int) -> Any:
        return runafter.run(found, mocks=mocks, variables=mode, seed=seed).variables["n"]

    racy = [counted("racy", seed) for seed in range(20)]

    assert max(racy) < 12
    assert len(set(racy)) > 2
    assert racy[:3] == [counted("racy", seed) for seed in range(3)]
    assert {counted("atomic", seed) for seed in range(3)} == {12}


def test_a_run_is_tracked_by_its_callers_id_or_else_by_its_own() -> None:
    found = flow(
        See=compose(
            {"trigger": "@trigger()?['clientTrackingId']", "self": "@actions('First')?['clientTrackingId']"}, "First"
        ),
        First=compose(1),
    )

    own = runafter.run(found)
    given = runafter.run(found, trigger={"headers": {"X-MS-Client-Tracking-Id": "order-7"}, "body": {}})

    assert own.action("See").outputs == {"trigger": own.run_id, "self": own.run_id}
    assert given.action("See").outputs == {"trigger": "order-7", "self": "order-7"}


_DECLARED = {
    "n": {"type": "Int"},
    "who": {"type": "SecureString"},
    "pick": {"type": "String", "allowedValues": ["a", "b"]},
}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"n": "x"}, "the parameter 'n' is of type Int, not String: 'x'"),
        ({"N": 1.5}, "the parameter 'N' is of type Int, not Float: 1.5"),
        ({"who": 5}, "the parameter 'who' is of type SecureString, not Integer"),
        ({"pick": "c"}, "the parameter 'pick' takes one of 'a', 'b', not 'c'"),
    ],
)
def test_values_that_a_parameter_does_not_take_are_refused(given: dict[str, Any], told: str) -> None:
    definition = {"parameters": _DECLARED, "triggers": {}, "actions": {"A": compose(1)}}
    (found,) = read_bytes(json.dumps(definition).encode(), "flow.json")
    fitting = {"n": 1, "who": "me", "pick": "a"}

    with pytest.raises(UnfitParameter) as caught:
        runafter.run(found, parameters=given)

    assert str(caught.value).endswith(told)
    assert runafter.run(found, parameters=fitting).succeeded
    assert runafter.run(found, mocks={"parameters": {**fitting, "pick": None}}).succeeded


@pytest.mark.parametrize("wrong", [{"clock": "wall"}, {"variables": "safe"}, {"in_flight": 0}])
def test_an_argument_that_means_nothing_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        runafter.run(flow(A=compose(1)), **wrong)
