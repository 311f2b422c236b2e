"""Wait, Response, Terminate: what holds a run, answers its caller, ends it."""

from __future__ import annotations

from runafter.program.actions.base import Making
from runafter.program.steps import RespondStep, TerminateStep, WaitStep

_UNITS = ("Second", "Minute", "Hour", "Day", "Week", "Month", "Year")


def make_wait(making: Making) -> WaitStep:
    inputs = making.inputs
    interval = inputs.get("interval") if inputs is not None else None
    until = inputs.get("until") if inputs is not None else None
    dynamic = inputs is not None and isinstance(inputs.value, str)
    if interval is None and until is None and not dynamic:
        making.report("ACT002", f"Wait action {making.site.name!r} has neither 'interval' nor 'until'", inputs)
    count = unit = None
    if interval is not None and interval.is_object:
        making.require("count", "unit", of=interval)
        count, unit = interval.get("count"), interval.get("unit")
        making.choice(unit, (*_UNITS, *(f"{name}s" for name in _UNITS)), "unit of time")
    if until is not None and until.is_object:
        until = until.get("timestamp")
    return WaitStep(
        **making.common(),
        inputs=making.template(inputs),
        count=making.template(count) if count is not None else None,
        unit=making.template(unit) if unit is not None else None,
        until=making.template(until) if until is not None else None,
    )


def make_response(making: Making) -> RespondStep:
    making.require("statusCode")
    return RespondStep(
        **making.common(),
        inputs=making.draft.without(making.inputs, making.site, "schema"),
        asynchronous=making.has_option("Asynchronous"),
    )


def make_terminate(making: Making) -> TerminateStep:
    making.require("runStatus")
    inputs = making.inputs
    if inputs is not None and inputs.is_object:
        making.choice(inputs.get("runStatus"), ("Succeeded", "Failed", "Cancelled"), "status of a terminated run")
    return TerminateStep(**making.common(), inputs=making.template(inputs))
