"""What a trigger decides before there is a run: conditions, split-on, schema, correlation, slots for runs.

Pure as `step` is: the host brings the event's outputs and the time, and
records what was decided.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from runafter.engine.faults import FAULTS, message_of
from runafter.engine.outcome import type_name
from runafter.engine.schema import InvalidSchema, violations
from runafter.engine.scope import draw
from runafter.engine.settings import prepared, read
from runafter.errors import EvaluationError, NotSupported
from runafter.expressions.template import Template
from runafter.program.steps import Program, Trigger
from runafter.values.json import stringify


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerRun:
    """One run to start: `trigger` is what `trigger()` shows in it."""

    trigger: dict[str, Any]
    client_tracking_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """`Skipped` by a condition, `Failed` by an expression or the schema, else `Succeeded` with one run or, split, many."""

    status: Literal["Succeeded", "Skipped", "Failed"]
    runs: tuple[TriggerRun, ...] = ()
    code: str | None = None
    error: dict[str, Any] | None = None


_NOT_MET = Decision(status="Skipped", code="TriggerConditionNotMet")


@dataclass(slots=True)
class TriggerScope:
    """What an expression of a trigger may read: the event, parameters and settings, but no action."""

    record: dict[str, Any]
    at: int
    parameters: Mapping[str, Any] = field(default_factory=dict)
    app_settings: Mapping[str, str] = field(default_factory=dict)
    workflow_record: dict[str, Any] = field(default_factory=dict)
    callback_url: str = ""
    seed: int = 0
    draws: int = 0

    def now_ticks(self) -> int:
        return self.at

    def random(self) -> float:
        self.draws += 1
        return draw(self.seed, f"trigger {self.at} {self.draws}")

    def parameter(self, name: str) -> Any:
        return read(prepared(_named(self.parameters, name, "workflow parameter")), self)

    def app_setting(self, name: str) -> Any:
        return _named(self.app_settings, name, "app setting")

    def trigger(self) -> dict[str, Any]:
        return self.record

    def workflow(self) -> dict[str, Any]:
        return self.workflow_record

    def list_callback_url(self) -> str:
        return self.callback_url

    def variable(self, name: str) -> Any:
        raise _misplaced("variables")

    def action(self, name: str) -> dict[str, Any]:
        raise _misplaced("actions")

    def outputs(self, name: str) -> Any:
        raise _misplaced("outputs")

    def body(self, name: str) -> Any:
        raise _misplaced("body")

    def result(self, name: str) -> list[Any]:
        raise _misplaced("result")

    def item(self) -> Any:
        raise _misplaced("item")

    def items(self, loop: str) -> Any:
        raise _misplaced("items")

    def iteration_index(self, loop: str) -> int:
        raise _misplaced("iterationIndexes")

    def this_action(self) -> dict[str, Any]:
        raise _misplaced("action")

    def call(self, name: str, arguments: list[Any]) -> Any:
        raise NotSupported(f"the function '{name}' needs a service that a trigger does not have")


def _misplaced(function: str) -> EvaluationError:
    return EvaluationError(f"The template function '{function}' is not expected at this location.")


def _named(values: Mapping[str, Any], name: str, what: str) -> Any:
    folded = name.casefold()
    for key, value in values.items():
        if key.casefold() == folded:
            return value
    raise EvaluationError(f"The {what} '{name}' is not found.")


def decide(program: Program, trigger: Trigger, scope: TriggerScope) -> Decision:
    """Say whether an event starts runs, and which. All conditions must hold.

    With split-on each item is an event of its own, conditions included: the usual
    `triggerOutputs()?['body/Status/Value']` of a SharePoint trigger, which splits
    by default, reads the item (robertheep.de/all-blogs/trigger-conditions-power-automate
    and others, read 2026-11-21).
    """
    faulty = _schema_fault(trigger, scope.record)
    if faulty is not None:
        return Decision(status="Failed", code="TriggerInputSchemaMismatch", error=faulty)
    try:
        if trigger.split_on is not None:
            return _split(program, trigger, trigger.split_on, scope)
        if not _conditions_hold(trigger, scope):
            return _NOT_MET
        return Decision(status="Succeeded", runs=(_run(trigger, scope, scope.record),))
    except FAULTS as fault:
        message = (
            f"Unable to process template language expressions for trigger '{trigger.name}' at line '0' and column '0': "
            f"'{message_of(fault)}'."
        )
        return Decision(status="Failed", code="InvalidTemplate", error={"code": "InvalidTemplate", "message": message})


def _conditions_hold(trigger: Trigger, scope: TriggerScope) -> bool:
    for condition in trigger.conditions:
        holds = condition.evaluate(scope)
        if not isinstance(holds, bool):
            raise EvaluationError(
                f"A condition of the trigger '{trigger.name}' is of type '{type_name(holds)}', not a boolean."
            )
        if not holds:
            return False
    return True


def _schema_fault(trigger: Trigger, record: dict[str, Any]) -> dict[str, Any] | None:
    if not trigger.validates_schema or not isinstance(trigger.schema, dict):
        return None
    outputs = record.get("outputs")
    body = outputs.get("body") if isinstance(outputs, dict) else None
    try:
        found = violations(trigger.schema, body)
    except InvalidSchema as fault:
        return {"code": "TriggerInputSchemaInvalid", "message": str(fault)}
    if not found:
        return None
    told = " ".join(f"{each.message} Path '{each.path}'." for each in found)
    return {
        "code": "TriggerInputSchemaMismatch",
        "message": f"The input body for trigger '{trigger.name}' did not match its schema. {told}",
    }


def _split(program: Program, trigger: Trigger, split_on: Template, scope: TriggerScope) -> Decision:
    items = split_on.evaluate(scope)
    if not isinstance(items, list):
        raise EvaluationError(
            f"The 'splitOn' of the trigger '{trigger.name}' is of type '{type_name(items)}'. The value must be an array."
        )
    name = "split_on_items" if trigger.concurrency is None else "split_on_items_with_concurrency"
    limit = program.profile.limits.get(name)
    if limit is not None and len(items) > limit.value:
        raise EvaluationError(
            f"The 'splitOn' of the trigger '{trigger.name}' has {len(items)} items; {limit.value} is most."
        )
    runs = []
    outputs = scope.record.get("outputs")
    kept = outputs if isinstance(outputs, dict) else {}
    whole = scope.record
    try:
        for item in items:
            scope.record = {**whole, "outputs": {**kept, "body": item}}
            if _conditions_hold(trigger, scope):
                runs.append(_run(trigger, scope, scope.record))
    finally:
        scope.record = whole
    if items and not runs:
        return _NOT_MET
    return Decision(status="Succeeded", runs=tuple(runs))


def _run(trigger: Trigger, scope: TriggerScope, record: dict[str, Any]) -> TriggerRun:
    tracking = None
    if trigger.correlation is not None:
        value = trigger.correlation.evaluate(scope)
        tracking = stringify(value) or None
    return TriggerRun(trigger=record, client_tracking_id=tracking)


class Slots:
    """Runs of a trigger with concurrency: so many at a time, so many waiting, first come first started.

    `overflows` counts events that found no place: a caller gets 429, a polling
    trigger may have lost an event.
    """

    def __init__(self, runs: int, most_waiting: int) -> None:
        if runs < 1 or most_waiting < 0:
            raise ValueError("at least one run at a time, and no negative number of waiting ones")
        self.runs = runs
        self.most_waiting = most_waiting
        self.running: dict[str, None] = {}
        self.waiting: deque[str] = deque()
        self.overflows = 0

    def offer(self, run: str) -> Literal["start", "wait", "overflow"]:
        """Say what becomes of a new run; `wait` means that `ended` will return its name."""
        if len(self.running) < self.runs and not self.waiting:
            self.running[run] = None
            return "start"
        if len(self.waiting) < self.most_waiting:
            self.waiting.append(run)
            return "wait"
        self.overflows += 1
        return "overflow"

    def ended(self, run: str) -> str | None:
        """Free the slot of a run; return the run that starts in its place."""
        if run in self.running:
            del self.running[run]
        elif run in self.waiting:
            self.waiting.remove(run)
        if not self.waiting or len(self.running) >= self.runs:
            return None
        following = self.waiting.popleft()
        self.running[following] = None
        return following
