"""The samples have all five layers, their fragile twins none."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from runafter.connectors.registry import catalogue
from runafter.lint.readiness import LAYERS, Readiness, readiness
from runafter.local.read import read

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SAMPLES = sorted(path.parent.name for path in EXAMPLES.glob("*/flow.json"))


def _graded(source: Path | bytes) -> Readiness:
    return readiness(read(source)[0], catalogue=catalogue())


def _missing(graded: Readiness) -> list[str]:
    return [layer.name for layer in graded.layers if not layer.is_present]


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_hardened_sample_has_all_layers(sample: str) -> None:
    graded = _graded(EXAMPLES / sample / "flow.json")

    assert graded.grade == 5, [layer.missing for layer in graded.layers]
    assert all(layer.actions for layer in graded.layers)


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_fragile_twin_has_none(sample: str) -> None:
    graded = _graded(EXAMPLES / sample / "fragile" / "flow.json")

    assert graded.grade == 0
    assert all(layer.missing and layer.rule for layer in graded.layers)


def _without(name: str, change: Any) -> Readiness:
    document = json.loads((EXAMPLES / "order_fan_out" / "flow.json").read_text(encoding="utf-8"))
    flow = copy.deepcopy(document)
    change(flow["properties"]["definition"])
    return _graded(json.dumps(flow).encode())


def test_each_layer_that_is_taken_away_is_missed_alone() -> None:
    def no_limit(flow: Any) -> None:
        del flow["triggers"]["When_an_order_is_placed"]["runtimeConfiguration"]

    def no_validation(flow: Any) -> None:
        actions = flow["actions"]
        del actions["Validate_order"], actions["Reject_order"]
        actions["Process_order"]["runAfter"] = {"Run_context": ["Succeeded"]}

    def no_retry(flow: Any) -> None:
        text = json.dumps(flow["actions"]["Process_order"]).replace('"retryPolicy"', '"retry"')
        flow["actions"]["Process_order"] = json.loads(text)

    def no_time_out(flow: Any) -> None:
        flow["actions"]["Handle_failure"]["runAfter"]["Process_order"] = ["Failed"]

    def no_metrics(flow: Any) -> None:
        del flow["actions"]["Record_metrics"]
        flow["actions"]["End_the_run"]["runAfter"] = {"Handle_failure": ["Succeeded", "Failed", "TimedOut"]}

    changes = dict(zip(LAYERS, (no_limit, no_validation, no_retry, no_time_out, no_metrics), strict=True))

    assert {layer: _missing(_without(layer, change)) for layer, change in changes.items()} == {
        layer: [layer] for layer in LAYERS
    }


def test_a_handler_that_makes_no_call_is_named() -> None:
    def mute(flow: Any) -> None:
        flow["actions"]["Handle_failure"]["actions"] = {"Kept": {"type": "Compose", "inputs": "x", "runAfter": {}}}

    layer = next(layer for layer in _without("order_fan_out", mute).layers if layer.name == "errors")

    assert layer.missing == ("'Handle_failure' runs when 'Process_order' fails, but makes no call that tells anybody",)
