"""Types, equality and order of WDL values."""

from __future__ import annotations

import unicodedata
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

_NUMBERS: Final = frozenset({int, float, Decimal})


def type_name(value: Any) -> str:
    """Return the platform's name for the type of a value, as its messages spell it."""
    return TYPE_NAMES.get(type(value), "Object")


def is_number(value: Any) -> bool:
    """Say whether a value is a number; a boolean is none."""
    return type(value) in _NUMBERS


def loosely_equal(left: Any, right: Any) -> bool:
    """Compare as `equals()` does: numbers by value, everything else by type and value; deep inside, types count."""
    if type(left) in _NUMBERS and type(right) in _NUMBERS:
        return bool(left == right)
    return strictly_equal(left, right)


def strictly_equal(left: Any, right: Any) -> bool:
    """Compare deeply: 1 and 1.0 differ, the order of an object's properties does not matter."""
    kind = type(left)
    other = type(right)
    if kind is list and other is list:
        return len(left) == len(right) and all(map(strictly_equal, left, right))
    if kind is dict and other is dict:
        if left.keys() != right.keys():
            return False
        return all(strictly_equal(value, right[key]) for key, value in left.items())
    if kind is not other:
        return {kind, other} == {float, Decimal} and bool(left == right)
    return bool(left == right)


def identity(value: Any) -> Any:
    """Return a key under which values that are strictly equal, and only those, meet."""
    kind = type(value)
    if kind is list:
        return ("array", tuple(identity(item) for item in value))
    if kind is dict:
        return ("object", frozenset((key, identity(item)) for key, item in value.items()))
    return (TYPE_NAMES.get(kind), value)


def ordinal_key(text: str) -> bytes:
    """Return a key that orders texts by UTF-16 unit, as `sort()` does."""
    return text.encode("utf-16-be", "surrogatepass")


def culture_key(text: str) -> tuple[list[tuple[int, str]], list[str], list[bool], str]:
    """Return a key that orders texts as the platform's `less()` does, by the rules of the invariant culture.

    First by letters alone (punctuation, symbols, digits, letters), then by
    accents, then small before capital: '' < '-' < '1' < 'a' < 'A' < 'á' < 'b'.
    """
    if text.isascii():
        letters = [(_rank(char), char.lower()) for char in text]
        return letters, [], [char.isupper() for char in text], text
    primary: list[tuple[int, str]] = []
    accents: list[str] = []
    capitals: list[bool] = []
    for char in unicodedata.normalize("NFD", text):
        if unicodedata.combining(char):
            if accents:
                accents[-1] += char
            continue
        for folded in char.casefold():
            primary.append((_rank(folded), folded))
            accents.append("")
            capitals.append(char != char.lower())
    return primary, accents if any(accents) else [], capitals, text


def _rank(char: str) -> int:
    if char.isalpha():
        return 4
    if char.isdigit():
        return 3
    if char.isspace():
        return 0
    return 1 if unicodedata.category(char).startswith("P") else 2
