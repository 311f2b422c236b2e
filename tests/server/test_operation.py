"""What operators read: metrics and the API's reference."""

from __future__ import annotations

import json
import re
from html import escape
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.server.client import client
from tests.server.world import flow

from runafter.cli.commands.serve import command as serve
from runafter.cli.main import cli
from runafter.server.app import public_address
from runafter.server.settings import ServerSettings


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
    from runafter.server.openapi import OPERATIONS

    async with client(flow()) as http:
        answered = await http("GET", "/docs")

    page = answered.body.decode()
    assert answered.status == 200
    assert all(escape(operation.summary) in page for operation in OPERATIONS)
    assert "<script" not in page
    assert "http://" not in page.replace("http://127.0.0.1", "")


async def test_readiness_ends_when_the_server_stops_and_health_stays():
    async with client(flow()) as http:
        ready = await http("GET", "/readyz", token=None)
        http.runtime.is_ready = False
        stopping = await http("GET", "/readyz", token=None)
        alive = await http("GET", "/healthz", token=None)

    assert (ready.status, ready.json) == (200, {"status": "ready"})
    assert (stopping.status, stopping.code) == (503, "NotReady")
    assert (alive.status, alive.json) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("host", "names", "wanted"),
    [
        ("127.0.0.1", (), "http://127.0.0.1:7071"),
        ("localhost", ("flows.test",), "http://localhost:7071"),
        ("0.0.0.0", ("flows.test", "other.test"), "http://flows.test:7071"),
        ("0.0.0.0", (), "http://127.0.0.1:7071"),
        ("::", ("flows.test",), "http://flows.test:7071"),
        ("::1", (), "http://[::1]:7071"),
    ],
)
def test_callers_are_told_an_address_that_they_can_use(host, names, wanted):
    assert public_address(host, 7071, names) == wanted


async def test_signed_addresses_begin_with_the_public_one():
    async with client(flow(), settings=ServerSettings(public_url="https://flows.test")) as http:
        url = await http.callback_url()
        behind_proxy = {"host": "flows.test", "origin": "https://flows.test"}
        listed = await http("GET", "/api/flows", headers=behind_proxy)
        accepted = await http("POST", url, {}, headers=behind_proxy, token=None)

    assert url.startswith("https://flows.test/workflows/flow/")
    assert (listed.status, accepted.status) == (200, 202)


@pytest.mark.parametrize("url", ["flows.test", "ftp://flows.test", "https://", "https://a:b@flows.test", "https://x/y"])
def test_a_public_address_is_scheme_name_and_port(url, tmp_path):
    refused = CliRunner().invoke(cli, ["serve", str(tmp_path), "--public-url", url, "--db", str(tmp_path / "x.db")])

    assert refused.exit_code == 2
    assert "--public-url" in refused.output


def test_the_unit_and_the_image_of_the_docs_start_the_server_with_options_that_it_has():
    text = (Path(__file__).parents[2] / "docs" / "howto" / "serve.md").read_text()
    unit = re.search(r"^ExecStart=(.+)$", text, re.MULTILINE)[1].split()
    image = json.loads(re.search(r"^CMD (\[.+\])$", text, re.MULTILINE)[1])

    for command in (unit, image):
        assert Path(command[0]).name == "runafter"
        assert command[1] == "serve"
        assert serve.make_context("serve", command[2:]).params["db"]
    assert serve.make_context("serve", image[2:]).params["host"] == "0.0.0.0"
