"""Runs in a database, as a person looks at them and steers them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def runafter(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "runafter", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


def flow(folder: Path, **actions: Any) -> None:
    document = {"triggers": {"manual": {"type": "Request", "kind": "Http", "inputs": {}}}, "actions": actions}
    (folder / "flow.json").write_text(json.dumps(document), encoding="utf-8")


def compose(inputs: Any, **after: list[str]) -> dict[str, Any]:
    return {"type": "Compose", "inputs": inputs, "runAfter": after}


@pytest.fixture
def failed(tmp_path: Path) -> Path:
    loop = {
        "type": "Foreach",
        "foreach": "@createArray('a,b', null)",
        "actions": {"Split": compose("@split(items('Each'), ',')")},
        "runAfter": {},
    }
    flow(tmp_path, Each=loop, Mail=compose("sent", Each=["Succeeded"]))
    assert runafter(tmp_path, "run", "flow.json").returncode == 1
    return tmp_path


def test_a_run_is_listed_and_shown_with_what_failed(failed: Path) -> None:
    listed = runafter(failed, "runs", "list", "--status", "Failed", "--json")
    shown = runafter(failed, "runs", "show", "last")

    assert [run["status"] for run in json.loads(listed.stdout)] == ["Failed"]
    assert "x2, 1 failed" in shown.stdout
    assert "item 1" in shown.stdout


def test_a_failed_repetition_shows_the_expression_and_the_values_of_its_parts(failed: Path) -> None:
    asked = runafter(failed, "runs", "show", "last", "--action", "Split")
    shown = runafter(failed, "runs", "show", "last", "--action", "split", "--item", "1")

    assert asked.returncode == 2
    assert "--item 1" in asked.stderr
    assert "expression:" in shown.stdout
    assert "items('Each') = null" in shown.stdout
    assert "in Each, item 1" in shown.stdout


def test_why_an_action_was_skipped_is_a_chain_of_statuses(failed: Path) -> None:
    done = runafter(failed, "runs", "show", "last", "--why", "Mail")

    assert done.stdout.startswith("Mail: Skipped")
    assert "because 'Each' ended Failed" in done.stdout


def test_actions_are_found_by_status_and_item(failed: Path) -> None:
    done = runafter(failed, "runs", "actions", "last", "--status", "Succeeded", "--item", "0", "--values", "--json")

    (row,) = json.loads(done.stdout)
    assert (row["action"], row["repetition"], row["outputs"]) == ("Split", [0], ["a", "b"])


def test_a_run_is_submitted_again(failed: Path) -> None:
    again = runafter(failed, "runs", "resubmit", "last", "--json")

    assert json.loads(again.stdout)["status"] == "Failed"
    assert len(json.loads(runafter(failed, "runs", "list", "--json").stdout)) == 2


def test_an_unknown_run_and_a_missing_database_are_said_clearly(tmp_path: Path, failed: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()

    unknown = runafter(failed, "runs", "show", "zzz")
    nothing = runafter(empty, "runs", "list")

    assert (unknown.returncode, nothing.returncode) == (2, 2)
    assert "no runs begin with 'zzz'" in unknown.stderr
    assert "--db" in nothing.stderr


def test_an_answer_given_by_hand_completes_a_webhook(tmp_path: Path) -> None:
    ask = {
        "type": "HttpWebhook",
        "inputs": {"subscribe": {"method": "POST", "uri": "https://example.com/"}},
        "runAfter": {},
    }
    ask["runAfter"] = {"First": ["Succeeded"]}
    flow(tmp_path, First=compose(1), Ask=ask, Said=compose("@body('Ask')?['outcome']", Ask=["Succeeded"]))
    (tmp_path / "mocks.yaml").write_text("actions: {Ask: {status: 200}}", encoding="utf-8")
    waiting = subprocess.Popen(
        [sys.executable, "-m", "runafter", "run", "flow.json", "--mock", "mocks.yaml"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        for _ in range(200):
            listed = runafter(tmp_path, "runs", "list", "--json")
            if listed.returncode == 0 and json.loads(listed.stdout):
                break
    finally:
        waiting.kill()
        waiting.communicate()

    shown = runafter(tmp_path, "runs", "show", "last")
    begun = json.loads(runafter(tmp_path, "runs", "show", "last", "--json").stdout)["underWay"]
    refused = {name: runafter(tmp_path, "runs", "answer", "last", name, "{}") for name in ("Asq", "Said")}

    assert "◌ Ask" in shown.stdout
    assert [(row["action"], row["status"]) for row in begun] == [("Ask", "Waiting")]
    assert "Did you mean 'Ask'?" in refused["Asq"].stderr
    assert "'Said' waits for no answer" in refused["Said"].stderr
    assert "what does: Ask" in refused["Said"].stderr

    answered = runafter(
        tmp_path, "runs", "answer", "last", "Ask", '{"outcome": "Approve"}', "--mock", "mocks.yaml", "--json"
    )

    result = json.loads(answered.stdout)
    assert result["status"] == "Succeeded"
    assert {name: records[0]["status"] for name, records in result["actions"].items()} == {
        "First": "Succeeded",
        "Ask": "Succeeded",
        "Said": "Succeeded",
    }
    assert result["actions"]["Said"][0]["outputs"] == "Approve"


def test_a_run_that_waits_is_cancelled(tmp_path: Path) -> None:
    flow(tmp_path, Wait={"type": "Wait", "inputs": {"interval": {"count": 1, "unit": "Hour"}}, "runAfter": {}})
    waiting = subprocess.Popen(
        [sys.executable, "-m", "runafter", "run", "flow.json"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        for _ in range(200):
            listed = runafter(tmp_path, "runs", "list", "--json")
            if listed.returncode == 0 and json.loads(listed.stdout):
                break
    finally:
        waiting.terminate()
        waiting.communicate()

    cancelled = runafter(tmp_path, "runs", "cancel", "last", "--reason", "not needed")
    shown = runafter(tmp_path, "runs", "list", "--json")

    assert cancelled.returncode == 0, cancelled.stderr
    assert json.loads(shown.stdout)[0]["status"] == "Cancelled"


def test_actions_are_found_by_the_answer_they_got_as_number_or_name(tmp_path: Path) -> None:
    inputs = {"method": "GET", "uri": "https://example.com", "retryPolicy": {"type": "none"}}
    flow(tmp_path, **{name: {"type": "Http", "inputs": inputs, "runAfter": {}} for name in ("Busy", "Gone", "Fine")})
    mocks = {"actions": {"Busy": {"status": 429}, "Gone": {"status": 404}, "Fine": {"status": 200}}}
    (tmp_path / "mocks.json").write_text(json.dumps(mocks), encoding="utf-8")
    assert runafter(tmp_path, "run", "flow.json", "--mock", "mocks.json").returncode == 1

    def found(wanted: str) -> list[str]:
        done = runafter(tmp_path, "runs", "actions", "last", "--status-code", wanted, "--json")
        return [row["action"] for row in json.loads(done.stdout)]

    assert found("429") == found("TooManyRequests") == ["Busy"]
    assert found("404") == found("notfound") == ["Gone"]
    assert found("4xx") == ["Busy", "Gone"]


def test_a_secured_response_is_not_printed(tmp_path: Path) -> None:
    secured = {"runtimeConfiguration": {"secureData": {"properties": ["outputs"]}}}
    answer = {"type": "Response", "kind": "Http", "inputs": {"statusCode": 200, "body": "@body('Get')"}}
    get = {"type": "Http", "inputs": {"method": "GET", "uri": "https://example.com"}, "runAfter": {}, **secured}
    flow(tmp_path, Get=get, Answer={**answer, "runAfter": {"Get": ["Succeeded"]}})
    (tmp_path / "mocks.json").write_text('{"actions": {"Get": {"body": "hunter2"}}}', encoding="utf-8")

    plain = runafter(tmp_path, "run", "flow.json", "--virtual", "--mock", "mocks.json")
    as_json = runafter(tmp_path, "run", "flow.json", "--virtual", "--mock", "mocks.json", "--json")

    assert 'response 200: "(secured)"' in plain.stdout
    assert json.loads(as_json.stdout)["response"]["body"] == "(secured)"
    assert "hunter2" not in plain.stdout + plain.stderr + as_json.stdout + as_json.stderr


def test_a_number_given_for_a_text_stays_the_text_it_was_written_as(tmp_path: Path) -> None:
    document = {
        "parameters": {"Zip": {"type": "String"}, "n": {"type": "Int"}},
        "triggers": {"manual": {"type": "Request", "kind": "Http", "inputs": {}}},
        "actions": {"See": compose({"zip": "@parameters('Zip')", "n": "@parameters('n')"})},
    }
    (tmp_path / "flow.json").write_text(json.dumps(document), encoding="utf-8")

    done = runafter(tmp_path, "run", "flow.json", "--virtual", "--json", "--set", "zip=1234e5", "--set", "n=7")
    refused = runafter(tmp_path, "run", "flow.json", "--virtual", "--set", "zip=1", "--set", "n=seven")

    assert json.loads(done.stdout)["actions"]["See"][0]["outputs"] == {"zip": "1234e5", "n": 7}
    assert refused.returncode == 2
    assert "the parameter 'n' is of type Int, not String" in refused.stderr


def test_why_names_no_empty_action(tmp_path: Path) -> None:
    stop = {"type": "Terminate", "inputs": {"runStatus": "Failed"}, "runAfter": {"Pick": ["Succeeded"]}}
    pick = {"type": "If", "expression": "@equals(1, 2)", "actions": {"Then": compose(1)}, "runAfter": {}}
    flow(tmp_path, Pick=pick, Stop=stop, After=compose(1, Stop=["Succeeded"]))
    assert runafter(tmp_path, "run", "flow.json").returncode == 1

    after = runafter(tmp_path, "runs", "show", "last", "--why", "After").stdout
    then = runafter(tmp_path, "runs", "show", "last", "--why", "Then").stdout

    assert "''" not in after
    assert "the workflow run was terminated" in after
    assert "because 'Pick' took another branch" in then
