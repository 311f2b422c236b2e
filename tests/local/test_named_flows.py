"""Twelve public flows, large and awkward ones among them, run to their end with written mock files.

The flows themselves are read from where the public definitions lie, never from
this repository; where they are not, the mock files are still read and checked.

`expect` names, besides the calls: `iterations` of loops (all repetitions together), `retries`, how many actions
`ran`, `duration`, `variables`, and `values`: by action, or one repetition of it as `Name[0,1]`, a JSON pointer
into its `/inputs` or `/outputs` and what stands there.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from tools.corpus_smoke import CORPUS, contained, records

import runafter
from runafter.local.mocks import load
from runafter.program.steps import CallStep
from runafter.protocol.events import CallFinished
from runafter.values.time import duration_s

CASES = sorted((Path(__file__).parent.parent / "cases" / "runs" / "public").glob("*.yaml"))


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    if not CORPUS.is_dir():
        pytest.skip("the public definitions are not beside this checkout")
    wanted = {case(file)["flow"] for file in CASES}
    known: dict[str, Any] = {}
    for record in records():
        for ending in wanted:
            if str(record["path"]).endswith(ending):
                known.setdefault(ending, record)
    return known


def case(file: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(file.read_text("utf-8"))
    return loaded


def counts(result: runafter.RunResult) -> dict[str, dict[str, int]]:
    """Return for each call that ran how its repetitions ended."""
    made: dict[str, dict[str, int]] = {}
    for name, records_ in result.actions.items():
        if isinstance(result.program.steps[name], CallStep):
            for record in records_:
                if record.status != "Skipped":
                    ended = made.setdefault(name, {})
                    ended[record.status] = ended.get(record.status, 0) + 1
    return made


def value(result: runafter.RunResult, place: str, pointer: str) -> Any:
    """Return what a JSON pointer finds in the inputs and outputs of an action or one repetition of it."""
    name, numbers = re.fullmatch(r"(.*?)(?:\[([\d,]+)\])?", place, re.DOTALL).groups()  # type: ignore[union-attr]
    record = result.action(name, tuple(int(number) for number in (numbers or "").split(",") if number))
    found: Any = {"inputs": record.inputs, "outputs": record.outputs}
    for part in pointer.split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        found = found[int(part)] if isinstance(found, list) else found[part]
    return found


def test_there_are_twelve_of_them() -> None:
    assert len(CASES) == 12
    assert all(load(case(file)["given"], file=file.name) for file in CASES)


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_a_public_flow_runs_to_its_end(file: Path, found: dict[str, Any]) -> None:
    wanted = case(file)
    expected = wanted["expect"]

    result = runafter.run(contained(found[wanted["flow"]]), mocks=wanted["given"])

    everything = [record for records_ in result.actions.values() for record in records_]
    answered = [event for event in result.journal if isinstance(event, CallFinished)]
    assert [event.action for event in answered if event.outcome.code == "NoMock"] == []
    assert result.status == expected["status"], result.error
    assert counts(result) == expected["calls"]
    assert {
        name: sum(record.iterations or 0 for record in result.actions[name]) for name in expected.get("iterations", {})
    } == expected.get("iterations", {})
    assert sum(len(record.attempts) for record in everything) == expected.get("retries", 0)
    assert len({record.action for record in everything if record.status != "Skipped"}) == expected["ran"]
    for key, given in expected.get("variables", {}).items():
        assert result.variables[key] == given, key
    for place, pointers in expected.get("values", {}).items():
        assert {pointer: value(result, place, pointer) for pointer in pointers} == pointers, place
    if "duration" in expected:
        assert result.duration == timedelta(seconds=float(duration_s(expected["duration"])))
    assert "code" not in expected or result.code == expected["code"]
