"""The value of every part of an expression, for error reports and a debugger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from runafter.errors import ExpressionError
from runafter.expressions.ast import Call, Expression, Interpolation, Literal, Span
from runafter.expressions.compiler import Compiler
from runafter.expressions.functions.registry import Closure, Function
from runafter.expressions.scope import Scope
from runafter.expressions.template import Template, compile_template
from runafter.values.json import compact
from runafter.values.size import TooLarge


@dataclass(frozen=True, slots=True)
class Step:
    """One evaluated part: its text, its place in the string, and its value or the message of its error."""

    text: str
    span: Span
    value: Any
    error: str | None
    pointer: str = ""

    def __str__(self) -> str:
        if self.error is not None:
            return f"{self.text} failed: {self.error}"
        try:
            shown = compact(self.value)
        except TooLarge:
            shown = "(too large to show)"
        return f"{self.text} is {shown}"


def explain(template: Any, scope: Scope) -> list[Step]:
    """Evaluate a template and return every part that was evaluated, inner parts first.

    Branches that `if`, `and`, `or` and `coalesce` skip are left out; so are literals. An error ends its expression,
    and every part that contains it shows the same message.

    Raises:
        ExpressionError: the template cannot be parsed, or calls an unknown function.
    """
    compiled = template if isinstance(template, Template) else compile_template(template)
    steps: list[Step] = []
    for pointer, expression, text in compiled.expressions:
        shown = text if isinstance(expression, Interpolation) else text[1:]
        closure = _Tracing(text, shown, pointer, steps).compile(expression)
        try:
            closure(scope)
        except (ExpressionError, TooLarge):
            continue
        except (RecursionError, MemoryError, OverflowError) as fault:
            steps.append(
                Step(shown, expression.span, None, f"The value is too large to be evaluated: {fault}.", pointer)
            )
    return steps


class _Tracing(Compiler):
    """Compiles without folding, and notes what each part gave."""

    def __init__(self, text: str, shown: str, pointer: str, steps: list[Step]) -> None:
        super().__init__(text, shown)
        self.pointer = pointer
        self.steps = steps

    def compile(self, node: Expression) -> Closure:
        closure = super().compile(node)
        if isinstance(node, Literal):
            return closure
        span, pointer, note = node.span, self.pointer, self.steps.append
        text = self.text[span.start : span.end]

        def traced(scope: Scope) -> Any:
            try:
                value = closure(scope)
            except ExpressionError as error:
                note(Step(text, span, None, error.message, pointer))
                raise
            except TooLarge as error:
                note(Step(text, span, None, str(error), pointer))
                raise
            note(Step(text, span, value, None, pointer))
            return value

        return traced

    def fold(self, found: Function, node: Call, arguments: list[Closure]) -> Closure | None:
        return None
