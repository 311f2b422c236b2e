"""Actions that make a value from values: Compose, ParseJson, Query, Select, Join, Table, Expression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from runafter.expressions.template import Template
from runafter.program.actions.base import Making
from runafter.program.part import Part
from runafter.program.steps import EvaluateStep

Operation = Literal["compose", "parse_json", "query", "select", "join", "table", "expression"]


@dataclass(frozen=True, slots=True)
class DataType:
    """The operation, what `inputs` must have, which members are evaluated once and which per item."""

    operation: Operation
    required: tuple[str, ...] = ()
    once: tuple[str, ...] = ()
    each: str | None = None


DATA: dict[str, DataType] = {
    "Compose": DataType("compose"),
    "ParseJson": DataType("parse_json", ("content",), ("content", "schema")),
    "Query": DataType("query", ("from", "where"), ("from",), "where"),
    "Select": DataType("select", ("from", "select"), ("from",), "select"),
    "Join": DataType("join", ("from", "joinWith"), ("from", "joinWith")),
    "Table": DataType("table", ("from", "format"), ("from", "format")),
    "Expression": DataType("expression"),
}

EXPRESSION_KINDS = (
    "AddToTime",
    "SubtractFromTime",
    "ConvertTimeZone",
    "CurrentTime",
    "GetFutureTime",
    "GetPastTime",
    "FormatNumber",
    "IndexOf",
    "Substring",
)


def make_data(making: Making) -> EvaluateStep:
    data = DATA[making.type]
    inputs = making.inputs
    if inputs is None and data.operation != "expression":
        making.report("ACT002", f"{making.type} action {making.site.name!r} has no 'inputs'")
    elif inputs is not None:
        making.require(*data.required)
    if making.type == "Expression":
        making.choice(making.part.get("kind"), EXPRESSION_KINDS, "kind of Expression action")
    if data.operation == "compose" or inputs is None or not inputs.is_object:
        return EvaluateStep(**making.common(), operation=data.operation, inputs=making.template(inputs))
    once = data.once if data.operation != "expression" else tuple(key for key, _ in inputs.members())
    if data.operation == "table":
        making.choice(inputs.get("format"), ("CSV", "HTML"), "table format")
    each = inputs.get(data.each) if data.each else None
    columns = inputs.get("columns") if data.operation == "table" else None
    fields = {name: making.template(part) for name in once if (part := inputs.get(name)) is not None}
    return EvaluateStep(
        **making.common(),
        operation=data.operation,
        # Members that are evaluated per item, and schemas, are no part of the inputs evaluated once.
        inputs=making.draft.without(inputs, making.site, *([data.each] if data.each else []), "columns"),
        fields=fields,
        each=making.template(each, "each") if each is not None else None,
        columns=_columns(making, columns) if columns is not None else None,
    )


def _columns(making: Making, columns: Part) -> tuple[tuple[Template, Template], ...] | None:
    if not isinstance(columns.value, list):
        return None
    return tuple(
        (making.template(column.get("header"), "each"), making.template(column.get("value"), "each"))
        for column in columns.items()
    )
