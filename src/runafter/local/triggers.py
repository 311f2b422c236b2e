"""A trigger's record for a run that is started by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from runafter.engine.faults import FAULTS
from runafter.engine.triggers import Decision, TriggerRun, TriggerScope, decide
from runafter.expressions.template import Template
from runafter.program.steps import Program
from runafter.values.time import Timestamp, round_trip

_PARTS = {"body", "headers", "queries", "relativePathParameters", "statusCode", "windowStartTime", "windowEndTime"}


def outputs_of(given: Any) -> dict[str, Any]:
    """Return the trigger's outputs: given whole (`{"body": ..., "headers": ...}`, or under `outputs`), or as a body."""
    if isinstance(given, Mapping):
        if set(given) == {"outputs"} and isinstance(given["outputs"], Mapping):
            return dict(given["outputs"])
        if given and "body" in given and set(given) <= _PARTS:
            return dict(given)
    if given is None:
        return {}
    return {"headers": {"Content-Type": "application/json; charset=utf-8"}, "body": given}


def trigger_record(program: Program, outputs: Mapping[str, Any], now_ticks: int) -> dict[str, Any]:
    """Return what `trigger()` shows in a run that begins now."""
    trigger = next(iter(program.triggers.values()), None)
    moment = round_trip(Timestamp(now_ticks, "utc"))
    record: dict[str, Any] = {
        "name": trigger.name if trigger is not None else "manual",
        "inputs": trigger.inputs.source if trigger is not None else None,
        "outputs": dict(outputs),
        "startTime": moment,
        "endTime": moment,
        "code": "OK",
        "status": "Succeeded",
    }
    if trigger is not None and trigger.recurrence is not None:
        record["scheduledTime"] = moment
    return record


def decided(
    program: Program,
    outputs: Mapping[str, Any],
    now_ticks: int,
    *,
    parameters: Mapping[str, Any] | None = None,
    app_settings: Mapping[str, str] | None = None,
) -> Decision:
    """Return which runs an event starts, by the trigger's conditions and split-on; each run's `trigger` holds its outputs.

    Outputs that are no list where the trigger splits are one item already.
    """
    record = trigger_record(program, outputs, now_ticks)
    trigger = next(iter(program.triggers.values()), None)
    if trigger is None:
        return Decision(status="Succeeded", runs=(TriggerRun(trigger=record),))
    known = {name: each.default for name, each in program.parameters.items() if each.has_default}
    scope = TriggerScope(record, now_ticks, {**known, **(parameters or {})}, app_settings or {})
    if trigger.split_on is not None and not _is_list(trigger.split_on, scope):
        trigger = replace(trigger, split_on=None)
    return decide(program, trigger, scope)


def _is_list(split_on: Template, scope: TriggerScope) -> bool:
    try:
        return isinstance(split_on.evaluate(scope), list)
    except FAULTS:
        return False
