"""Actions that make a value from values, inside the step: Compose, ParseJson, Query, Select, Join, Table, Expression."""

from __future__ import annotations

from typing import Any

from runafter.engine.failing import fail_inputs
from runafter.engine.faults import FAULTS, failure_of
from runafter.engine.machine import Machine
from runafter.engine.outcome import HIDDEN, type_name
from runafter.engine.plan import Node
from runafter.engine.schema import InvalidSchema, Violation, violations
from runafter.engine.scope import RunScope
from runafter.engine.state import Frame
from runafter.engine.static import settle_static
from runafter.engine.tables import csv_table, html_table
from runafter.errors import EvaluationError
from runafter.expressions.template import Template, compile_template
from runafter.program.steps import EvaluateStep
from runafter.values.json import stringify

_JSON = "@json(item())"
_KINDS: dict[str, str] = {
    "addtotime": "@addToTime(item()?['baseTime'], int(item()?['interval']), item()?['timeUnit'])",
    "subtractfromtime": "@subtractFromTime(item()?['baseTime'], int(item()?['interval']), item()?['timeUnit'])",
    "converttimezone": "@convertTimeZone(item()?['baseTime'], item()?['sourceTimeZone'], "
    "item()?['destinationTimeZone'], coalesce(item()?['formatString'], 'o'))",
    "currenttime": "@utcNow()",
    "getfuturetime": "@getFutureTime(int(item()?['interval']), item()?['timeUnit'])",
    "getpasttime": "@getPastTime(int(item()?['interval']), item()?['timeUnit'])",
    "formatnumber": "@formatNumber(item()?['number'], item()?['format'], coalesce(item()?['locale'], 'en-us'))",
    "indexof": "@indexOf(item()?['text'], item()?['searchText'])",
    "substring": "@substring(item()?['text'], int(item()?['startPosition']), int(item()?['length']))",
    "substring to the end": "@substring(item()?['text'], int(item()?['startPosition']))",
}
"""Kind of an Expression action -> the function it stands for, over its inputs as `item()`."""


class Refused(EvaluationError):
    """The action's own check of its inputs failed, with a code and, for ParseJson, outputs of its own."""

    def __init__(self, code: str, message: str, *, outputs: Any = None) -> None:
        super().__init__(message)
        self.platform_code = code
        self.outputs = outputs


def start_evaluate(machine: Machine, frame: Frame, node: Node) -> None:
    step = node.step
    assert isinstance(step, EvaluateStep)
    if settle_static(machine, frame, node):
        return
    machine.budget -= 1
    scope = machine.scope.enter(frame.env, node.name)
    try:
        if step.operation == "compose":
            inputs = outputs = step.inputs.evaluate(scope)
            code: str | None = "OK"
        else:
            inputs, outputs = _perform(machine, step, scope)
            code = None if step.operation == "query" else "OK"
    except Refused as fault:
        _refuse(machine, frame, node, fault)
        return
    except FAULTS as fault:
        fail_inputs(machine, frame, node, fault)
        return
    activity = machine.new_activity(frame, node)
    record = machine.record_of(activity, "Succeeded", code)
    record.inputs, record.has_inputs = inputs, True
    record.outputs, record.has_outputs = outputs, True
    if scope.is_tainted or step.secure_inputs:
        # Data actions have one switch for both sides: their outputs tell their inputs.
        record.secure_inputs = record.secure_outputs = True
    machine.settle(frame, node, record)


def _refuse(machine: Machine, frame: Frame, node: Node, fault: Refused) -> None:
    activity = machine.new_activity(frame, node)
    is_hidden = machine.scope.is_tainted or node.step.secure_inputs
    message = HIDDEN if is_hidden else fault.message
    record = machine.record_of(activity, "Failed", "BadRequest", {"code": fault.platform_code, "message": message})
    record.failure = failure_of(machine.scope, frame.env, fault, is_hidden)
    if fault.outputs is not None:
        record.outputs, record.has_outputs = fault.outputs, True
    record.secure_inputs = record.secure_outputs = is_hidden
    machine.settle(frame, node, record)


def _perform(machine: Machine, step: EvaluateStep, scope: RunScope) -> tuple[Any, Any]:
    """Return the inputs as recorded and the outputs."""
    match step.operation:
        case "parse_json":
            return _parse_json(step, scope)
        case "query":
            return _query(machine, step, scope)
        case "select":
            return _select(machine, step, scope)
        case "join":
            fields = _fields(step, scope)
            rows = _array(fields.get("from"), "from", "join")
            between = fields.get("joinWith")
            if not isinstance(between, str):
                raise Refused(
                    "InvalidTemplate",
                    f"The 'joinWith' property value in the 'join' action inputs is of type '{type_name(between)}'. "
                    "The value must be a string.",
                )
            machine.budget -= len(rows) // 50
            return fields, {"body": between.join(_texts(rows))}
        case "table":
            return _table(machine, step, scope)
        case _:
            return _expression(step, scope)


