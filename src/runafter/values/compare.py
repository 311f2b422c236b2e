"""Types, equality and order of WDL values."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

TYPE_NAMES: Final[dict[type, str]] = {
    type(None): "Null",
    bool: "Boolean",
    int: "Integer",
    float: "Float",
    Decimal: "Float",
    str: "String",
    list: "Array",
    dict: "Object",
}


def type_name(value: Any) -> str:
    """Return the platform's name for the type of a value, as its messages spell it."""
    return TYPE_NAMES.get(type(value), "Object")
