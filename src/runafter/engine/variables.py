"""Variable actions. Atomic by default.

With `variables: racy` an action reads at one moment and writes at a later one,
as the platform does: what happens in between is drawn from the run's seed, so
concurrent iterations lose updates in some runs and a serial loop never does.
With a window (`variable_window_s`) the read, the write and the action's end come
up to so many seconds after each other, so that iterations that are seconds apart
race too and those that come up together do not all read the same value.
"""

from __future__ import annotations

from typing import Any

from runafter.engine.failing import fail, fail_inputs
from runafter.engine.faults import FAULTS
from runafter.engine.instants import ticks
from runafter.engine.machine import Machine
from runafter.engine.outcome import HIDDEN, type_name
from runafter.engine.plan import Node
from runafter.engine.state import Activity, Frame, Variable
from runafter.engine.static import settle_static
from runafter.program.steps import VariableStep
from runafter.values.json import stringify

_SUPPORTED = {
    "integer": ("Integer",),
    "float": ("Integer", "Float"),
    "string": ("String",),
    "boolean": ("Boolean",),
    "array": ("Array",),
    "object": ("Object",),
}
_ABSENT = object()


class Refused(Exception):
    """A variable does not exist, or does not take this value."""


def start_variable(machine: Machine, frame: Frame, node: Node) -> None:
    step = node.step
    assert isinstance(step, VariableStep)
    if settle_static(machine, frame, node):
        return
    machine.budget -= 1
    scope = machine.scope.enter(frame.env, node.name)
    try:
        if step.operation == "initialize":
            inputs, outputs = _initialize(machine, step, scope), None
            _settle(machine, frame, node, None, inputs, outputs, is_tainted=scope.is_tainted)
            return
        value = step.value.evaluate(scope) if step.value is not None else _ABSENT
        variable = _find(machine, step.variable)
        if machine.is_racy:
            _defer(machine, frame, node, value, variable)
            return
        inputs, outputs = _change(machine, step, variable, value, variable.value, is_tainted=scope.is_tainted)
    except Refused as fault:
        _refuse(machine, frame, node, fault, None)
    except FAULTS as fault:
        fail_inputs(machine, frame, node, fault)
    else:
        is_tainted = scope.is_tainted or variable.is_secure
        _settle(machine, frame, node, None, inputs, outputs, is_tainted=is_tainted)


def _initialize(machine: Machine, step: VariableStep, scope: Any) -> Any:
    rows = []
    for name, type_, template in step.declarations:
        value = _unset(type_) if template is None else _first_value(type_, template.evaluate(scope))
        if value is not None:
            _check(name, type_, value)
        _check_size(machine, name, value)
        machine.variables[name.casefold()] = Variable(name, type_, value, is_secure=scope.is_tainted)
        row = {"name": name, "type": type_}
        rows.append(row if template is None else {**row, "value": value})
    return {"variables": rows}


def _unset(type_: str) -> Any:
    """Return what a variable holds that was declared without a value; an object holds nothing.

    Source: samurai-emblem.com, "Array" and "Boolean. Data type of the variable (Power Automate Cloud flows)", read
        2026-11-21: no items, false. Public flows in production read such variables with `length` and `union`.
    """
    return {"array": [], "boolean": False, "integer": 0, "float": 0.0, "string": ""}.get(type_)


def _first_value(type_: str, value: Any) -> Any:
    """A first value may be written as text: `"5"` for an integer, `"true"` for a boolean, 5 for a string."""
    if isinstance(value, str) and type_ in {"integer", "float", "boolean"}:
        text = value.strip().casefold()
        if type_ == "boolean":
            return {"true": True, "false": False, "": None}.get(text, value)
        try:
            return None if not text else int(text) if type_ == "integer" else float(text)
        except ValueError:
            return value
    if type_ == "string" and isinstance(value, int | float):
        return str(value) if not isinstance(value, bool) else ("True" if value else "False")
    if type_ == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _find(machine: Machine, name: str) -> Variable:
    found = machine.variables.get(name.casefold())
    if found is None:
        raise Refused(f"The variable '{name}' must be initialized before it can be used.")
    return found


def _change(
    machine: Machine, step: VariableStep, variable: Variable, value: Any, before: Any, *, is_tainted: bool
) -> tuple[Any, Any]:
    """Write the new value made from `before`; return the inputs and outputs as recorded."""
    name, operation = variable.name, step.operation
    inputs = {"name": name} if value is _ABSENT else {"name": name, "value": value}
    outputs = None
    match operation:
        case "set":
            value = None if value is _ABSENT else value
            if value is not None:  # flows in production empty arrays and objects by setting null
                _check(name, variable.type, value)
            _check_size(machine, name, value)
            variable.value, variable.is_shared = value, True
        case "increment" | "decrement":
            by = 1 if value is _ABSENT else value
            _check(name, variable.type, by)
            old = 0 if before is None else before
            if not isinstance(old, int | float) or isinstance(old, bool):
                raise Refused(f"The variable '{name}' of type '{_title(variable.type)}' cannot be {operation}ed.")
            new = old + by if operation == "increment" else old - by
            if isinstance(new, int) and not -(2**63) <= new < 2**63:
                raise Refused(f"The variable '{name}' exceeds the range of an integer.")
            variable.value = new
            outputs = {"body": {"name": name, "value": new}}
        case "append_array":
            _check_holds(variable, "array")
            value = None if value is _ABSENT else value
            if variable.is_shared or before is not variable.value or before is None:
                variable.value = [*(before or ()), value]
                variable.is_shared = False
            else:
                variable.value.append(value)
        case _:
            _check_holds(variable, "string")
            # Public flows in production append numbers and objects: the text is what string() gives.
            text = "" if value is _ABSENT else stringify(value)
            _check_size(machine, name, before, text)
            variable.value = (before or "") + text
    if is_tainted:
        variable.is_secure = True
    elif operation == "set":
        variable.is_secure = False
    return inputs, outputs