def _fields(step: EvaluateStep, scope: RunScope) -> dict[str, Any]:
    """Evaluate the members that are evaluated once; inputs given as one expression yield them all."""
    if step.fields:
        return {name: template.evaluate(scope) for name, template in step.fields.items()}
    inputs = step.inputs.evaluate(scope)
    if inputs is None and step.operation == "expression":
        return {}
    if not isinstance(inputs, dict):
        raise Refused("InvalidTemplate", f"The inputs are of type '{type_name(inputs)}'. The value must be an object.")
    return inputs


def _array(value: Any, name: str, action: str) -> list[Any]:
    if not isinstance(value, list):
        raise Refused(
            "InvalidTemplate",
            f"The '{name}' property value in the '{action}' action inputs is of type '{type_name(value)}'. "
            "The value must be an array.",
        )
    return value


def _per_item(template: Template, rows: list[Any], scope: RunScope) -> list[Any]:
    """Evaluate with `item()` at each row; after a fault `item()` stays at the row, so that it can be shown."""
    items = scope.local_items
    found = []
    items.append(None)
    for row in rows:
        items[-1] = row
        found.append(template.evaluate(scope))
    items.pop()
    return found


def _texts(rows: list[Any]) -> list[str]:
    """Return each value as the platform writes it into text: null as nothing, true as True, objects as JSON."""
    return [row if isinstance(row, str) else stringify(row) for row in rows]


def _query(machine: Machine, step: EvaluateStep, scope: RunScope) -> tuple[Any, Any]:
    fields = _fields(step, scope)
    rows = _array(fields.get("from"), "from", "query")
    machine.budget -= len(rows) // 4
    if step.each is None:
        wished = [fields.get("where")] * len(rows)
    else:
        wished = _per_item(step.each, rows, scope)
    for value in wished:
        if not isinstance(value, bool):
            raise Refused(
                "InvalidTemplate",
                f"The 'where' property in the 'query' action inputs evaluates to type '{type_name(value)}'. "
                "The value must be a boolean.",
            )
    return {"from": rows}, {"body": [row for row, is_wished in zip(rows, wished, strict=True) if is_wished]}


def _select(machine: Machine, step: EvaluateStep, scope: RunScope) -> tuple[Any, Any]:
    fields = _fields(step, scope)
    rows = _array(fields.get("from"), "from", "select")
    machine.budget -= len(rows) // 4
    made = _per_item(step.each, rows, scope) if step.each is not None else [fields.get("select")] * len(rows)
    return {"from": rows}, {"body": made}


def _table(machine: Machine, step: EvaluateStep, scope: RunScope) -> tuple[Any, Any]:
    fields = _fields(step, scope)
    rows = _array(fields.get("from"), "from", "table")
    kind = fields.get("format")
    if not isinstance(kind, str) or kind.casefold() not in {"csv", "html"}:
        raise Refused("InvalidTemplate", f"The 'format' of a table is CSV or HTML, not {kind!r}.")
    machine.budget -= len(rows) // 4
    if step.columns is not None:
        headers = _texts([header.evaluate(scope) for header, _ in step.columns])
        columns = [_texts(_per_item(value, rows, scope)) for _, value in step.columns]
        cells = [list(row) for row in zip(*columns, strict=True)] if columns else []
    else:
        for row in rows:
            if not isinstance(row, dict):
                raise Refused(
                    "InvalidTemplate",
                    f"A row of the table is of type '{type_name(row)}'; automatic columns need objects.",
                )
        headers = list(dict.fromkeys(name for row in rows for name in row))
        cells = [_texts([row.get(name) for name in headers]) for row in rows]
    render = csv_table if kind.casefold() == "csv" else html_table
    return fields, {"body": render(headers, cells)}


def _expression(step: EvaluateStep, scope: RunScope) -> tuple[Any, Any]:
    fields = {name.casefold(): value for name, value in _fields(step, scope).items()}
    kind = (step.kind or "").casefold()
    if kind == "substring" and fields.get("length") is None:
        kind = "substring to the end"
    text = _KINDS.get(kind)
    if text is None:
        raise Refused("InvalidTemplate", f"The kind '{step.kind}' of an Expression action is not known.")
    return fields, {"body": _per_item(compile_template(text), [fields], scope)[0]}


def _parse_json(step: EvaluateStep, scope: RunScope) -> tuple[Any, Any]:
    fields = _fields(step, scope)
    content = fields.get("content")
    if content is None:
        raise Refused("InvalidTemplate", "Required property 'content' expects a value but got null. Path ''.")
    parsed = content
    if isinstance(content, str) or (isinstance(content, dict) and "$content" in content):
        try:
            parsed = _per_item(compile_template(_JSON), [content], scope)[0]
        except EvaluationError as fault:
            raise Refused("InvalidJSON", f"The 'content' is not valid JSON: {fault.message}") from None
    schema = fields.get("schema")
    if isinstance(schema, dict) and schema:
        try:
            found = violations(schema, parsed)
        except InvalidSchema as fault:
            raise Refused("InvalidSchema", str(fault)) from None
        if found:
            raise Refused("SchemaValidationFailed", _all_of(found), outputs={"errors": [v.view() for v in found]})
    return fields, {"body": parsed}


def _all_of(found: list[Violation]) -> str:
    return "The schema validation failed. " + " ".join(f"{each.message} Path '{each.path}'." for each in found)
