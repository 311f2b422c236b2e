"""Values given for a flow's parameters, before a run has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runafter.engine.outcome import type_name
from runafter.errors import RunafterError
from runafter.program.steps import Parameter, Program

_TAKES = {
    "string": ("String",),
    "securestring": ("String",),
    "int": ("Integer",),
    "float": ("Integer", "Float"),
    "bool": ("Boolean",),
    "array": ("Array",),
    "object": ("Object",),
    "secureobject": ("Object",),
}


class UnfitParameter(RunafterError):
    """A value given for a parameter is not of its type, or not among its allowed values."""

    code = "PRM001"


def refuse_unfit(program: Program, given: Mapping[str, Any]) -> None:
    """Refuse values that the platform would not save. Null stands for any type.

    Raises:
        UnfitParameter: names the parameter, what it takes and what it was given.
    """
    declared = {name.casefold(): parameter for name, parameter in program.parameters.items()}
    for name, value in given.items():
        parameter = declared.get(name.casefold())
        fault = None if parameter is None or value is None else _fault(parameter, value)
        if fault is not None:
            raise UnfitParameter(f"the parameter {name!r} {fault}")


def _fault(parameter: Parameter, value: Any) -> str | None:
    taken = _TAKES.get(parameter.type.casefold())
    found = type_name(value)
    is_secure = parameter.type.casefold().startswith("secure")
    shown = "" if is_secure or found in {"Array", "Object"} else f": {value!r}"
    if taken is not None and found not in taken:
        return f"is of type {parameter.type}, not {found}{shown}"
    if parameter.allowed and value not in parameter.allowed:
        allowed = ", ".join(map(repr, parameter.allowed[:10]))
        return f"takes one of {allowed}{'' if is_secure else f', not {value!r}'}"
    return None
