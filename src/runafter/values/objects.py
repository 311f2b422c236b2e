"""Properties of objects by name: spelled exactly first, then in any case."""

from __future__ import annotations

from typing import Any, Final

MISSING: Final = object()
"""What a look-up gives where there is no such property; null is a value."""


def property_of(target: dict[str, Any], key: str) -> Any:
    """Return a property: spelled exactly, else in another case, else down the path that `a/b` names."""
    found = named(target, key)
    if found is not MISSING or "/" not in key:
        return found
    value: Any = target
    for name in key.split("/"):
        if type(value) is not dict:
            return MISSING
        value = named(value, name)
        if value is MISSING:
            return MISSING
    return value


def has_property(target: dict[str, Any], key: str) -> bool:
    """Say whether an object has a property of that name, in any case."""
    return named(target, key) is not MISSING


def property_named(target: dict[str, Any], key: str) -> Any:
    """Return a property of that name, in any case; null where there is none."""
    found = named(target, key)
    return None if found is MISSING else found


def named(target: dict[str, Any], key: str) -> Any:
    if key in target:
        return target[key]
    folded = key.casefold()
    for name, value in target.items():
        if name.casefold() == folded:
            return value
    return MISSING


def spelling(target: dict[str, Any], name: str) -> str | None:
    """Return how an object spells a property: exactly so, else in another case, None where it has none."""
    if name in target:
        return name
    folded = name.casefold()
    return next((key for key in target if key.casefold() == folded), None)
