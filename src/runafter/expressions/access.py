"""`target.name`, `target['name']`, `target[0]` and their forgiving forms with `?`.

`?` forgives a target that is null and a name or index that is not there,
nothing else: a name on text, or on an array, is an error in both forms.
"""

from __future__ import annotations

from typing import Any, NoReturn

from runafter.errors import EvaluationError
from runafter.expressions.functions.registry import BARE_LINK, link
from runafter.values.json import stringify
from runafter.values.objects import MISSING, property_of


def select(target: Any, key: Any, shown: str, *, optional: bool) -> Any:
    """Return the part of a value; `shown` is the whole expression, for messages."""
    if target is None and optional:
        return None
    kind = type(key)
    if kind is str:
        if type(target) is dict:
            found = property_of(target, key)
            if found is not MISSING:
                return found
            if optional:
                return None
            _refuse(shown, _missing(target, key))
        if type(target) is list:
            _refuse(
                shown,
                f"property '{key}' cannot be selected. Array elements can only be selected using an integer index.",
            )
    elif kind is int:
        if type(target) is list:
            if 0 <= key < len(target):
                return target[key]
            if optional:
                return None
            _refuse(shown, f"array index '{key}' is outside bounds (0, {len(target) - 1}) of array.")
        if type(target) is dict:
            _refuse(shown, f"property '{key}' cannot be selected. Object properties can only be selected by names.")
    _refuse(shown, f"property '{stringify(key)}' cannot be selected.")


def _missing(target: dict[str, Any], key: str) -> str:
    content_type = target.get("$content-type")
    if isinstance(content_type, str) and "$content" in target:
        return (
            f"property '{key}' doesn't exist. Property selection is not supported on content of type '{content_type}'."
        )
    return f"property '{key}' doesn't exist, available properties are '{', '.join(target)}'."


def _refuse(shown: str, reason: str) -> NoReturn:
    raise EvaluationError(
        f"The template language expression '{shown}' cannot be evaluated because {reason}{link(BARE_LINK)}"
    )
