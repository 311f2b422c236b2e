"""What the page asks beside the own API."""

from __future__ import annotations

import json

from tests.server.client import client
from tests.server.world import COMPOSE, HTTP, REQUEST, Answers, flow

from runafter.protocol.events import Outcome
from runafter.server.watching import samples_beside

WEBHOOK = {
    "type": "HttpWebhook",
    "inputs": {"subscribe": {"method": "POST", "uri": "https://example.test/s", "body": "@listCallbackUrl()"}},
}
LOOP = {
    "type": "Foreach",
    "foreach": "@triggerBody()",
    "actions": {"Call": HTTP, "Ask": WEBHOOK | {"runAfter": {"Call": ["Succeeded"]}}},
}


async def _started(http, body=None) -> str:
    fired = await http("POST", "/api/flows/flow/run", {"body": body})
    return fired.json["fired"][0]["run"]


async def _until(http, path, wanted):
    """Ask until the answer is as wanted: runs go on between our questions."""
    for _ in range(500):
        found = (await http("GET", path)).json
        if wanted(found):
            return found
    raise AssertionError(found)


async def test_what_has_begun_and_not_ended_is_told_with_its_iteration():
    async with client(flow(actions={"Each": LOOP})) as http:
        run = await _started(http, ["a", "b"])
        found = await _until(
            http, f"/api/runs/{run}/live", lambda page: sum(each["status"] == "Waiting" for each in page["live"]) == 2
        )
        live = {(each["action"], each["repetition"]): each for each in found["live"]}
        assert set(live) == {("Each", ""), ("Ask", "000000"), ("Ask", "000001")}
        assert live["Each", ""]["of"] == 2
        assert live["Each", ""]["status"] == "Running"
        await http("POST", f"/api/runs/{run}/cancel")
        await _until(http, f"/api/runs/{run}", lambda page: page["run"]["endedAt"] is not None)
        assert (await http("GET", f"/api/runs/{run}/live")).json == {"live": []}


async def test_one_iteration_shows_its_own_statuses():
    bad = Outcome(status_code=500, body={})
    outside = Answers(Call=[Outcome(status_code=200, body={}), bad])
    loop = {
        "type": "Foreach",
        "foreach": "@triggerBody()",
        "actions": {"Call": HTTP},
        "runtimeConfiguration": {"concurrency": {"repetitions": 1}},
    }
    async with client(flow(actions={"Each": loop}), outside=outside) as http:
        run = await _started(http, ["a", "b"])
        await _until(http, f"/api/runs/{run}", lambda page: page["run"]["endedAt"] is not None)
        first = (await http("GET", f"/api/runs/{run}/iterations/000000")).json["actions"]
        second = (await http("GET", f"/api/runs/{run}/iterations/000001")).json["actions"]
        missing = await http("GET", "/api/runs/nothing/iterations/000000")
        wrong = await http("GET", f"/api/runs/{run}/iterations/x")
    assert [(each["name"], each["status"], each["repetition"]) for each in first] == [("Call", "Succeeded", "000000")]
    assert [(each["name"], each["status"], each["failed"]) for each in second] == [("Call", "Failed", 1)]
    assert missing.status == 404
    assert wrong.status == 404


async def test_findings_are_those_of_check():
    async with client(flow(actions={"Call": HTTP})) as http:
        found = (await http("GET", "/api/flows/flow/findings")).json["findings"]
        again = (await http("GET", "/api/flows/flow/findings")).json["findings"]
    assert any(each["pointer"].startswith("/actions/Call") for each in found)
    assert all(each["code"] and each["severity"] and each["message"] for each in found)
    assert found == again


async def test_a_flow_from_elsewhere_has_no_samples():
    async with client(flow(trigger=REQUEST, actions={"Note": COMPOSE})) as http:
        assert (await http("GET", "/api/flows/flow/samples")).json == {"samples": []}
        assert (await http("GET", "/api/flows/none/samples")).status == 404


def test_samples_lie_beside_the_flow(tmp_path):
    (tmp_path / "flow.json").write_text("{}")
    (tmp_path / "trigger.json").write_text(json.dumps({"n": 1}))
    (tmp_path / "triggers").mkdir()
    (tmp_path / "triggers" / "late.json").write_text(json.dumps([2]))
    (tmp_path / "triggers" / "broken.json").write_text("{")
    found = samples_beside(tmp_path / "flow.json")
    assert [(each.name, each.value) for each in found] == [("trigger", {"n": 1}), ("late", [2])]