def _check(name: str, type_: str, value: Any) -> None:
    supported = _SUPPORTED.get(type_)
    if supported is not None and type_name(value) not in supported:
        raise Refused(
            f"The variable '{name}' of type '{_title(type_)}' cannot be initialized or updated with value of type "
            f"'{type_name(value)}'. The variable '{name}' only supports values of types '{', '.join(supported)}'."
        )


def _check_holds(variable: Variable, type_: str) -> None:
    if variable.type != type_:
        raise Refused(
            f"The variable '{variable.name}' of type '{_title(variable.type)}' cannot be appended to as "
            f"{'an array' if type_ == 'array' else 'a string'}."
        )


def _check_size(machine: Machine, name: str, *parts: Any) -> None:
    size = sum(len(part) for part in parts if isinstance(part, str))
    limit = machine.program.profile.limits.get("variable_chars")
    if limit is not None and size > limit.value:
        raise Refused(f"The variable '{name}' exceeds the maximum size of {limit.value} characters.")


def _title(type_: str) -> str:
    return type_.capitalize()


# -- racy ------------------------------------------------------------------------------------------------------


def _defer(machine: Machine, frame: Frame, node: Node, value: Any, variable: Variable) -> None:
    """Read at one moment, write later: the snapshot may be out of date by then."""
    activity = machine.new_activity(frame, node)
    activity.is_secure = machine.scope.is_tainted
    machine.begin(activity)
    if machine.variable_window_s > 0:
        _later(machine, activity, "read", (value, variable))
    else:
        machine.writes.append((_write, activity, (value, _snapshot(variable))))


def _snapshot(variable: Variable) -> Any:
    return list(variable.value) if isinstance(variable.value, list) else variable.value


def _later(machine: Machine, activity: Activity, kind: str, kept: tuple[Any, ...]) -> None:
    """Go on with the activity at a moment drawn from the window."""
    machine.racing[activity.serial] = kept
    after_s = machine.draw(f"variable {kind} {activity.serial}") * machine.variable_window_s
    machine.start_timer(activity, kind, machine.now + ticks(after_s))


def window_is_over(machine: Machine, activity: Activity, kind: str) -> None:
    """Read what is there by now, write what was read before, or end an action that has written."""
    kept = machine.racing.pop(activity.serial)
    if kind == "read":
        value, variable = kept
        _later(machine, activity, "write", (value, _snapshot(variable)))
    elif kind == "write":
        _write(machine, activity, (kept[0], kept[1]))
    else:
        inputs, outputs, is_tainted = kept
        _settle(machine, activity.frame, activity.node, activity, inputs, outputs, is_tainted=is_tainted)


def _write(machine: Machine, activity: Activity, read: tuple[Any, Any]) -> None:
    frame, node = activity.frame, activity.node
    step = node.step
    assert isinstance(step, VariableStep)
    if activity.serial not in machine.live:
        return
    value, before = read
    machine.budget -= 1
    machine.scope.enter(frame.env, node.name).is_tainted = activity.is_secure
    try:
        variable = _find(machine, step.variable)
        inputs, outputs = _change(machine, step, variable, value, before, is_tainted=activity.is_secure)
    except Refused as fault:
        _refuse(machine, frame, node, fault, activity)
    else:
        is_tainted = activity.is_secure or variable.is_secure
        if machine.variable_window_s > 0:
            _later(machine, activity, "written", (inputs, outputs, is_tainted))
        else:
            _settle(machine, frame, node, activity, inputs, outputs, is_tainted=is_tainted)


def _settle(
    machine: Machine,
    frame: Frame,
    node: Node,
    activity: Activity | None,
    inputs: Any,
    outputs: Any,
    *,
    is_tainted: bool,
) -> None:
    activity = activity or machine.new_activity(frame, node)
    record = machine.record_of(activity, "Succeeded")
    record.inputs, record.has_inputs = inputs, True
    record.outputs, record.has_outputs = outputs, outputs is not None
    record.secure_inputs = record.secure_inputs or is_tainted
    record.secure_outputs = record.secure_outputs or is_tainted or record.secure_inputs
    machine.complete(activity, record)


def _refuse(machine: Machine, frame: Frame, node: Node, fault: Refused, activity: Activity | None) -> None:
    is_hidden = machine.scope.is_tainted or node.step.secure_inputs
    error = {"code": "InvalidVariableOperation", "message": HIDDEN if is_hidden else str(fault)}
    fail(machine, frame, node, "BadRequest", error, fault, activity)
