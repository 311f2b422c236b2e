"""Slips in an expression that belong to no other language: what is missing or too much, and how to write it.

Asked only about text that is no expression; a hint may be absent, never a claim about text that is one.
"""

from __future__ import annotations

import re
from typing import Final

_LITERAL: Final = re.compile(r"'(?:[^']|'')*+'")
_TYPOGRAPHIC: Final = re.compile("[“”„‘’‚«»]")
_INDEXED_LITERAL: Final = re.compile(r"''\s*(?:\?\s*)?[.\[]")
_DOT_BRACKET: Final = re.compile(r"(\?)?\s*\.\s*\[")
_FORGIVING_END: Final = re.compile(r"\?\s*(?:[,)\]]|$)")
_COMMA: Final = re.compile(r",\s*[,)]|\(\s*,")
_BARE_POINT: Final = re.compile(r"(?<![\w)\].?'])\.(\d+)")
_HEXADECIMAL: Final = re.compile(r"(?<![\w$])0[xX][0-9A-Fa-f]+")
_GROUPED: Final = re.compile(r"(?<![\w$])\(")
_ADJACENT: Final = re.compile(r"(?:''|\)|\])\s*(?=''|[A-Za-z_])")
_BARE: Final = re.compile(r"(?<![\w.$?'\]])([A-Za-z_$][\w$]*+)(?!\s*\()(?=\s*(?:[,)\].\[?]|$))")
_CONSTANTS: Final = frozenset({"true", "false", "null"})
_NOTHINGS: Final = frozenset({"none", "nil", "undefined", "nothing"})
_READERS: Final = frozenset({"actions", "body", "items", "outputs", "parameters", "result", "variables"})


def slip_hint(text: str) -> str | None:
    """Say what is most likely wrong with a text that is no expression; None when nothing is recognised."""
    found = _TYPOGRAPHIC.search(_LITERAL.sub("''", text))
    if found is not None:
        return f"{found.group()} is no quote of the language: write text in straight single quotes, 'like this'"
    bare = _LITERAL.sub("''", text)  # what is inside of literals says nothing
    if bare.replace("''", "").count("'"):
        return "a single quote is never closed; inside of text a quote is written twice: 'it''s'"
    return _of_parts(bare) or _of_brackets(bare) or _of_names(bare)


def _of_parts(bare: str) -> str | None:
    if _INDEXED_LITERAL.search(bare):
        return "text in quotes has no properties and no index: use substring('text', 0, 1), first() or last()"
    dotted = _DOT_BRACKET.search(bare)
    if dotted is not None:
        mark = dotted.group(1) or ""
        return f"no point before a bracket: write {mark}['name'] or {mark}[0]"
    if _FORGIVING_END.search(bare):
        return "nothing follows the '?': write ?['name']"
    if _COMMA.search(bare):
        return "an argument is missing beside a comma"
    point = _BARE_POINT.search(bare)
    if point is not None:
        return f"a number begins with a digit: write 0.{point.group(1)}"
    number = _HEXADECIMAL.search(bare)
    if number is not None:
        return f"numbers are decimal: write {int(number.group(), 16)}"
    return None


def _of_brackets(bare: str) -> str | None:
    waiting: list[str] = []
    for sign in bare:
        if sign in "([":
            waiting.append(")" if sign == "(" else "]")
        elif sign in ")]":
            if not waiting or waiting.pop() != sign:
                return f"a '{sign}' closes nothing"
    if waiting:
        return f"{len(waiting)} closing bracket{'s are' if len(waiting) > 1 else ' is'} missing: {''.join(reversed(waiting))}"
    return None


def _of_names(bare: str) -> str | None:
    from runafter.expressions.functions.registry import REGISTRY

    for match in _BARE.finditer(bare):
        name = match.group(1)
        folded = name.lower()
        if folded in _CONSTANTS:
            continue
        if folded in _NOTHINGS:
            return f"no value {name}: write null"
        if folded in _READERS:
            return f"{name} is a function: write {name}('name')"
        if folded in REGISTRY:
            return f"{name} is a function: write {name}()"
        return (
            f"{name} stands alone: write text in quotes, '{name}', or read variables('{name}') or parameters('{name}')"
        )
    if _GROUPED.search(bare):
        return "no brackets around a value: only a function's name stands before '('"
    if _ADJACENT.search(bare):
        return "a comma is missing between two values"
    return None
