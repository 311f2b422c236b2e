"""`runs resume` and `runs resubmit`: a run is carried on with what it was begun with, or refused."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import runafter
from runafter.cli.beside import beside
from runafter.cli.main import cli
from runafter.cli.origin import origin_of
from runafter.local.run import Job
from runafter.local.tenant import open_tenant

OUTLOOK = "/providers/Microsoft.PowerApps/apis/shared_office365"


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments), catch_exceptions=False)


def flow(folder: Path) -> Path:
    """Write a flow that sends a mail, and a tenant to run on."""
    mail = {"emailMessage/To": "ada@contoso.example", "emailMessage/Subject": "s", "emailMessage/Body": "b"}
    host = {"apiId": OUTLOOK, "connectionName": "shared_office365", "operationId": "SendEmailV2"}
    actions = {"Mail": {"type": "OpenApiConnection", "inputs": {"host": host, "parameters": mail}, "runAfter": {}}}
    document = {"triggers": {"manual": {"type": "Request", "kind": "Button", "inputs": {}}}, "actions": actions}
    (folder / "flow.json").write_text(json.dumps(document), encoding="utf-8")
    (folder / "tenant.yaml").write_text("user: ada@contoso.example\n", "utf-8")
    (folder / "connections.toml").write_text(
        '[connections.shared_office365]\ntransport = "emulated"\nuser = "grace@contoso.example"\n', "utf-8"
    )
    return folder / "flow.json"


def begun(file: Path, state: str | None = None) -> str:
    """Begin a run as `runafter run` does, and stop before anything of it is done; return its name."""
    (definition,) = runafter.read(file)
    near = beside(str(file), definition)
    known = origin_of(str(file), near, mocks=(), faults=(), tenant_state=state)
    job = Job(definition, trigger={}, tenant=open_tenant({}), origin=known.plain())

    async def begin() -> str:
        async with job.machine("runs.db") as host:
            host.loop.is_stopping = True
            return await job.begin(host)

    return asyncio.run(begin())


def mails(state: str) -> list[Any]:
    found: list[Any] = json.loads(call("tenant", "show", "mails", "--state", state, "--json").stdout)
    return found


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_run_is_submitted_again_on_the_tenant_that_it_was_begun_on(here: Path) -> None:
    flow(here)
    first = call("run", ".", "--trigger", "{}", "--tenant-state", "tenant.db")
    again = call("runs", "resubmit", "last")

    assert (first.exit_code, again.exit_code) == (0, 0)
    assert "What changed in the tenant" in again.stdout
    assert [mail["from"] for mail in mails("tenant.db")] == ["grace@contoso.example"] * 2


def test_a_run_goes_on_with_the_tenant_and_the_connections_of_its_folder(here: Path) -> None:
    run = begun(flow(here), "tenant.db")
    resumed = call("runs", "resume", run, "--db", "runs.db")

    assert resumed.exit_code == 0
    assert "begins anew" not in resumed.stderr
    assert [mail["from"] for mail in mails("tenant.db")] == ["grace@contoso.example"]


def test_it_is_said_that_a_tenant_in_memory_begins_anew(here: Path) -> None:
    run = begun(flow(here))
    resumed = call("runs", "resume", run, "--db", "runs.db")

    assert resumed.exit_code == 0
    assert "The tenant lived in memory and begins anew from its seed" in resumed.stderr


def test_a_run_from_python_on_a_tenant_asks_what_answers_its_calls(here: Path) -> None:
    file = flow(here)
    (definition,) = runafter.read(file)
    runafter.run(definition, trigger={}, mocks="auto", db="runs.db")
    refused = call("runs", "resubmit", "last", "--db", "runs.db")
    mocked = call("runs", "resubmit", "last", "--db", "runs.db", "--mock", "auto")

    assert refused.exit_code == 2
    assert "calls shared_office365" in refused.stderr
    assert "--project DIR" in refused.stderr
    assert mocked.exit_code == 0


def test_the_files_of_a_run_that_are_gone_are_named(here: Path) -> None:
    (here / "there").mkdir()
    flow(here / "there")
    call("run", "there", "--mock", "auto", "--virtual", "--db", "runs.db")
    shutil.move(here / "there", here / "elsewhere")
    refused = call("runs", "resubmit", "last", "--db", "runs.db")

    assert refused.exit_code == 2
    assert "there, which is gone" in refused.stderr.replace("/flow.json", "")
    assert (
        call("runs", "resubmit", "last", "--db", "runs.db", "--project", "elsewhere", "--mock", "auto").exit_code == 0
    )
