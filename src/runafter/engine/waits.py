"""Wait: a timer and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from runafter.engine.instants import TICKS_PER_SECOND, ticks, ticks_of
from runafter.engine.machine import FAULTS, Machine
from runafter.engine.plan import Node
from runafter.engine.state import Activity, Frame
from runafter.engine.static import settle_static
from runafter.errors import EvaluationError
from runafter.program.steps import WaitStep

_SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
_LAST_TICKS = 3_155_378_975_999_999_999


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
        machine.fail_inputs(frame, node, fault)
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
        return _moment(step.until.evaluate(scope))
    count = step.count.evaluate(scope) if step.count is not None else None
    unit = step.unit.evaluate(scope) if step.unit is not None else None
    if step.count is None and isinstance(inputs, dict):
        interval, until = inputs.get("interval"), inputs.get("until")
        if isinstance(until, dict):
            return _moment(until.get("timestamp"))
        if isinstance(interval, dict):
            count, unit = interval.get("count"), interval.get("unit")
    return _after(machine.now, count, unit)


def _moment(value: Any) -> int:
    try:
        return ticks_of(value) if isinstance(value, str) else ticks_of("")
    except (ValueError, OverflowError):
        raise EvaluationError(f"The 'timestamp' of a Wait is no timestamp: {value!r}.") from None


def _after(now: int, count: Any, unit: Any) -> int:
    if isinstance(count, str) and count.strip().isdigit():
        count = int(count)
    if isinstance(count, bool) or not isinstance(count, int | float) or count < 0:
        raise EvaluationError(f"The 'count' of a Wait is a number from 0, not {count!r}.")
    name = str(unit).casefold().removesuffix("s")
    if name in _SECONDS:
        return min(now + ticks(count * _SECONDS[name]), _LAST_TICKS)
    if name not in {"month", "year"}:
        raise EvaluationError(f"The 'unit' of a Wait is Second, Minute, Hour, Day, Week or Month, not {unit!r}.")
    return min(_months_later(now, int(count) * (12 if name == "year" else 1)), _LAST_TICKS)


def _months_later(now: int, months: int) -> int:
    """Add calendar months; the end of a shorter month clamps the day."""
    whole, fraction = divmod(now, TICKS_PER_SECOND)
    moment = datetime(1, 1, 1, tzinfo=UTC) + timedelta(seconds=whole)
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    if year > 9999:
        return _LAST_TICKS
    for day in range(moment.day, 0, -1):
        try:
            later = moment.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
        since = later - datetime(1, 1, 1, tzinfo=UTC)
        return (since.days * 86_400 + since.seconds) * TICKS_PER_SECOND + fraction
    return now
