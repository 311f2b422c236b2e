"""Whole numbers that definitions and answers write as text."""

from __future__ import annotations

from typing import Any

_MOST_DIGITS = 18


def whole(value: Any) -> Any:
    """Return the number that a text such as `'25'` names; every other value, and a text too long for one, as it is."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS else value
