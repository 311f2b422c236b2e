"""A trigger's record for a run that is started by hand."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from runafter.definition.nodes import Definition
from runafter.engine.faults import FAULTS
from runafter.engine.triggers import Decision, TriggerRun, TriggerScope, decide
from runafter.expressions.template import Template, compile_template
from runafter.program.steps import CallStep, Program, Trigger
from runafter.values.json import compact
from runafter.values.time import Timestamp, round_trip

_BY_PEOPLE = {"button", "powerapp", "powerappv2", "apiconnection", "skills"}
_TOKENS = "X-MS-APIM-Tokens"
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


def with_invoker(program: Program, trigger: Trigger | None, outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the outputs of a button's or an app's call with the header that names the caller's connections.

    The platform sends it with every instant flow, and the flow's connector calls read it. Nothing secret is in ours.
    """
    if trigger is None or trigger.type.casefold() != "request" or (trigger.kind or "").casefold() not in _BY_PEOPLE:
        return dict(outputs)
    headers = dict(outputs.get("headers") or {})
    if any(name.casefold() == _TOKENS.casefold() for name in headers):
        return dict(outputs)
    targets = [step.target for step in program.steps.values() if isinstance(step, CallStep)]
    names = sorted({target.connection for target in targets if target.connection})
    tokens = {
        "$ConnectionKey": "local",
        "$connections": {name: {"connectionId": f"/connections/{name}"} for name in names},
    }
    headers[_TOKENS] = base64.b64encode(json.dumps(tokens).encode()).decode()
    return {**outputs, "headers": headers}


def trigger_record(program: Program, outputs: Mapping[str, Any], now_ticks: int) -> dict[str, Any]:
    """Return what `trigger()` shows in a run that begins now."""
    trigger = next(iter(program.triggers.values()), None)
    moment = round_trip(Timestamp(now_ticks, "utc"))
    record: dict[str, Any] = {
        "name": trigger.name if trigger is not None else "manual",
        "inputs": trigger.inputs.source if trigger is not None else None,
        "outputs": with_invoker(program, trigger, outputs),
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


def declared_key(definition: Definition) -> str | None:
    """Return the key that a trigger names itself, as `harden` writes it: `metadata.runafter.deduplicationKey`."""
    triggers = definition.value.get("triggers")
    for trigger in triggers.values() if isinstance(triggers, dict) else ():
        here: Any = trigger
        for name in ("metadata", "runafter", "deduplicationKey"):
            here = here.get(name) if isinstance(here, dict) else None
        if isinstance(here, str):
            return here
    return None


def key_of(
    key: str, program: Program, outputs: Mapping[str, Any], parameters: Mapping[str, Any] | None = None
) -> str | None:
    """Return an event's de-duplication key by the flow's expression; None where this event lacks it.

    Raises:
        ExpressionError: the expression is none, or this event has not what it reads.
    """
    known = {name: each.default for name, each in program.parameters.items() if each.has_default}
    scope = TriggerScope(trigger_record(program, outputs, 0), 0, {**known, **(parameters or {})}, {})
    value = compile_template(key).evaluate(scope)
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else compact(value)


def _is_list(split_on: Template, scope: TriggerScope) -> bool:
    try:
        return isinstance(split_on.evaluate(scope), list)
    except FAULTS:
        return False
