"""Run graphs: what was measured of the platform, and our own cases of the same kind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.engine.driver import drive, result_shape

ROOT = Path(__file__).resolve().parents[2]
MEASURED = ROOT.parent / "shared" / "conformance" / "graphs.jsonl"
OWN = ROOT / "tests" / "cases" / "runs"


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _measured() -> list[Any]:
    if not MEASURED.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason="the measured graphs are not on this machine"))]
    return [pytest.param(case, id=case["name"]) for case in _lines(MEASURED)]


def _own() -> list[Any]:
    return [
        pytest.param(case, id=f"{path.stem}: {case['name']}")
        for path in sorted(OWN.glob("*.jsonl"))
        for case in _lines(path)
    ]


@pytest.mark.parametrize("case", [*_measured(), *_own()])
def test_graph_runs_as_the_case_says(case: dict[str, Any]) -> None:
    more = {name: case[name] for name in ("parameters", "outputs", "profile") if name in case}

    done = drive(case["actions"], **more)

    assert done.status == case["run_status"]
    if "run_error" in case:
        assert done.finished is not None
        assert done.finished.error == case["run_error"]
    for name, expected in case["expect"].items():
        _check(result_shape(done.record(name)), expected)


def _check(shape: dict[str, Any], expected: dict[str, Any]) -> None:
    error = shape.get("error") or {}
    for key, wished in expected.items():
        match key:
            case "error_code":
                assert error.get("code") == wished
            case "message":
                assert error.get("message") == wished
            case "message_contains":
                assert wished in error.get("message", "")
            case "no_keys":
                assert [name for name in wished if name in shape] == []
            case "outputs_match":
                _check_results(shape["outputs"], wished)
            case _:
                assert shape.get(key) == wished, key


def _check_results(outputs: list[Any], wished: list[Any]) -> None:
    assert len(outputs) == len(wished)
    for entry, expected in zip(outputs, wished, strict=True):
        found = [[each["status"], each.get("outputs")] for each in entry["outputs"]]
        assert found == expected["outputs_each"]
        for key in ("name", "status", "code", "repetitionCount"):
            assert entry[key] == expected[key]
