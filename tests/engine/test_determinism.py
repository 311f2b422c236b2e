"""Equal events give equal commands and an equal digest, in this process and in others."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
from tests.engine.driver import Driver, compose, drive, http, program_of, replay

from runafter.protocol.events import Event, Outcome

ROOT = Path(__file__).resolve().parents[2]
DONE = ["Succeeded"]


def flow() -> dict[str, Any]:
    add = {
        "type": "AppendToArrayVariable",
        "inputs": {"name": "rows", "value": "@body('Do')"},
        "runAfter": {"Do": DONE},
    }
    return {
        "Rows": {
            "type": "InitializeVariable",
            "inputs": {"variables": [{"name": "rows", "type": "array", "value": []}]},
            "runAfter": {},
        },
        "Loop": {
            "type": "Foreach",
            "foreach": "@range(0, 12)",
            "actions": {
                "Do": http(retry={"type": "exponential", "count": 2, "interval": "PT5S"}, inputs={"body": "@guid()"}),
                "Add": add,
                "If": {
                    "type": "If",
                    "expression": "@greater(rand(0, 10), 4)",
                    "actions": {"Big": compose("@items('Loop')")},
                    "else": {"actions": {"Small": compose(0)}},
                    "runAfter": {"Add": DONE},
                },
            },
            "runAfter": {"Rows": DONE},
            "runtimeConfiguration": {"concurrency": {"repetitions": 4}},
        },
        "Sum": compose("@outputs('Big')", after={"Loop": ["Succeeded", "Failed"]}),
    }


def _answer(call: Any) -> tuple[Outcome, float]:
    index = call.repetition[0]
    if index % 5 == 3 and call.attempt == 1:
        return Outcome(status_code=503), 1.0
    return Outcome(status_code=200, body=index), 1.0 + index % 3


def recorded() -> Driver:
    return drive(flow(), _answer, seed=7, settings={"variables": "racy"})


def fingerprint() -> str:
    done = recorded()
    return f"{done.run.digest()} {msgspec.json.encode(done.commands).hex()}"


def test_replay_gives_the_same_commands_and_digest() -> None:
    done = recorded()
    kept = msgspec.json.decode(msgspec.json.encode(done.events), type=list[Event])

    commands, digest = replay(program_of(flow()), kept)

    assert commands == done.commands
    assert digest == done.run.digest()


def test_every_prefix_of_a_journal_leads_to_one_digest() -> None:
    done = recorded()
    program = program_of(flow())

    for length in range(1, len(done.events), 5):
        assert replay(program, done.events[:length])[1] == replay(program, done.events[:length])[1]


def test_another_hash_seed_changes_nothing() -> None:
    script = "from tests.engine.test_determinism import fingerprint; print(fingerprint())"

    prints = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"},
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for seed in ("1", "4711")
    }

    assert prints == {fingerprint()}


def test_a_guid_is_a_valid_one_of_version_4() -> None:
    first, second = (drive({"G": compose("@guid()")}, seed=seed).record("G").outputs for seed in (1, 2))

    assert first != second
    assert (len(first), first[14], first[19] in "89ab") == (36, "4", True)
