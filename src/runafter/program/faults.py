"""What is wrong with the expressions of one string, before anything is run.

Syntax, unknown functions, numbers of arguments and literals of a type that a
function never takes. One string may have several faults.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from runafter.errors import EvaluationError, ExpressionError, Severity
from runafter.expressions.ast import Access, Call, Expression, Interpolation, Literal
from runafter.expressions.foreign import function_hint
from runafter.expressions.functions.library import all_functions, find
from runafter.expressions.nearest import nearest
from runafter.expressions.template import parse_text
from runafter.program.codes import CODES


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; `hint` ends with the expression and a caret under the place."""

    code: str
    severity: Severity
    message: str
    hint: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """What a string holds: `whole` is its tree, None for plain text; then `literal` is that text, unescaped."""

    expressions: tuple[Expression, ...] = ()
    faults: tuple[Fault, ...] = ()
    whole: Expression | None = None
    literal: str = ""


@lru_cache(maxsize=16_384)
def expression_findings(text: str) -> Found:
    """Parse one string of a definition and check the calls in it."""
    try:
        tree = parse_text(text)
    except ExpressionError as error:
        return Found(faults=(_syntax(error),))
    if isinstance(tree, str):
        return Found(literal=tree)
    return Found(expressions=(tree,), faults=tuple(_faults(tree, text)), whole=tree)


def _syntax(error: ExpressionError) -> Fault:
    code = error.code if error.code in CODES else "EXP001"
    return Fault(code, CODES[code].severity, error.message, _with_caret(error.hint, error))


def _faults(tree: Expression, text: str) -> Iterator[Fault]:
    waiting: list[Expression] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Call):
            yield from _call(node, text)
            waiting.extend(reversed(node.arguments))
        elif isinstance(node, Access):
            waiting.extend((node.key, node.target))
        elif isinstance(node, Interpolation):
            waiting.extend(part for part in reversed(node.parts) if not isinstance(part, str))


def _call(call: Call, text: str) -> Iterator[Fault]:
    function = find(call.name)
    start = call.span.start
    if function is None:
        foreign = function_hint(call.name)
        close = nearest(call.name, [each.name for each in all_functions() if not each.hidden])
        hint = f"no function '{call.name}': {foreign}" if foreign else f"did you mean '{close}'?" if close else None
        message = f"The template function '{call.name}' is not defined or not valid."
        yield _fault("EXP010" if foreign else "EXP003", message, hint, text, start, start + len(call.name))
        return
    try:
        function.check_count(len(call.arguments))
    except EvaluationError as error:
        yield _fault("EXP002", error.message, error.hint, text, start, call.span.end)
        return
    for index, types in function.checks:
        argument = call.arguments[index] if index < len(call.arguments) else None
        if isinstance(argument, Literal) and type(argument.value) not in types:
            try:
                function.refuse_type(index, argument.value)
            except EvaluationError as error:
                yield _fault("EXP004", error.message, error.hint, text, argument.span.start, argument.span.end)


def _fault(code: str, message: str, hint: str | None, text: str, start: int, end: int) -> Fault:
    place = ExpressionError(message, text=text, start=start, end=end)
    return Fault(code, CODES[code].severity, message, _with_caret(hint, place))


_SHOWN = 160


def _with_caret(hint: str | None, error: ExpressionError) -> str | None:
    """Add the expression with a caret; of a long one, only what is around the place."""
    if not error.text:
        return hint
    line = error.text.replace("\r", " ").replace("\n", " ").replace("\t", " ")
    first = max(0, error.start - _SHOWN // 2)
    last = min(len(line), first + _SHOWN)
    shown = ExpressionError("", text=line[first:last], start=error.start - first, end=min(error.end, last) - first)
    return f"{hint}\n{shown.caret()}" if hint else shown.caret()
