"""`runafter serve` as a process: it answers, survives kill -9, and stops on SIGTERM."""

from __future__ import annotations

import json
import signal
import urllib.error
import urllib.request

import pytest
from click.testing import CliRunner
from tests.server.process import TOKEN, ask, served

from runafter.cli.main import cli

SCHEMA = "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#"
MANAGEMENT = "/runtime/webhooks/workflow/api/management/workflows"


@pytest.fixture
def folder(tmp_path):
    flow = {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "triggers": {"start": {"type": "Request", "kind": "Http", "inputs": {}}},
        "actions": {
            "Pause": {"type": "Wait", "inputs": {"interval": {"count": 1, "unit": "Second"}}},
            "Note": {"type": "Compose", "inputs": "@triggerBody()", "runAfter": {"Pause": ["Succeeded"]}},
        },
    }
    home = tmp_path / "flows" / "orders"
    home.mkdir(parents=True)
    (home / "flow.json").write_text(json.dumps(flow))
    (home / "flow.toml").write_text(
        '[trigger]\ndeduplication_key = "@triggerBody()?[\'id\']"\ndeduplication_ttl = "P1D"\n'
    )
    return tmp_path


def test_a_key_stays_claimed_and_accepted_runs_end_after_a_kill(folder):
    with served(folder) as server:
        url = ask("POST", f"{server.base}{MANAGEMENT}/orders/triggers/start/listCallbackUrl")[2]["value"]
        accepted = [ask("POST", url, {"id": key})[1]["x-ms-workflow-run-id"] for key in "AB"]
        server.process.send_signal(signal.SIGKILL)
    with served(folder) as server:
        url = ask("POST", f"{server.base}{MANAGEMENT}/orders/triggers/start/listCallbackUrl")[2]["value"]
        again = ask("POST", url, {"id": "A"})[1]["x-ms-workflow-run-id"]
        runs = []
        while [run["status"] for run in runs] != ["Succeeded"] * 2:
            runs = ask("GET", f"{server.base}/api/runs?flow=orders")[2]["runs"]
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(5) is not None

    assert again == accepted[0]
    assert sorted(run["id"] for run in runs) == sorted(accepted)


def test_sigterm_ends_within_five_seconds_with_a_stream_open_and_runs_go_on_after_the_restart(folder):
    with served(folder) as server:
        url = ask("POST", f"{server.base}{MANAGEMENT}/orders/triggers/start/listCallbackUrl")[2]["value"]
        request = urllib.request.Request(f"{server.base}/api/events", headers={"Authorization": f"Bearer {TOKEN}"})
        with urllib.request.urlopen(request, timeout=10) as stream:
            assert stream.readline().startswith(b"retry:")
            accepted = [ask("POST", url, {"id": key})[1]["x-ms-workflow-run-id"] for key in "AB"]
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(5) == 0
    with served(folder) as server:
        runs = []
        while [run["status"] for run in runs] != ["Succeeded"] * 2:
            runs = ask("GET", f"{server.base}/api/runs?flow=orders")[2]["runs"]

    assert sorted(run["id"] for run in runs) == sorted(accepted)


def run(*arguments: str):
    return CliRunner().invoke(cli, list(arguments), catch_exceptions=False)


def test_flows_are_imported_listed_switched_and_run(folder):
    db = str(folder / "cli.db")

    assert "installed orders" in run("import", str(folder), "--db", db, "--disabled").output
    assert "Disabled" in run("flows", "list", "--db", db).output
    assert "orders is enabled" in run("flows", "enable", "orders", "--db", db).output
    begun = run("flows", "run", "orders", "--db", db, "--trigger", '{"id": 1}').output
    listed = json.loads(run("runs", "list", "--db", db, "--json").output)

    assert begun.split()[0] == "Started"
    assert [each["flow"] for each in listed] == ["orders"]


def test_the_database_is_copied_measured_and_purged(folder):
    db = str(folder / "cli.db")
    source = str(folder / "flows" / "orders" / "flow.json")
    run("run", source, "--trigger", '{"id": 1}', "--db", db)

    copied = run("db", "backup", str(folder / "copy.db"), "--db", db)
    before = json.loads(run("db", "size", "--db", str(folder / "copy.db"), "--json").output)
    kept = run("runs", "purge", "--older-than", "P36500D", "--db", db).output
    purged = run("runs", "purge", "--older-than", "PT0S", "--db", db).output
    after = json.loads(run("db", "size", "--db", db, "--json").output)

    assert "bytes written" in copied.output
    assert (before["runs"], kept.split()[0]) == (1, "0")
    assert (purged.split()[0], after["runs"], after["journal"], after["actions"]) == ("1", 0, 0, 0)


def test_a_live_connection_whose_secret_is_missing_stops_the_start(folder, monkeypatch):
    monkeypatch.delenv("NO_SUCH_SECRET", raising=False)
    (folder / "runafter.toml").write_text("[project]\n")
    (folder / "connections.toml").write_text(
        '[connections.shared_sql]\ntransport = "live"\nsettings = { password = { env = "NO_SUCH_SECRET" } }\n'
    )

    refused = CliRunner().invoke(cli, ["serve", str(folder), "--db", str(folder / "runs.db")])

    assert refused.exit_code != 0
    assert "NO_SUCH_SECRET" in str(refused.output) + str(refused.exception)
