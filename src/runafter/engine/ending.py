"""How a run answers its caller and how it ends: Response, Terminate, cancellation, limits, outputs."""

from __future__ import annotations

from typing import Any

from runafter.engine.failing import fail_inputs
from runafter.engine.faults import FAULTS, message_of
from runafter.engine.machine import Machine
from runafter.engine.outcome import HIDDEN, block_error, block_timed_out_error, response_skip
from runafter.engine.plan import Node
from runafter.engine.state import Frame
from runafter.engine.static import settle_static
from runafter.errors import EvaluationError
from runafter.program.steps import RespondStep, TerminateStep
from runafter.protocol.commands import CancelTimer, FinishRun, RunStatus, SendResponse
from runafter.values.json import stringify
from runafter.values.wholes import whole

_ENDINGS: dict[str, RunStatus] = {"succeeded": "Succeeded", "failed": "Failed", "cancelled": "Cancelled"}


def start_response(machine: Machine, frame: Frame, node: Node) -> None:
    """Answer the caller; skipped when nobody waits any more, or when the run has answered already."""
    step = node.step
    assert isinstance(step, RespondStep)
    if settle_static(machine, frame, node):
        return
    if not machine.caller_waits:
        machine.skip(frame, node, response_skip(node.name), ("", "Skipped", "ActionResponseSkipped"), "ActionSkipped")
        return
    machine.budget -= 1
    scope = machine.scope.enter(frame.env, node.name)
    try:
        inputs = step.inputs.evaluate(scope)
        if not isinstance(inputs, dict):
            raise EvaluationError("The inputs of a Response are no object.")
        status_code = _status_code(inputs.get("statusCode", 200))
        headers = inputs.get("headers") or {}
        if not isinstance(headers, dict):
            raise EvaluationError("The 'headers' of a Response are no object.")
    except FAULTS as fault:
        fail_inputs(machine, frame, node, fault)
        return
    machine.caller_waits = False
    machine.commands.append(
        SendResponse(action=node.name, status_code=status_code, headers=headers, body=inputs.get("body"))
    )
    activity = machine.new_activity(frame, node)
    record = machine.record_of(activity, "Succeeded", "OK")
    record.inputs, record.has_inputs = inputs, True
    record.outputs, record.has_outputs = {**inputs, "statusCode": status_code}, True
    if scope.is_tainted or step.secure_inputs:
        record.secure_inputs = record.secure_outputs = True
    machine.complete(activity, record)


def _status_code(value: Any) -> int:
    value = whole(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 200 <= value <= 599:
        raise EvaluationError(f"The 'statusCode' of a Response is a number from 200 to 599, not {value!r}.")
    return value


def start_terminate(machine: Machine, frame: Frame, node: Node) -> None:
    """End the run: this action has Succeeded, those around it are Cancelled, those not begun are Skipped."""
    step = node.step
    assert isinstance(step, TerminateStep)
    machine.budget -= 1
    scope = machine.scope.enter(frame.env, node.name)
    try:
        inputs = step.inputs.evaluate(scope)
        status = _ENDINGS.get(str(inputs.get("runStatus")).casefold()) if isinstance(inputs, dict) else None
        if status is None:
            raise EvaluationError("The 'runStatus' of a Terminate is Succeeded, Failed or Cancelled.")
    except FAULTS as fault:
        fail_inputs(machine, frame, node, fault)
        return
    activity = machine.new_activity(frame, node)
    record = machine.record_of(activity, "Succeeded")
    record.inputs, record.has_inputs = inputs, True
    record.secure_inputs = record.secure_inputs or scope.is_tainted
    error = _run_error(inputs.get("runError")) if status == "Failed" else None
    if error is not None and record.secure_inputs:
        error = {"code": "Terminated", "message": HIDDEN}
    machine.complete(activity, record)
    machine.cancel_all("Terminated")
    finish(machine, status, "Terminated", error)


def _run_error(given: Any) -> dict[str, Any] | None:
    """Return the author's error as an object with texts, as everything that shows a run's error expects."""
    if given is None:
        return None
    if not isinstance(given, dict):
        return {"code": "Terminated", "message": stringify(given)}
    texts = {name: stringify(given[name]) for name in ("code", "message") if given.get(name) is not None}
    return {**given, **texts}


def cancel(machine: Machine, reason: str | None) -> None:
    machine.cancel_all("WorkflowRunCancelled")
    message = "The workflow run was cancelled." if not reason else f"The workflow run was cancelled: {reason}"
    finish(machine, "Cancelled", "WorkflowRunCancelled", {"code": "WorkflowRunCancelled", "message": message})


def run_out_of_time(machine: Machine) -> None:
    machine.cancel_all("WorkflowRunTimedOut")
    error = {"code": "WorkflowRunTimedOut", "message": "The workflow run reached its duration limit."}
    finish(machine, "TimedOut", "WorkflowRunTimedOut", error)


def root_ended(machine: Machine, status: str) -> None:
    if status == "Failed":
        finish(machine, "Failed", "ActionFailed", block_error())
    elif status == "TimedOut":
        finish(machine, "TimedOut", "ActionTimedOut", block_timed_out_error())
    else:
        _finish_with_outputs(machine)


def _finish_with_outputs(machine: Machine) -> None:
    outputs: dict[str, Any] = {}
    for name, template in machine.program.outputs.items():
        scope = machine.scope.enter(machine.root, "", f"output {name}")
        try:
            value = template.evaluate(scope)
        except FAULTS as fault:
            inner = HIDDEN if scope.is_tainted else message_of(fault)
            message = f"Unable to evaluate the workflow output '{name}': '{inner}'."
            error = {"code": "OutputParameterEvaluationFailed", "message": message}
            finish(machine, "Failed", "OutputParameterEvaluationFailed", error)
            return
        outputs[name] = HIDDEN if scope.is_tainted else value
    finish(machine, "Succeeded", None, None, outputs or None)


def finish(machine: Machine, status: RunStatus, code: str | None, error: Any, outputs: Any = None) -> None:
    """Say that the run is over. Timers that are left are cancelled."""
    for timer in machine.timers:
        machine.commands.append(CancelTimer(id=timer))
    machine.timers.clear()
    machine.is_finished = True
    machine.status = status
    machine.commands.append(FinishRun(status=status, at=machine.now, code=code, error=error, outputs=outputs))
