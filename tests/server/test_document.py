"""The OpenAPI document against a served project: schemathesis asks what it describes and judges the answers by it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.server.process import TOKEN, ask, served

from runafter.server.openapi import document

pytest.importorskip("schemathesis", reason="schemathesis is not installed")
EXAMPLES = Path(__file__).parents[2] / "examples"
EXAMPLES_EACH = 20


def _known(base: str) -> dict[str, str]:
    """Return values of path parameters for which there is something to show."""
    body = json.loads((EXAMPLES / "invoice_approval" / "trigger.json").read_text())
    ask("POST", f"{base}/api/flows/invoice_approval/run", {"body": body})
    for _ in range(500):
        approvals = ask("GET", f"{base}/api/approvals?status=open")[2]["approvals"]
        if approvals:
            break
    run = approvals[0]["run"]
    actions = ask("GET", f"{base}/api/runs/{run}")[2]["actions"]
    return {
        "flow": "invoice_approval",
        "run": run,
        "id": approvals[0]["id"],
        "action": next(each["name"] for each in actions if each["status"] == "Succeeded"),
        "repetition": "000000",
        "service": "sharepoint",
    }


def _judged(base: str, home: Path, phases: str) -> str:
    """Return what schemathesis says; all of its checks are on."""
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{base}/openapi.json", "--checks", "all"]
    command += ["-H", f"Authorization: Bearer {TOKEN}", "--phases", phases, "--max-examples", str(EXAMPLES_EACH)]
    # The stream of news has no end, so no answer to wait for.
    command += ["--exclude-operation-id", "watch_events", "--seed", "1", "--no-color"]
    done = subprocess.run(command, check=False, cwd=home, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("is_known", [True, False], ids=["of what is there", "of anything"])
def test_the_document_describes_what_the_server_answers(tmp_path, is_known):
    with served(EXAMPLES, home=tmp_path) as server:
        if is_known:
            lines = [f'"path.{name}" = "{value}"' for name, value in _known(server.base).items()]
            (tmp_path / "schemathesis.toml").write_text("\n".join(["[parameters]", *lines, ""]))
        told = _judged(server.base, tmp_path, "coverage,fuzzing" if is_known else "fuzzing,stateful")

        assert ask("GET", f"{server.base}/readyz")[0] == 200
        log = server.log

    operations = sum(len(methods) for methods in document("http://x")["paths"].values())
    assert re.search(rf"Tested:\s+{operations - 1}\n", told), told
    assert "Missing test data" not in told or not is_known, told
    assert "exception" not in log
    assert TOKEN not in log
