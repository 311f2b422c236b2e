"""Parameters whose value names an app setting, as parameters.json of Logic Apps Standard has them."""

from __future__ import annotations

from typing import Any

from runafter.errors import ExpressionError
from runafter.expressions.template import Template, compile_template


def reads_settings(value: Any) -> bool:
    """Tell whether an expression in a parameter's value calls `appsetting()`."""
    if isinstance(value, str):
        return "@" in value and "appsetting(" in value.casefold()
    if isinstance(value, dict):
        return any(reads_settings(item) for item in value.values())
    return isinstance(value, list) and any(reads_settings(item) for item in value)


def prepared(value: Any) -> Any:
    """Return a parameter's value as a run keeps it: compiled where it reads app settings."""
    if not reads_settings(value):
        return value
    try:
        return compile_template(value)
    except ExpressionError:
        return value


def read(value: Any, scope: Any) -> Any:
    """Return what a prepared value is in a run, or at a trigger."""
    return value.evaluate(scope) if type(value) is Template else value
