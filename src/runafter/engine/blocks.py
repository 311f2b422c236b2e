"""Scope, If and Switch: one block opened in the environment around it."""

from __future__ import annotations

from typing import Any

from runafter.engine.failing import fail, fail_choice, fail_container
from runafter.engine.faults import FAULTS
from runafter.engine.machine import Machine
from runafter.engine.outcome import HIDDEN, block_error, block_timed_out_error, type_name
from runafter.engine.plan import Node
from runafter.engine.state import Activity, Frame
from runafter.expressions.template import Template
from runafter.program.steps import IfStep, SwitchStep


def start_scope(machine: Machine, frame: Frame, node: Node) -> None:
    machine.budget -= 1
    activity = machine.new_activity(frame, node)
    _open(machine, activity, 0)


def start_if(machine: Machine, frame: Frame, node: Node) -> None:
    step = node.step
    assert isinstance(step, IfStep)
    try:
        holds = machine.evaluate(step.condition, frame, node)
    except FAULTS as fault:
        fail_choice(machine, frame, node, fault)
        return
    if not isinstance(holds, bool):
        fail_container(
            machine,
            frame,
            node,
            "ExpressionEvaluationFailed",
            wrong_type(node.name, "If", step.condition, holds, "Boolean"),
        )
        return
    activity = machine.new_activity(frame, node)
    activity.inputs, activity.has_inputs = {"expressionResult": holds}, True
    activity.is_secure = machine.scope.is_tainted
    _open(machine, activity, 0 if holds else 1)


def start_switch(machine: Machine, frame: Frame, node: Node) -> None:
    step = node.step
    assert isinstance(step, SwitchStep)
    try:
        value = machine.evaluate(step.expression, frame, node)
        is_tainted = machine.scope.is_tainted
        cases = [machine.evaluate(wished, frame, node) for _, wished, _ in step.cases]
    except FAULTS as fault:
        fail_choice(machine, frame, node, fault)
        return
    machine.scope.is_tainted = is_tainted
    found = type_name(value)
    if found not in {"String", "Integer"}:
        message = wrong_type(node.name, "scope", step.expression, value, "String, Integer")
        fail_container(machine, frame, node, "ExpressionEvaluationFailed", message)
        return
    other = next((type_name(case) for case in cases if type_name(case) != found), None)
    if other is not None:
        _fail_mismatch(machine, frame, node, found, other)
        return
    activity = machine.new_activity(frame, node)
    activity.inputs, activity.has_inputs = {"expressionResult": value}, True
    activity.is_secure = is_tainted
    chosen = next((index for index, case in enumerate(cases) if case == value), len(cases))
    _open(machine, activity, chosen)


def wrong_type(name: str, kind: str, template: Template, value: Any, wished: str) -> str:
    """The wording for a choice of another type; `kind` is `scope` for a Switch (measured)."""
    return (
        f"The execution of template action '{name}' failed: The result of the evaluation of '{kind}' action expression "
        f"{quoted_source(template)}is not valid. It is of type '{type_name(value)}' but is expected to be a value of type "
        f"'{wished}'."
    )


def quoted_source(template: Template) -> str:
    """Return `'@the expression' ` where the author wrote one text, else nothing."""
    return f"'{template.source}' " if isinstance(template.source, str) else ""


def _fail_mismatch(machine: Machine, frame: Frame, node: Node, found: str, wished: str) -> None:
    """A case of another type than the value fails the Switch and every action of its branches (measured)."""
    inner = (
        "Template language function 'strongEquals' expects parameters of same type, but found "
        f"'{found},{wished}' distinct types."
    )
    why = HIDDEN if machine.scope.is_tainted else inner
    for block in node.blocks:
        machine.fail_branch(frame.env, block, why)
    fail(machine, frame, node, "ActionFailed", block_error())


def _open(machine: Machine, activity: Activity, chosen: int) -> None:
    """Open one block of a container; its other branches are skipped at once."""
    activity.on_end = _on_end
    machine.begin(activity)
    env = activity.frame.env
    for index, block in enumerate(activity.node.blocks):
        if index == chosen:
            machine.open_frame(block, env, activity)
        else:
            machine.skip_branch(env, activity.node, block)


def _on_end(machine: Machine, activity: Activity, frame: Frame, status: str) -> None:
    machine.complete(activity, machine.record_of(activity, status, *block_verdict(status)))


def block_verdict(status: str) -> tuple[str | None, Any]:
    """Return the code and error of a container from the status of its block."""
    if status == "Failed":
        return "ActionFailed", block_error()
    if status == "TimedOut":
        return "ActionTimedOut", block_timed_out_error()
    return None, None
