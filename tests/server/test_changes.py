"""What becomes of a served project whose files change: new versions, runs that keep theirs, and files that are hostile."""

from __future__ import annotations

import io
import json
import signal
import time
import zipfile

import pytest
from click.testing import CliRunner
from tests.server.process import ask, served
from tests.server.world import COMPOSE, REQUEST, SCHEMA

from runafter.cli.main import cli
from runafter.errors import UnreadableSource

APPROVAL = {
    "type": "OpenApiConnectionWebhook",
    "inputs": {
        "host": {
            "apiId": "/providers/Microsoft.PowerApps/apis/shared_approvals",
            "connectionName": "shared_approvals",
            "operationId": "StartAndWaitForAnApproval",
        },
        "parameters": {
            "approvalType": "Basic",
            "WebhookApprovalCreationInput/title": "May it go on?",
            "WebhookApprovalCreationInput/assignedTo": "ada@contoso.example",
        },
    },
}


def written(folder, name: str, **actions) -> None:
    value = {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "triggers": {"start": REQUEST}, "actions": actions}
    home = folder / "flows" / name
    home.mkdir(parents=True, exist_ok=True)
    (home / "flow.json").write_text(json.dumps(value))


def until(found, wanted):
    """Ask until the answer is as wanted, for half a minute at most."""
    last_s = time.monotonic() + 30
    while True:
        answer = found()
        if wanted(answer):
            return answer
        assert time.monotonic() < last_s, answer


@pytest.mark.slow
@pytest.mark.parametrize("is_killed", [False, True], ids=["while it serves", "over a kill"])
def test_a_run_that_waits_ends_on_its_version_and_the_next_takes_the_new_one(tmp_path, is_killed):
    after = {"runAfter": {"Ask": ["Succeeded"]}}
    written(tmp_path, "orders", Ask=APPROVAL, Old=COMPOSE | after)

    def waiting(server):
        return until(lambda: ask("GET", f"{server.base}/api/approvals?status=open")[2]["approvals"], bool)

    def begun(server) -> str:
        return ask("POST", f"{server.base}/api/flows/orders/run", {"body": 1})[2]["fired"][0]["run"]

    def ended(server, run) -> tuple[str, set[str]]:
        shown = until(lambda: ask("GET", f"{server.base}/api/runs/{run}")[2], lambda each: each["run"]["endedAt"])
        return shown["run"]["status"], {each["name"] for each in shown["actions"]}

    def version(server, run) -> str:
        return ask("GET", f"{server.base}/api/runs/{run}")[2]["version"]

    with served(tmp_path) as server:
        first = begun(server)
        waiting(server)
        written(tmp_path, "orders", New=COMPOSE)
        if is_killed:
            server.process.send_signal(signal.SIGKILL)
            server.process.wait(10)
        else:
            until(lambda: ask("GET", f"{server.base}/api/flows/orders")[2]["versions"], lambda each: len(each) == 2)
            finish = _finish(server, first, waiting, begun, ended, version)
    if is_killed:
        with served(tmp_path) as server:
            finish = _finish(server, first, waiting, begun, ended, version)

    assert finish == (("Succeeded", {"Ask", "Old"}), ("Succeeded", {"New"}), 2)


def _finish(server, first, waiting, begun, ended, version):
    (item,) = waiting(server)
    ask("POST", f"{server.base}/api/approvals/{item['id']}", {"answer": "Approve"})
    second = begun(server)
    return ended(server, first), ended(server, second), len({version(server, first), version(server, second)})


def bomb(**members: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return data.getvalue()


def lying() -> bytes:
    """Return an archive whose member says that it is small."""
    whole = bytearray(bomb(**{"workflow.json": b" " * 5_000_000}))
    for mark, place in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = whole.index(mark) + place
        whole[at : at + 4] = (100).to_bytes(4, "little")
    return bytes(whole)


def nested(depth: int) -> bytes:
    data = bomb(**{"workflow.json": b"{}"})
    for _ in range(depth):
        data = bomb(**{"again.zip": data})
    return data


BOMBS = {
    "wide": lambda: bomb(**{"workflow.json": b" " * (60 * 1024 * 1024)}),
    "lying": lying,
    "nested": lambda: nested(20),
    "many": lambda: bomb(**{f"Workflows/{number}.json": b"{}" for number in range(30_000)}),
    "leading out": lambda: bomb(**{"../../evil.json": b"{}"}),
    "absolute": lambda: bomb(**{"/etc/evil.json": b"{}"}),
    "cut off": lambda: bomb(**{"workflow.json": b"{}" * 1000})[:-30],
    "deep": lambda: bomb(**{"workflow.json": b"[" * 500_000}),
}


def entities() -> bytes:
    """Return a solution whose customizations.xml would grow without end."""
    lines = ['<!ENTITY a0 "ha">', *(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))]
    text = f"<?xml version='1.0'?><!DOCTYPE x [{''.join(lines)}]><ImportExportXml>&a11;</ImportExportXml>"
    return bomb(**{"solution.xml": text.encode(), "customizations.xml": text.encode(), "Workflows/a.json": b"{}"})


@pytest.mark.parametrize("make", [*BOMBS.values(), entities], ids=[*BOMBS, "entities"])
def test_a_hostile_package_is_refused_by_name_and_installs_nothing(tmp_path, make):
    db = str(tmp_path / "runs.db")
    written(tmp_path, "orders", Note=COMPOSE)
    package = tmp_path / "export.zip"
    package.write_bytes(make())
    CliRunner().invoke(cli, ["import", str(tmp_path / "flows"), "--db", db])

    refused = CliRunner().invoke(cli, ["import", str(package), "--db", db])
    listed = CliRunner().invoke(cli, ["flows", "list", "--db", db, "--json"])

    assert isinstance(refused.exception, UnreadableSource)
    assert [each["name"] for each in json.loads(listed.output)] == ["orders"]
    assert not list(tmp_path.parent.rglob("evil.json"))


@pytest.mark.slow
def test_hostile_files_in_a_served_folder_leave_what_is_served_as_it_was(tmp_path):
    written(tmp_path, "orders", Note=COMPOSE)
    with served(tmp_path) as server:
        before = ask("GET", f"{server.base}/api/flows")[2]["flows"]
        (tmp_path / "flows" / "late").mkdir()
        (tmp_path / "flows" / "late" / "export.zip").write_bytes(BOMBS["wide"]())
        (tmp_path / "flows" / "orders" / "flow.json").write_text("[" * 100_000)
        until(lambda: ask("GET", f"{server.base}/readyz")[0] and server.log, lambda log: "not taken over" in log)
        run = ask("POST", f"{server.base}/api/flows/orders/run", {"body": 1})[2]["fired"][0]["run"]
        until(lambda: ask("GET", f"{server.base}/api/runs/{run}")[2], lambda each: each["run"]["endedAt"])
        after = ask("GET", f"{server.base}/api/flows")[2]["flows"]
        log = server.log

    assert [(each["name"], each["version"]) for each in after] == [(each["name"], each["version"]) for each in before]
    assert all(json.loads(line)["level"] == "WARNING" for line in log.splitlines())
