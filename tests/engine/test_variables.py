"""Variables: atomic and racy."""

from __future__ import annotations

from typing import Any

import pytest
from tests.engine.driver import compose, drive

DONE = ["Succeeded"]


def _init(name: str, type_: str, value: Any = None) -> dict[str, Any]:
    row = {"name": name, "type": type_} | ({} if value is None else {"value": value})
    return {"type": "InitializeVariable", "inputs": {"variables": [row]}, "runAfter": {}}


def _collecting(repetitions: int) -> dict[str, Any]:
    return {
        "Rows": _init("rows", "array", []),
        "Loop": {
            "type": "Foreach",
            "foreach": "@range(0, 30)",
            "actions": {"Add": {"type": "AppendToArrayVariable", "inputs": {"name": "rows", "value": "@item()"}}},
            "runAfter": {"Rows": DONE},
            "runtimeConfiguration": {"concurrency": {"repetitions": repetitions}},
        },
        "Count": compose("@length(variables('rows'))", after={"Loop": DONE}),
    }


def _count(repetitions: int, seed: int, mode: str) -> int:
    return drive(_collecting(repetitions), seed=seed, settings={"variables": mode}).record("Count").outputs


def test_atomic_variables_never_lose_an_append() -> None:
    assert {_count(10, seed, "atomic") for seed in range(5)} == {30}


def test_racy_variables_lose_appends_in_concurrent_iterations_alone() -> None:
    concurrent = [_count(10, seed, "racy") for seed in range(20)]

    assert min(concurrent) < 30
    assert concurrent == [_count(10, seed, "racy") for seed in range(20)]
    assert {_count(1, seed, "racy") for seed in range(5)} == {30}


def _count_in_window(repetitions: int, seed: int) -> int:
    settings = {"variables": "racy", "variable_window_s": 2.0}
    flow = _collecting(repetitions)
    pause = {"type": "Wait", "inputs": {"interval": {"count": "@add(1, mod(item(), 3))", "unit": "Second"}}}
    flow["Loop"]["actions"] = {"Pause": pause} | flow["Loop"]["actions"]
    flow["Loop"]["actions"]["Add"]["runAfter"] = {"Pause": DONE}
    return int(drive(flow, seed=seed, settings=settings).record("Count").outputs)


def test_a_window_lets_iterations_race_that_are_seconds_apart() -> None:
    concurrent = [_count_in_window(10, seed) for seed in range(10)]

    assert max(concurrent) < 30
    assert concurrent == [_count_in_window(10, seed) for seed in range(10)]
    assert {_count_in_window(1, seed) for seed in range(5)} == {30}


def test_values_read_before_a_change_stay_as_they_were() -> None:
    append = {"type": "AppendToArrayVariable", "inputs": {"name": "rows", "value": 1}, "runAfter": {"Before": DONE}}
    flow = {
        "Rows": _init("rows", "array", [0]),
        "Before": compose("@variables('rows')", after={"Rows": DONE}),
        "Add": append,
        "Again": {**append, "runAfter": {"Add": DONE}},
        "After": compose("@variables('ROWS')", after={"Again": DONE}),
    }

    done = drive(flow)

    assert (done.record("Before").outputs, done.record("After").outputs) == ([0], [0, 1, 1])


@pytest.mark.parametrize(
    ("kind", "type_", "first", "value", "last"),
    [
        ("IncrementVariable", "integer", 5, 3, 8),
        ("DecrementVariable", "integer", 5, 3, 2),
        ("IncrementVariable", "float", 1.5, 2, 3.5),
        ("AppendToStringVariable", "string", "ab", "cd", "abcd"),
        ("AppendToArrayVariable", "array", [1], [2], [1, [2]]),
        ("SetVariable", "object", {"a": 1}, {"b": 2}, {"b": 2}),
        ("SetVariable", "boolean", True, False, False),
    ],
)
def test_variable_actions_change_the_value(kind: str, type_: str, first: Any, value: Any, last: Any) -> None:
    flow = {
        "Init": _init("v", type_, first),
        "Change": {"type": kind, "inputs": {"name": "v", "value": value}, "runAfter": {"Init": DONE}},
        "Now": compose("@variables('v')", after={"Change": DONE}),
    }

    assert drive(flow).record("Now").outputs == last


def test_increment_without_value_adds_one() -> None:
    flow = {
        "Init": _init("n", "integer", 1),
        "Up": {"type": "IncrementVariable", "inputs": {"name": "n"}, "runAfter": {"Init": DONE}},
    }

    done = drive(flow)

    assert done.run.variables == {"n": 2}
    assert done.record("Up").outputs == {"body": {"name": "n", "value": 2}}


@pytest.mark.parametrize(
    ("type_", "value"),
    [("array", []), ("boolean", False), ("integer", 0), ("float", 0.0), ("string", ""), ("object", None)],
)
def test_a_variable_declared_without_a_value_holds_its_types_own(type_: str, value: Any) -> None:
    done = drive({"Declare": _init("v", type_), "Read": compose("@variables('v')", after={"Declare": ["Succeeded"]})})

    assert done.record("Read").outputs == value
    assert "value" not in done.record("Declare").inputs["variables"][0]


def test_what_is_appended_to_a_string_becomes_text() -> None:
    append = {
        "type": "AppendToStringVariable",
        "inputs": {"name": "t", "value": {"a": [1, None]}},
        "runAfter": {"T": DONE},
    }
    number = {
        "type": "AppendToStringVariable",
        "inputs": {"name": "t", "value": "@add(1, 1)"},
        "runAfter": {"Add": DONE},
    }

    done = drive(
        {
            "T": _init("t", "string", "x"),
            "Add": append,
            "Number": number,
            "Read": compose("@variables('t')", after={"Number": DONE}),
        }
    )

    assert done.record("Read").outputs == 'x{"a":[1,null]}2'


def test_variable_that_was_never_initialized_fails_by_name() -> None:
    flow = {
        "Root": compose(),
        "Init": {**_init("x", "integer", 1), "runAfter": {"Root": ["Failed"]}},
        "Set": {"type": "SetVariable", "inputs": {"name": "x", "value": 1}, "runAfter": {"Init": ["Skipped"]}},
    }

    done = drive(flow)

    assert done.record("Set").error["code"] == "InvalidVariableOperation"
    assert "'x'" in done.record("Set").error["message"]
