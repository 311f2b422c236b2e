"""How an action fails by its own expressions: statuses, codes, and what history says about it."""

from __future__ import annotations

from typing import Any

from runafter.engine import outcome
from runafter.engine.faults import failure_of, message_of
from runafter.engine.machine import Machine
from runafter.engine.plan import Node
from runafter.engine.state import Activity, Frame, LoopActivity


def fail_inputs(
    machine: Machine, frame: Frame, node: Node, fault: BaseException, activity: Activity | None = None
) -> None:
    """Settle an action whose inputs could not be evaluated: BadRequest, InvalidTemplate, no inputs, no outputs."""
    inner = visible_message(machine, fault, node)
    error = {"code": "InvalidTemplate", "message": outcome.template_message(node.name, inner)}
    fail(machine, frame, node, "BadRequest", error, fault, activity)


def fail_choice(
    machine: Machine, frame: Frame, node: Node, fault: BaseException, activity: Activity | None = None
) -> None:
    """Settle an If, Switch, Foreach or Until whose expression could not be evaluated, and skip what is inside."""
    inner = visible_message(machine, fault, node)
    message = outcome.evaluation_message(node.name, inner)
    fail_container(machine, frame, node, "ExpressionEvaluationFailed", message, fault, activity)


def fail_container(
    machine: Machine,
    frame: Frame,
    node: Node,
    code: str,
    message: str,
    fault: BaseException | None = None,
    activity: Activity | None = None,
) -> None:
    has_begun = isinstance(activity, LoopActivity) and activity.next_index > 0
    fail(machine, frame, node, code, {"code": code, "message": message}, fault, activity)
    if not has_begun:
        machine.skip_inside(frame.env, node, "Failed", code)


def fail(
    machine: Machine,
    frame: Frame,
    node: Node,
    code: str,
    error: Any,
    fault: BaseException | None = None,
    activity: Activity | None = None,
) -> None:
    if activity is None:
        activity = machine.new_activity(frame, node)
    record = machine.record_of(activity, "Failed", code, error)
    is_hidden = machine.scope.is_tainted or node.step.secure_inputs
    record.secure_inputs = record.secure_inputs or is_hidden
    record.failure = failure_of(machine.scope, frame.env, fault, is_hidden)
    if isinstance(activity, LoopActivity):
        record.iterations = activity.finished
    machine.complete(activity, record)


def visible_message(machine: Machine, fault: BaseException, node: Node) -> str:
    """Return the inner message, or that it is hidden: it may quote a secured value."""
    if machine.scope.is_tainted or node.step.secure_inputs:
        return outcome.HIDDEN
    return message_of(fault)
