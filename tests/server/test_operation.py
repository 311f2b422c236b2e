"""What operators read: metrics and the API's reference."""

from __future__ import annotations

from html import escape

from tests.server.client import client
from tests.server.world import flow


async def test_runs_and_actions_are_counted():
    async with client(flow()) as http:
        await http("POST", await http.callback_url(), {"a": 1}, token=None)
        refused = await http("GET", "/metrics", token=None)
        for _ in range(50):
            told = (await http("GET", "/metrics")).body.decode()
            if "flow_runs_total{" in told:
                break

    assert refused.status == 401
    assert 'flow_runs_total{env="local",flow="flow",status="Succeeded"} 1.0' in told
    assert "flow_run_duration_seconds_count" in told
    assert 'flow_action_duration_seconds_count{env="local",flow="flow",status="Succeeded"} 1.0' in told
    assert "flow_runs_waiting 0.0" in told


async def test_the_reference_names_every_operation_and_fetches_nothing():
    from runafter.server.api import OPERATIONS

    async with client(flow()) as http:
        answered = await http("GET", "/docs")

    page = answered.body.decode()
    assert answered.status == 200
    assert all(escape(operation.summary) in page for operation in OPERATIONS)
    assert "<script" not in page
    assert "http://" not in page.replace("http://127.0.0.1", "")
