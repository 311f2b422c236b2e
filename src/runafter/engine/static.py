"""Answers that stand in for an action's work: static results, and results reused by a resubmission."""

from __future__ import annotations

from typing import Any

from runafter.engine.machine import Machine
from runafter.engine.outcome import status_name
from runafter.engine.plan import Node
from runafter.engine.state import Frame, Record
from runafter.protocol.ids import repetition_name
from runafter.values.wholes import whole


def settle_static(machine: Machine, frame: Frame, node: Node) -> bool:
    """Settle an action by its static result where it has one; nothing is evaluated and nothing called."""
    static = node.step.static_result
    if static is None:
        return False
    machine.budget -= 1
    record = _record(machine, frame, node, static.status, static.code, static.error, static.outputs)
    machine.settle(frame, node, record)
    return True


def settle_reused(machine: Machine, frame: Frame, node: Node) -> bool:
    """Settle a call by the result that an earlier run recorded, under `action` or `action/repetition`."""
    if not machine.reuse:
        return False
    repetition = repetition_name(frame.env.repetition)
    found = machine.reuse.get(f"{node.name}/{repetition}" if repetition else node.name)
    if not isinstance(found, dict):
        return False
    machine.budget -= 1
    status = str(found.get("status", "Succeeded"))
    record = _record(machine, frame, node, status, found.get("code"), found.get("error"), found.get("outputs"))
    machine.settle(frame, node, record)
    return True


def _record(
    machine: Machine, frame: Frame, node: Node, status: str, code: str | None, error: Any, outputs: Any
) -> Record:
    activity = machine.new_activity(frame, node)
    record = machine.record_of(activity, status, code or _code(status, outputs), error)
    if outputs is not None:
        record.outputs, record.has_outputs = outputs, True
    return record


def _code(status: str, outputs: Any) -> str | None:
    number = whole(outputs.get("statusCode")) if isinstance(outputs, dict) else None
    if isinstance(number, int):
        return status_name(number)
    return {"Succeeded": "OK", "Failed": "ActionFailed", "TimedOut": "ActionTimedOut"}.get(status, "ActionSkipped")
