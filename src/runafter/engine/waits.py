"""Wait: a timer and nothing else."""

from __future__ import annotations

import math
from typing import Any

from runafter.engine.failing import fail_inputs
from runafter.engine.faults import FAULTS
from runafter.engine.machine import Machine
from runafter.engine.plan import Node
from runafter.engine.state import Activity, Frame
from runafter.engine.static import settle_static
from runafter.errors import EvaluationError
from runafter.program.steps import WaitStep
from runafter.values.dateparse import parse_time
from runafter.values.time import Timestamp, add, is_unit
from runafter.values.wholes import whole


def start_wait(machine: Machine, frame: Frame, node: Node) -> None:
    step = node.step
    assert isinstance(step, WaitStep)
    if settle_static(machine, frame, node):
        return
    machine.budget -= 1
    scope = machine.scope.enter(frame.env, node.name)
    try:
        inputs = step.inputs.evaluate(scope)
        due = _due(machine, step, scope, inputs)
    except FAULTS as fault:
        fail_inputs(machine, frame, node, fault)
        return
    activity = machine.new_activity(frame, node)
    activity.inputs, activity.has_inputs = inputs, True
    activity.is_secure = scope.is_tainted
    machine.begin(activity, status="Waiting")
    machine.start_timer(activity, "wait", due)


def wait_is_over(machine: Machine, activity: Activity) -> None:
    machine.complete(activity, machine.record_of(activity, "Succeeded", "OK"))


def _due(machine: Machine, step: WaitStep, scope: Any, inputs: Any) -> int:
    if step.until is not None:
        return _moment(machine, step.until.evaluate(scope))
    count = step.count.evaluate(scope) if step.count is not None else None
    unit = step.unit.evaluate(scope) if step.unit is not None else None
    if step.count is None and isinstance(inputs, dict):
        interval, until = inputs.get("interval"), inputs.get("until")
        if isinstance(until, dict):
            return _moment(machine, until.get("timestamp"))
        if isinstance(interval, dict):
            count, unit = interval.get("count"), interval.get("unit")
    return _after(machine.now, count, unit)


def _moment(machine: Machine, value: Any) -> int:
    try:
        return parse_time(value if isinstance(value, str) else "", lambda: machine.now).ticks
    except ValueError:
        raise EvaluationError(f"The 'timestamp' of a Wait is no timestamp: {value!r}.") from None


def _after(now: int, count: Any, unit: Any) -> int:
    count = whole(count)
    if isinstance(count, bool) or not isinstance(count, int | float) or not 0 <= count < math.inf:
        raise EvaluationError(f"The 'count' of a Wait is a number from 0, not {count!r}.")
    name = str(unit).casefold().removesuffix("s")
    if not is_unit(name):
        raise EvaluationError(f"The 'unit' of a Wait is Second, Minute, Hour, Day, Week or Month, not {unit!r}.")
    try:
        return add(Timestamp(now, "utc"), int(count), name).ticks
    except ValueError:
        raise EvaluationError(f"A Wait of {count} {unit} ends after the year 9999.") from None
