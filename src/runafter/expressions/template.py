"""JSON in which strings may be expressions.

=====================  ==================================================
`"@f()"`               the value of the expression, of any type
`"a@{f()}b"`           text; each part is turned into text
`"@{f()}"`             text too
`"@@x"`                the text `@x`
`"a@@{x}"`             the text `a@{x}`
`"@"`, `"a@b.c"`       themselves
`"@odata.type"`        itself: a dotted name that is no call
=====================  ==================================================

Object keys follow the same rules and always give text. What holds no
expression is kept as it is and costs nothing to evaluate.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from runafter.errors import EvaluationError, ExpressionSyntaxError
from runafter.expressions.ast import Access, Call, Expression, Interpolation, Span
from runafter.expressions.compiler import Constant, compile_expression
from runafter.expressions.functions.registry import Closure
from runafter.expressions.parser import CONSTANTS, parse_braced, parse_part, too_deep
from runafter.expressions.scope import Scope
from runafter.values.json import json_numbers, stringify
from runafter.values.size import MAX_JSON_DEPTH, TooLarge

_CACHED: Final = 8192
_ODD_NUMBERS: Final = frozenset(
    {"decimal", "float", "json", "base64tojson", "xpath", "add", "sub", "mul", "div", "mod"}
)
"""Functions that can give a decimal, NaN or an infinity, none of which JSON has."""


class Template:
    """A compiled JSON value.

    `source` is the value as written. `expressions` lists every expression in
    it as (JSON pointer within the value, syntax tree, text of the string that
    holds it); spans count within that text. The pointer of a key's expression
    is that of its member.
    """

    __slots__ = ("_closure", "expressions", "is_constant", "source")

    def __init__(self, source: Any, closure: Closure, expressions: list[tuple[str, Expression, str]]) -> None:
        self.source = source
        self._closure = _outward(closure, expressions)
        self.expressions = tuple(expressions)
        self.is_constant = isinstance(self._closure, Constant)

    @property
    def constant(self) -> Any:
        """The value, where no expression is in it.

        Raises:
            ValueError: the template depends on a run.
        """
        if not isinstance(self._closure, Constant):
            raise ValueError("the template is not constant")  # noqa: TRY004 - no type is wrong
        return self._closure.value

    def evaluate(self, scope: Scope) -> Any:
        """Return the value in a run; the parts of it that are constant are shared, so never change it.

        Raises:
            EvaluationError: with the platform's message and the place in the string.
        """
        try:
            return self._closure(scope)
        except RecursionError:
            raise EvaluationError("The value is nested too deeply to be evaluated.") from None
        except (TooLarge, MemoryError, OverflowError) as fault:
            raise EvaluationError(f"The result of the expression is too large: {fault}.") from None


def compile_template(value: Any) -> Template:
    """Compile a JSON value.

    Raises:
        ExpressionSyntaxError: a string is no expression (EXP001, EXP010).
        EvaluationError: an unknown function (EXP003) or a wrong number of arguments (EXP002).
    """
    try:
        if type(value) is str:
            return _compile_text(value)
        found: list[tuple[str, Expression, str]] = []
        return Template(value, _compile(value, "", found, 0), found)
    except RecursionError:
        raise too_deep(value if isinstance(value, str) else "") from None


@lru_cache(maxsize=_CACHED)
def _compile_text(text: str) -> Template:
    found: list[tuple[str, Expression, str]] = []
    return Template(text, _compile(text, "", found, 0), found)


def parse_text(text: str) -> str | Expression:
    """Parse one string of a template: text (escapes undone) where it is no expression, else the syntax tree.

    Raises:
        ExpressionSyntaxError: the string is meant as an expression, but is none.
    """
    if "@" not in text:
        return text
    if text[0] == "@":
        if len(text) == 1 or _is_name(text):
            return text
        if text[1] == "@":
            return _escaped(text)
        if text[1] != "{":
            return parse_part(text, 1, len(text))
    return _interpolated(text)


def compile_text(text: str) -> Closure:
    """Compile one string of a template."""
    parsed = parse_text(text)
    if isinstance(parsed, str):
        return Constant(parsed)
    return _compile_parsed(parsed, text)


def _compile_parsed(parsed: Expression, text: str) -> Closure:
    start = 0 if isinstance(parsed, Interpolation) else 1
    return compile_expression(parsed, text, start, len(text))


def _is_name(text: str) -> bool:
    """Say whether a string is a dotted name such as `@odata.type`, which flows hold as plain text."""
    names = text[1:].split(".")
    return (
        len(names) > 1
        and names[0].lower() not in CONSTANTS
        and all(name.replace("_", "a").isalnum() and not name[0].isdigit() for name in names)
    )


def _escaped(text: str) -> str | Expression:
    """Read a string that starts with `@@`."""
    return text[1:] if "@{" not in text else _interpolated(text)


def _interpolated(text: str) -> str | Expression:
    parts: list[str | Expression] = []
    begin = at = 0
    literal: list[str] = []
    while True:
        brace = text.find("@{", at)
        if brace < 0:
            break
        if brace > 0 and text[brace - 1] == "@" and brace - 1 >= begin:
            literal.append(text[begin : brace - 1])
            begin = brace
            at = brace + 2
            continue
        read = parse_braced(text, brace + 2)
        if read is None:
            raise ExpressionSyntaxError(
                f"The template language expression '{text}' is not valid: the string interpolation segment starting at "
                f"position '{brace}' is not terminated. Make sure that every '@{{' is followed by its '}}'.",
                text=text,
                start=brace,
                end=len(text),
            )
        expression, after = read
        literal.append(text[begin:brace])
        if any(literal):
            parts.append("".join(literal))
        literal = []
        parts.append(expression)
        begin = at = after
    literal.append(text[begin:])
    if any(literal):
        parts.append("".join(literal))
    if all(isinstance(part, str) for part in parts):
        return "".join(part for part in parts if isinstance(part, str))
    if text.startswith("@@") and isinstance(parts[0], str) and parts[0].startswith("@@"):
        parts[0] = parts[0][1:]
    return Interpolation(tuple(parts), Span(0, len(text)))


def _compile(value: Any, pointer: str, found: list[tuple[str, Expression, str]], depth: int) -> Closure:
    kind = type(value)
    if kind is str:
        if "@" not in value:
            return Constant(value)
        parsed = parse_text(value)
        if isinstance(parsed, str):
            return Constant(parsed)
        found.append((pointer, parsed, value))
        return _compile_parsed(parsed, value)
    if kind is not dict and kind is not list:
        return Constant(value)
    if depth > MAX_JSON_DEPTH:
        raise ExpressionSyntaxError(f"The template is nested more than {MAX_JSON_DEPTH} levels deep.")
    if kind is list:
        items = [_compile(item, f"{pointer}/{index}", found, depth + 1) for index, item in enumerate(value)]
        if all(isinstance(item, Constant) for item in items):
            return _unchanged(value, [item.value for item in items if isinstance(item, Constant)])
        return lambda scope: [item(scope) for item in items]
    return _compile_object(value, pointer, found, depth)


def _compile_object(
    value: dict[str, Any], pointer: str, found: list[tuple[str, Expression, str]], depth: int
) -> Closure:
    members: list[tuple[Closure, Closure]] = []
    for key, item in value.items():
        place = f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"
        name = _compile(key, place, found, depth + 1) if isinstance(key, str) else Constant(str(key))
        members.append((name, _compile(item, place, found, depth + 1)))
    if all(isinstance(name, Constant) for name, _ in members):
        fixed = [(stringify(name.value), item) for name, item in members if isinstance(name, Constant)]
        if all(isinstance(item, Constant) for _, item in fixed):
            return _unchanged(value, {name: item.value for name, item in fixed if isinstance(item, Constant)})
        return lambda scope: {name: item(scope) for name, item in fixed}
    return lambda scope: {stringify(name(scope)): item(scope) for name, item in members}


def _unchanged(value: Any, compiled: Any) -> Constant:
    """Return the value itself where nothing in it was an escape, so that it is not held twice."""
    return Constant(value if compiled == value else compiled)


def _outward(closure: Closure, expressions: list[tuple[str, Expression, str]]) -> Closure:
    """Make decimals, NaN and infinities what JSON can hold when a value leaves its template."""
    if isinstance(closure, Constant):
        return Constant(json_numbers(closure.value)) if expressions else closure
    names = {call.name.casefold() for _, expression, _ in expressions for call in calls(expression)}
    if not names & _ODD_NUMBERS:
        return closure
    return lambda scope: json_numbers(closure(scope))


def calls(expression: Expression) -> Iterator[Call]:
    """Yield every call in an expression, outer ones first."""
    waiting: list[Expression] = [expression]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Call):
            yield node
            waiting.extend(reversed(node.arguments))
        elif isinstance(node, Access):
            waiting.extend((node.key, node.target))
        elif isinstance(node, Interpolation):
            waiting.extend(part for part in reversed(node.parts) if not isinstance(part, str))
