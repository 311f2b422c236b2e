"""InitializeVariable and the five actions that change one variable."""

from __future__ import annotations

from typing import Any, Literal

from runafter.expressions.template import Template
from runafter.program.actions.base import Making
from runafter.program.part import Part, is_dynamic
from runafter.program.steps import VariableStep

Operation = Literal["initialize", "set", "increment", "decrement", "append_array", "append_string"]

VARIABLES: dict[str, Operation] = {
    "InitializeVariable": "initialize",
    "SetVariable": "set",
    "IncrementVariable": "increment",
    "DecrementVariable": "decrement",
    "AppendToArrayVariable": "append_array",
    "AppendToStringVariable": "append_string",
}
VARIABLE_TYPES = ("boolean", "integer", "float", "string", "array", "object")
_HOLDS: dict[Operation, tuple[str, ...]] = {
    "increment": ("integer", "float"),
    "decrement": ("integer", "float"),
    "append_array": ("array",),
    "append_string": ("string",),
}


def make_variable(making: Making) -> VariableStep:
    operation = VARIABLES[making.type]
    if operation == "initialize":
        return _initialize(making)
    making.require("name", *(("value",) if operation not in {"increment", "decrement"} else ()))
    inputs = making.inputs
    value = inputs.get("value") if inputs is not None else None
    if inputs is not None and isinstance(inputs.value, str):
        value = inputs
    return VariableStep(
        **making.common(),
        operation=operation,
        variable=(inputs.text("name") if inputs is not None else None) or "",
        value=making.template(value) if value is not None else None,
    )


def fits(type_: str, value: Any) -> bool:
    """Say whether a literal may be the value of a variable of this (folded) type; null always may."""
    if value is None or (isinstance(value, str) and is_dynamic(value)):
        return True
    number = isinstance(value, int | float) and not isinstance(value, bool)
    match type_:
        case "boolean":
            return isinstance(value, bool) or (isinstance(value, str) and value.casefold() in {"true", "false", ""})
        case "integer":
            return (number and (isinstance(value, int) or value.is_integer())) or _reads_as(int, value)
        case "float":
            return number or _reads_as(float, value)
        case "string":
            return isinstance(value, str) or number or isinstance(value, bool)
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
        case _:
            return True


def wished_types(operation: Operation) -> tuple[str, ...]:
    """The variable types that an operation works on; empty for any."""
    return _HOLDS.get(operation, ())


def _initialize(making: Making) -> VariableStep:
    declarations: list[tuple[str, str, Template | None]] = []
    inputs = making.inputs
    making.require("variables")
    for row in _rows(inputs):
        name, type_, value = row.text("name"), row.get("type"), row.get("value")
        if name is None or type_ is None:
            making.require("name", "type", of=row)
            continue
        folded = str(type_.value).casefold()
        if folded not in VARIABLE_TYPES:
            making.report("VAR005", f"{type_.value!r} is no type of a variable", type_)
        elif value is not None and not fits(folded, value.value):
            making.report("VAR003", f"variable {name!r} is {article(folded)}; its first value is not", value)
        declarations.append((name, folded, making.template(value) if value is not None else None))
    return VariableStep(
        **making.common(),
        operation="initialize",
        variable=declarations[0][0] if declarations else "",
        declarations=tuple(declarations),
    )


def article(type_: str) -> str:
    return f"an {type_}" if type_[0] in "aoi" else f"a {type_}"


def _rows(inputs: Part | None) -> list[Part]:
    rows = inputs.get("variables") if inputs is not None else None
    return list(rows.items()) if rows is not None else []


def _reads_as(type_: type, value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        type_(value.strip() or "0")
    except ValueError:
        return False
    return True
