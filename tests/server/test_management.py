"""The management interface, read by Microsoft's own client over loopback."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import contextmanager

import pytest
from tests.server.client import TOKEN, client
from tests.server.world import COMPOSE, HTTP, WAIT, Answers, flow, project

from runafter.hosts.embedded.host import Host
from runafter.local.package import load_program
from runafter.protocol.events import Outcome
from runafter.server.app import make_app
from runafter.server.guard import Doors
from runafter.server.runtime import Runtime
from runafter.server.settings import ServerSettings
from runafter.storage.open import open_storage

azure = pytest.importorskip("azure.mgmt.logic", reason="azure-mgmt-logic is not installed")
uvicorn = pytest.importorskip("uvicorn")
LOOP = {
    "Each": {
        "type": "Foreach",
        "foreach": "@triggerBody()['items']",
        "operationOptions": "Sequential",
        "actions": {"Call": HTTP},
        "runAfter": {},
    }
}
PREFIX = "/runtime/webhooks/workflow/api/management/workflows"


@contextmanager
def served(*flows, outside=None):
    """Serve on a free port of loopback, on a thread of its own; yield (address, runtime, loop)."""
    import socket

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    is_up = threading.Event()
    held = {}

    async def main() -> None:
        storage = await open_storage("memory:")
        runtime = Runtime(
            storage,
            outside or Answers(),
            lambda inbox, respond: Host(storage, inbox, load_program=load_program, responder=respond),
            settings=ServerSettings(public_url=url),
        )
        doors = Doors(runtime.catalog, runtime.host.clock)
        doors.admit(TOKEN)
        await runtime.start(project(*flows))
        server = uvicorn.Server(uvicorn.Config(make_app(runtime, doors), log_config=None, lifespan="off"))
        held.update(runtime=runtime, loop=asyncio.get_running_loop(), server=server)
        task = asyncio.ensure_future(server._serve([listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        is_up.set()
        await task
        await runtime.stop()
        await storage.close()

    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    try:
        assert is_up.wait(10)
        yield url, held["runtime"], held["loop"]
    finally:
        held["server"].should_exit = True
        thread.join(10)
        listener.close()


def management(url: str):
    from azure.core.pipeline.policies import SansIOHTTPPolicy
    from azure.mgmt.logic import LogicManagementClient

    class Token(SansIOHTTPPolicy):
        def on_request(self, request) -> None:
            request.http_request.headers["Authorization"] = f"Bearer {TOKEN}"

    class NoCredential:
        def get_token(self, *scopes, **options):
            raise AssertionError("the policy sends the token")

    return LogicManagementClient(
        NoCredential(), "00000000-0000-0000-0000-000000000000", base_url=url, authentication_policy=Token()
    )


def ended(runtime, loop, run: str) -> str:
    return asyncio.run_coroutine_threadsafe(runtime.host.wait(run), loop).result(10).status


def test_microsofts_client_lists_runs_actions_and_repetitions():
    outside = Answers(Call=[Outcome(status_code=200), Outcome(status_code=500), Outcome(status_code=200)])
    with served(flow(actions=LOOP), outside=outside) as (url, runtime, loop):
        logic = management(url)
        where = ("local", "flow")
        assert [each.name for each in logic.workflows.list_by_resource_group("local")] == ["flow"]
        callback = logic.workflow_triggers.list_callback_url(*where, "start")
        assert callback.queries.sig
        logic.workflow_triggers.run(*where, "start")
        fired = asyncio.run_coroutine_threadsafe(runtime.run_now("flow", given={"items": [1, 2, 3]}), loop).result(10)[
            0
        ]
        assert ended(runtime, loop, fired.run_id) == "Failed"

        runs = list(logic.workflow_runs.list(*where, filter="status eq 'Failed' and startTime ge 2020-01-01T00:00:00Z"))
        run = logic.workflow_runs.get(*where, fired.run_id)
        actions = {each.name: each for each in logic.workflow_run_actions.list(*where, fired.run_id)}
        repetitions = list(
            logic.workflow_run_action_repetitions.list(
                *where,
                fired.run_id,
                "Call",
            )
        )
        called = logic.workflow_run_actions.get(
            *where, fired.run_id, "Call", cls=lambda told, *_: json.loads(told.http_response.text())
        )
        iterations = list(logic.workflow_run_action_scope_repetitions.list(*where, fired.run_id, "Each"))
        iteration = logic.workflow_run_action_scope_repetitions.get(*where, fired.run_id, "Each", "000001")
        own = list(logic.workflow_run_action_scope_repetitions.list(*where, fired.run_id, "Call"))
        traces = list(
            logic.workflow_run_action_repetitions.list_expression_traces(*where, fired.run_id, "Call", "000001")
        )
        pages = list(logic.workflow_runs.list(*where, top=1))
        histories = list(logic.workflow_trigger_histories.list(*where, "start"))
        versions = list(logic.workflow_versions.list(*where))
        requests = list(
            logic.workflow_run_action_repetitions_request_histories.list(*where, fired.run_id, "Call", "000001")
        )

    assert fired.run_id in [each.name for each in runs]
    assert (run.status, run.trigger.name) == ("Failed", "start")
    assert {name: each.status for name, each in actions.items()} == {"Each": "Failed", "Call": "Failed"}
    assert called["properties"]["repetitionCount"] == 3
    assert [(each.name, each.status) for each in repetitions] == [
        ("000000", "Succeeded"),
        ("000001", "Failed"),
        ("000002", "Succeeded"),
    ]
    assert repetitions[1].repetition_indexes[0].scope_name == "Each"
    assert [(each.name, each.status) for each in iterations] == [
        ("000000", "Succeeded"),
        ("000001", "Failed"),
        ("000002", "Succeeded"),
    ]
    assert iteration.id.endswith("/actions/Each/scopeRepetitions/000001")
    assert (iteration.repetition_indexes[0].scope_name, iteration.repetition_indexes[0].item_index) == ("Each", 1)
    assert [each.name for each in own] == [each.name for each in repetitions]
    assert traces == []
    assert (len(pages), len(histories), len(versions)) == (2, 2, 1)
    assert requests[-1].properties.response.status_code == 500


def test_microsofts_client_cancels_resubmits_and_disables():
    with served(flow(actions={"Pause": WAIT})) as (url, runtime, loop):
        logic = management(url)
        where = ("local", "flow")
        fired = asyncio.run_coroutine_threadsafe(runtime.run_now("flow", given={"n": 1}), loop).result(10)[0]
        logic.workflow_runs.cancel(*where, fired.run_id)
        assert ended(runtime, loop, fired.run_id) == "Cancelled"
        logic.workflow_trigger_histories.resubmit(*where, "start", fired.history)
        names = [each.name for each in logic.workflow_runs.list(*where)]
        logic.workflows.disable(*where)
        state = logic.workflows.get(*where).state

    assert len(names) == 2
    assert state == "Disabled"


def test_microsofts_client_gets_one_by_one_what_it_lists_and_follows_links_between_pages():
    outside = Answers(Call=Outcome(status_code=400, body={"b": 2}))
    with served(flow(actions={"Call": HTTP}), flow("also"), flow("third"), outside=outside) as (url, runtime, loop):
        logic = management(url)
        where = ("local", "flow")
        fired = [
            asyncio.run_coroutine_threadsafe(runtime.run_now("flow", given=n), loop).result(10)[0] for n in range(3)
        ]
        states = [ended(runtime, loop, each.run_id) for each in fired]
        first = (*where, fired[0].run_id)

        flows = list(logic.workflows.list_by_subscription(top=1))
        runs = list(logic.workflow_runs.list(*where, top=1))
        histories = list(logic.workflow_trigger_histories.list(*where, "start", top=2))
        assert [each.name for each in flows] == ["also", "flow", "third"]
        assert [each.name for each in runs] == [each.run_id for each in reversed(fired)]
        again = [logic.workflow_runs.get(*where, each.name) for each in runs]
        assert [(each.id, each.status, each.start_time) for each in runs] == [
            (each.id, each.status, each.start_time) for each in again
        ]
        assert [each.name for each in histories] == [each.history for each in reversed(fired)]
        history = logic.workflow_trigger_histories.get(*where, "start", histories[0].name)
        (trigger,) = logic.workflow_triggers.list(*where)
        same = logic.workflow_triggers.get(*where, "start")
        assert (trigger.id, trigger.state, trigger.created_time) == (same.id, same.state, same.created_time)
        (version,) = logic.workflow_versions.list(*where)
        got = logic.workflow_versions.get(*where, version.name)
        action = logic.workflow_run_actions.get(*first, "Call")
        attempts = list(logic.workflow_run_action_request_histories.list(*first, "Call"))
        attempt = logic.workflow_run_action_request_histories.get(*first, "Call", attempts[0].name)

    assert states == ["Failed"] * 3
    assert (history.fired, history.run.name) == (True, fired[2].run_id)
    assert list(got.definition["actions"]) == ["Call"]
    assert (action.status, action.code) == ("Failed", "BadRequest")
    assert [each.properties.response.status_code for each in attempts] == [400]
    assert attempt.properties.request.method == "POST"


def test_microsofts_client_is_told_of_faults_by_code_and_message():
    from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

    with served(flow()) as (url, _, _):
        logic = management(url)
        with pytest.raises(ResourceNotFoundError) as missing:
            logic.workflow_runs.get("local", "flow", "none")
        with pytest.raises(HttpResponseError) as wrong:
            list(logic.workflow_runs.list("local", "flow", filter="Colour eq 'red'"))

    assert (missing.value.error.code, missing.value.status_code) == ("NotFound", 404)
    assert wrong.value.error.code == "InvalidFilter"


def test_microsofts_client_is_given_a_long_loop_whole():
    """Its lists of repetitions are one page; those of actions follow the link."""
    loop = {"Each": {"type": "Foreach", "foreach": "@range(0, 300)", "actions": {"Note": COMPOSE}, "runAfter": {}}}
    more = {f"Note_{number:02d}": COMPOSE for number in range(40)}
    with served(flow(actions={**loop, **more})) as (url, runtime, loop):
        logic = management(url)
        where = ("local", "flow")
        fired = asyncio.run_coroutine_threadsafe(runtime.run_now("flow", given=1), loop).result(10)[0]
        assert ended(runtime, loop, fired.run_id) == "Succeeded"
        repetitions = list(logic.workflow_run_action_repetitions.list(*where, fired.run_id, "Note"))
        iterations = list(logic.workflow_run_action_scope_repetitions.list(*where, fired.run_id, "Each"))
        actions = list(logic.workflow_run_actions.list(*where, fired.run_id, top=7))

    assert [each.name for each in repetitions] == [f"{number:06d}" for number in range(300)]
    assert [each.name for each in iterations] == [each.name for each in repetitions]
    assert sorted(each.name for each in actions) == sorted(["Each", "Note", *more])


async def test_iterations_that_have_not_ended_are_running_and_those_cut_off_are_cancelled():
    loop = {
        "type": "Foreach",
        "foreach": "@range(0, 3)",
        "operationOptions": "Sequential",
        "actions": {"Note": COMPOSE, "Pause": WAIT | {"runAfter": {"Note": ["Succeeded"]}}},
    }
    async with client(flow(actions={"Each": loop})) as http:
        run = (await http("POST", "/api/flows/flow/run", {})).json["fired"][0]["run"]
        path = f"{PREFIX}/flow/runs/{run}/actions/Each/scopeRepetitions"
        seen = []
        while not seen:
            seen = (await http("GET", path)).json["value"]
        await http("POST", f"/api/runs/{run}/cancel")
        await http.runtime.host.wait(run)
        later = (await http("GET", path)).json["value"]
        none = (await http("GET", f"{path}?$filter=status%20eq%20'Failed'")).json["value"]
        missing = await http("GET", f"{path}/000009")

    assert [(each["name"], each["properties"]["status"]) for each in seen] == [("000000", "Running")]
    assert later[0]["properties"]["status"] == "Cancelled"
    assert (none, missing.status) == ([], 404)


async def test_content_links_show_inputs_until_their_time_is_over():
    async with client(flow(), settings=ServerSettings()) as http:
        run = (await http("POST", "/api/flows/flow/run", {"body": {"n": 3}})).json["fired"][0]["run"]
        await http.runtime.host.wait(run)
        action = (await http("GET", f"{PREFIX}/flow/runs/{run}/actions/Note")).json
        link = action["properties"]["outputsLink"]
        shown = await http("GET", link["uri"], token=None)
        other = await http("GET", link["uri"].replace("/outputs?", "/inputs?"), token=None)

    assert shown.json == {"n": 3}
    assert link["contentSize"] == len(shown.body)
    assert other.status == 401


async def test_a_wrong_filter_is_refused_by_its_part():
    async with client(flow()) as http:
        answered = await http("GET", f"{PREFIX}/flow/runs?$filter=Colour%20eq%20'red'")

    assert (answered.status, answered.code) == (400, "InvalidFilter")


async def test_traces_show_the_failing_expression_and_the_values_of_its_parts():
    divide = {"type": "Compose", "inputs": "@div(6, triggerBody()['n'])"}
    async with client(flow(actions={"Divide": divide})) as http:
        run = (await http("POST", "/api/flows/flow/run", {"body": {"n": 0}})).json["fired"][0]["run"]
        await http.runtime.host.wait(run)
        found = await http("POST", f"{PREFIX}/flow/runs/{run}/actions/Divide/listExpressionTraces")

    (root,) = azure.models.ExpressionTraces.deserialize(found.json).inputs
    assert (root.text, root.error.code) == ("@div(6, triggerBody()['n'])", "BadRequest")
    assert [(part.text, part.value) for part in root.subexpressions][-1] == ("triggerBody()['n']", 0)


async def test_a_repetition_by_another_name_is_not_found():
    async with client(flow()) as http:
        run = (await http("POST", "/api/flows/flow/run", {"body": 1})).json["fired"][0]["run"]
        await http.runtime.host.wait(run)
        answered = [
            (await http("GET", f"{PREFIX}/flow/runs/{run}/actions/Note/repetitions/{name}")).status
            for name in ("first", "-1", "1-", "9999999999")
        ]

    assert answered == [404, 404, 404, 404]


async def test_a_run_of_another_flow_is_not_found():
    async with client(flow(), flow("other")) as http:
        run = (await http("POST", "/api/flows/flow/run", {})).json["fired"][0]["run"]
        answered = await http("GET", f"{PREFIX}/other/runs/{run}")

    assert answered.status == 404
