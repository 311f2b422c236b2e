"""Who is let in, and that no secret gets out: not in a log, an error, the history, a page or the news."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.server.client import TOKEN, client
from tests.server.process import ask, served
from tests.server.world import COMPOSE, REQUEST, Answers, flow

from runafter.cli.main import cli
from runafter.protocol.events import Outcome
from runafter.server.live import event_stream

PREFIX = "/runtime/webhooks/workflow/api/management/workflows"
SECRETS = ("pa55-of-parameter", "pa55-in-basic", "tr1gger-bearer", "c00kie-value", "s3cure-input", "s3cure-output")
SECURE = {
    "type": "Http",
    "inputs": {"method": "POST", "uri": "https://example.test/secure", "body": "s3cure-input"},
    "runtimeConfiguration": {"secureData": {"properties": ["inputs", "outputs"]}},
}
SIGNED = {
    "type": "Http",
    "inputs": {
        "method": "GET",
        "uri": "https://example.test/signed",
        "authentication": {"type": "Basic", "username": "ada", "password": "pa55-in-basic"},
        "retryPolicy": {"type": "none"},
    },
}
OTHER = {
    "type": "Http",
    "inputs": {
        "method": "GET",
        "uri": "https://example.test/other",
        "authentication": {"type": "Raw", "value": "@parameters('key')"},
        "retryPolicy": {"type": "none"},
    },
}


async def test_no_secret_of_a_run_is_shown_anywhere(caplog, tmp_path):
    caplog.set_level(logging.DEBUG)
    actions = {
        "Secure": SECURE,
        "After": {"type": "Compose", "inputs": "@body('Secure')", "runAfter": {"Secure": ["Succeeded"]}},
        "Signed": SIGNED,
        "Other": OTHER,
    }
    outside = Answers(
        Secure=Outcome(status_code=200, body={"key": "s3cure-output"}), Signed=Outcome(status_code=401, body={})
    )
    parameters = {"key": {"type": "securestring", "defaultValue": "pa55-of-parameter"}}
    async with client(flow(actions=actions, parameters=parameters), outside=outside) as http:
        news: list[bytes] = []

        async def watch() -> None:
            async for piece in event_stream(http.runtime.news.watch()):
                news.append(piece)

        watching = asyncio.ensure_future(watch())
        headers = {"authorization": "Bearer tr1gger-bearer", "cookie": "c00kie=c00kie-value"}
        url = await http.callback_url()
        accepted = await http("POST", url, {"n": 1}, headers=headers, token=None)
        run = accepted.headers["x-ms-workflow-run-id"]
        await http.runtime.host.wait(run)
        told = [accepted.body, str(accepted.headers).encode()]
        paths = ["/api/flows", f"/api/runs/{run}", "/api/runs", "/metrics", "/openapi.json", "/docs"]
        paths += [f"/api/runs/{run}/actions/{name}" for name in actions]
        paths += [f"{PREFIX}/flow/runs", f"{PREFIX}/flow/runs/{run}/actions", f"{PREFIX}/flow/triggers/start/histories"]
        paths += [f"{PREFIX}/flow/runs/{run}/actions/{name}/requestHistories" for name in actions]
        for path in paths:
            answered = await http("GET", path)
            assert answered.status == 200, path
            told.append(answered.body)
            for link in re.findall(r'"uri":"(http[^"]+/contents/[^"]+)"', answered.body.decode()):
                told.append((await http("GET", link, token=None)).body)
        for secret in SECRETS:
            assert (await http("GET", f"/api/runs?search={secret}")).json["runs"] == [], secret
        watching.cancel()

    whole = b"".join([*told, *news, caplog.text.encode()]).decode()
    assert [secret for secret in (*SECRETS, TOKEN) if secret in whole] == []
    assert {call.action for call in outside.asked} == {"Secure", "Signed", "Other"}
    assert "Signed" in whole


@pytest.mark.parametrize("is_queued", [False, True], ids=["begun", "waiting"])
async def test_what_a_trigger_secures_is_shown_nowhere_and_resubmitted_all_the_same(is_queued):
    secured = {"secureData": {"properties": ["inputs", "outputs"]}}
    trigger = {**REQUEST, "runtimeConfiguration": {**secured, "concurrency": {"runs": 1}}}
    hook = {"type": "HttpWebhook", "inputs": {"subscribe": {"method": "POST", "uri": "https://example.test/h"}}}
    async with client(flow(trigger=trigger, actions={"Ask": hook})) as http:
        url = await http.callback_url()
        if is_queued:
            await http("POST", url, {"n": 0}, token=None)
        accepted = await http("POST", url, {"pin": "s3cure-body"}, token=None)
        run = accepted.headers["x-ms-workflow-run-id"]
        paths = [f"/api/runs/{run}", f"{PREFIX}/flow/runs/{run}", accepted.headers["location"]]
        told = [await http("GET", path) for path in (*paths, f"{PREFIX}/flow/runs")]
        found = [len((await http("GET", f"/api/runs?search={text}")).json["runs"]) for text in ("s3cure-body", run)]
        link = await http.runtime.signer.content_url("flow", f"/runs/{run}/trigger/outputs", until=10**18)
        linked = await http("GET", link, token=None)
        again = (await http("POST", f"/api/runs/{run}/resubmit")).json["run"]
        kept = await http.runtime.runs.trigger(again)

    assert [b"s3cure-body" in each.body for each in told] == [False] * 4
    assert (told[0].json["trigger"]["secured"], found, linked.status) == (["inputs", "outputs"], [0, 1], 404)
    assert kept["outputs"]["body"] == {"pin": "s3cure-body"}


async def test_a_run_is_found_by_what_its_trigger_was_given():
    async with client(flow(actions={"Note": {"type": "Compose", "inputs": "always the same"}})) as http:
        await http("POST", "/api/flows/flow/run", {"body": {"order": "A-4711"}})
        await http("POST", "/api/flows/flow/run", {"body": {"order": "A-4712"}})
        found = (await http("GET", "/api/runs?search=a-4711")).json["runs"]

    assert len(found) == 1


async def test_the_catalog_keeps_tokens_as_digests_only(tmp_path):
    async with client(flow(), db=str(tmp_path / "runs.db")) as http:
        await http.runtime.catalog.add_token("a-token-that-is-kept", name="ci", at=0, until=None)
        inside = await http("GET", "/api/flows", token="a-token-that-is-kept")
        (row,) = await http.runtime.catalog.tokens()
        by_digest = await http("GET", "/api/flows", token=row.digest)
        kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())

    assert (inside.status, by_digest.status) == (200, 401)
    assert b"a-token-that-is-kept" not in kept
    assert TOKEN.encode() not in kept
    assert row.digest.encode() in kept or bytes.fromhex(row.digest) in kept


async def test_signatures_are_compared_in_constant_time(monkeypatch):
    compared, digests = [], hmac.compare_digest

    def compare(one, other) -> bool:
        compared.append((one, other))
        return digests(one, other)

    async with client(flow()) as http:
        url = await http.callback_url()
        wrong = url.replace("sig=", "sig=x")
        monkeypatch.setattr("runafter.server.signatures.hmac.compare_digest", compare)
        first = await http("POST", wrong, {}, token=None)

    assert first.status == 401
    assert len({one for one, _ in compared} | {other for _, other in compared}) >= 3  # by both keys, always


@pytest.fixture
def project(tmp_path) -> Path:
    home = tmp_path / "project" / "flows" / "orders"
    home.mkdir(parents=True)
    value = {"triggers": {"start": REQUEST}, "actions": {"Note": COMPOSE}, "contentVersion": "1.0.0.0"}
    value["$schema"] = (
        "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#"
    )
    (home / "flow.json").write_text(json.dumps(value))
    return tmp_path / "project"


@pytest.mark.slow
def test_by_default_only_this_machine_is_answered_and_only_with_a_new_token(project, tmp_path):
    tokens = []
    for _ in range(2):
        command = [sys.executable, "-m", "runafter", "serve", str(project), "--db", str(tmp_path / "runs.db")]
        environ = {name: value for name, value in os.environ.items() if name != "RUNAFTER_TOKEN"}
        with (tmp_path / "log").open("a") as log:
            process = subprocess.Popen(
                [*command, "--port", "17931"], env=environ, stdout=subprocess.PIPE, stderr=log, text=True
            )
        try:
            told = process.stdout.readline()
            found = re.search(r"(http://127\.0\.0\.1:17931/)#token=([\w-]{40,})", told)
            tokens.append(found[2])
            listening = _listening(17931)
        finally:
            process.kill()
            process.wait(10)
            process.stdout.close()

    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert len(set(tokens)) == 2
    assert [token for token in tokens if token.encode() in kept] == []
    assert listening == {"127.0.0.1"}


def _listening(port: int) -> set[str]:
    """Return the addresses at which this machine listens on a port."""
    found = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        address, number = line.split()[1].split(":")
        if int(number, 16) == port and line.split()[3] == "0A":
            found.add(".".join(str(byte) for byte in reversed(bytes.fromhex(address))))
    return found


@pytest.mark.parametrize("token", ["", "short"])
def test_other_machines_are_refused_without_a_token_of_good_length(project, tmp_path, token, monkeypatch):
    monkeypatch.setenv("RUNAFTER_TOKEN", token)
    arguments = ["serve", str(project), "--host", "0.0.0.0", "--port", "17932", "--db", str(tmp_path / "runs.db")]

    refused = CliRunner().invoke(cli, arguments)

    assert refused.exit_code != 0
    assert (refused.exception.code, "token" in str(refused.exception)) == ("SRV005", True)
    assert not (tmp_path / "runs.db").exists()


@pytest.mark.slow
def test_the_log_is_json_lines_that_hold_no_secret(project, tmp_path):
    with served(project, home=tmp_path) as server:
        url = ask("POST", f"{server.base}{PREFIX}/orders/triggers/start/listCallbackUrl")[2]["value"]
        signature = re.search(r"sig=([^&]+)", url)[1]
        assert ask("POST", url, {"n": 1})[0] == 202
        assert ask("POST", url.replace("sig=", "sig=x"), {"n": 1})[0] == 401
        assert ask("POST", url.replace("127.0.0.1", "localhost"), {"n": 1})[0] == 202
        assert ask("GET", f"{server.base}/api/runs/none?sig={signature}")[0] == 404
        with socket.create_connection(("127.0.0.1", int(server.base.rpartition(":")[2]))) as plain:
            plain.sendall(b"this is no HTTP\r\n\r\n")
            assert plain.recv(12) == b"HTTP/1.1 400"
        log = server.log

    lines = [json.loads(line) for line in log.splitlines()]
    assert all({"time", "level", "logger", "message"} <= set(line) for line in lines)
    assert any(line["message"].endswith("AuthorizationFailed") for line in lines)
    assert [line["logger"] for line in lines if "Invalid HTTP" in line["message"]] == ["uvicorn.error"]
    assert signature not in log
    assert TOKEN not in log
