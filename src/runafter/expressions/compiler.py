"""Turns a syntax tree into Python closures: give one a scope, get the value.

What does not depend on the run is computed once: a call of a pure function
whose arguments are literals is folded when it is compiled, unless it fails, for
errors belong to the time of evaluation. Each kind of node has a closure of its
own for the usual numbers of arguments, since that is what the speed of a loop
is made of. An error is given its place on its way up, which costs nothing
while all goes well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from runafter.errors import EvaluationError, ExpressionError, NotSupported
from runafter.expressions.access import select
from runafter.expressions.ast import Access, Call, Expression, Interpolation, Literal, Span
from runafter.expressions.foreign import function_hint
from runafter.expressions.functions.library import all_functions, find
from runafter.expressions.functions.registry import Closure, Function
from runafter.expressions.nearest import nearest
from runafter.expressions.scope import Scope
from runafter.values.json import stringify
from runafter.values.size import TooLarge

_FOLDED_SIZE: Final = 4096
"""Folded texts and lists stay this small, so that compiling cannot be made to eat memory."""


class Constant:
    """A closure whose value is known."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __call__(self, scope: Scope) -> Any:
        return self.value


def compile_expression(expression: Expression, text: str, start: int = 0, end: int | None = None) -> Closure:
    """Compile a tree that was parsed from `text[start:end]`.

    Raises:
        EvaluationError: an unknown function (EXP003, or EXP010 when another language has it) or a wrong number of
            arguments (EXP002).
    """
    return Compiler(text, text[start : len(text) if end is None else end]).compile(expression)


class Compiler:
    """Compiles the trees of one string; `shown` is the expression as messages quote it."""

    def __init__(self, text: str, shown: str) -> None:
        self.text = text
        self.shown = shown

    def compile(self, node: Expression) -> Closure:
        match node:
            case Literal():
                return Constant(node.value)
            case Call():
                return self.call(node)
            case Access():
                return self.access(node)
            case Interpolation():
                return self.interpolation(node)

    def call(self, node: Call) -> Closure:
        found = find(node.name)
        if found is None:
            raise self.unknown(node)
        try:
            found.check_count(len(node.arguments))
        except EvaluationError as error:
            self.place(error, node.span)
            raise
        arguments: list[Closure] = []
        for argument in node.arguments:  # a comprehension would cost a frame of Python's stack per level
            arguments.append(self.compile(argument))
        if found.build is not None:
            return self.placed(found.build(arguments), node.span)
        return self.fold(found, node, arguments) or self.strict(found, arguments, node.span)

    def fold(self, found: Function, node: Call, arguments: list[Closure]) -> Closure | None:
        """Return the constant that a pure call of constants gives; None where it must be evaluated."""
        constants = [argument.value for argument in arguments if isinstance(argument, Constant)]
        return _fold(found, constants) if found.is_pure and len(constants) == len(arguments) else None

    def strict(self, function: Function, arguments: list[Closure], span: Span) -> Closure:
        """Return the closure of a function that evaluates all its arguments first."""
        run, place = function.run, self.place
        checks = [(index, types) for index, types in function.checks if index < len(arguments)]
        refuse = function.refuse_type
        if function.scope:
            if not arguments:
                return self.placed(run, span)

            def with_scope(scope: Scope) -> Any:
                values = [argument(scope) for argument in arguments]
                try:
                    for index, types in checks:
                        if type(values[index]) not in types:
                            refuse(index, values[index])
                    return run(scope, *values)
                except EvaluationError as error:
                    place(error, span)
                    raise

            return with_scope
        if len(arguments) == 1:
            (only,) = arguments
            if checks:
                types_0 = checks[0][1]

                def call_1_checked(scope: Scope) -> Any:
                    value = only(scope)
                    try:
                        if type(value) not in types_0:
                            refuse(0, value)
                        return run(value)
                    except EvaluationError as error:
                        place(error, span)
                        raise

                return call_1_checked

            def call_1(scope: Scope) -> Any:
                value = only(scope)
                try:
                    return run(value)
                except EvaluationError as error:
                    place(error, span)
                    raise

            return call_1
        if len(arguments) == 2 and not checks:
            left, right = arguments

            def call_2(scope: Scope) -> Any:
                first, second = left(scope), right(scope)
                try:
                    return run(first, second)
                except EvaluationError as error:
                    place(error, span)
                    raise

            return call_2
        if len(arguments) == 3 and not checks:
            one, two, three = arguments

            def call_3(scope: Scope) -> Any:
                first, second, third = one(scope), two(scope), three(scope)
                try:
                    return run(first, second, third)
                except EvaluationError as error:
                    place(error, span)
                    raise

            return call_3

        def call_n(scope: Scope) -> Any:
            values = [argument(scope) for argument in arguments]
            try:
                for index, types in checks:
                    if type(values[index]) not in types:
                        refuse(index, values[index])
                return run(*values)
            except EvaluationError as error:
                place(error, span)
                raise

        return call_n

    def access(self, node: Access) -> Closure:
        shown, place, span, optional = self.shown, self.place, node.span, node.optional
        target = self.compile(node.target)
        if isinstance(node.key, Literal) and type(node.key.value) is str:
            name: str = node.key.value

            def by_name(scope: Scope) -> Any:
                value = target(scope)
                if type(value) is dict and name in value:
                    return value[name]
                if value is None and optional:
                    return None
                try:
                    return select(value, name, shown, optional=optional)
                except EvaluationError as error:
                    place(error, span)
                    raise

            return by_name
        key = self.compile(node.key)

        def by_key(scope: Scope) -> Any:
            value = target(scope)
            wished = key(scope)
            try:
                return select(value, wished, shown, optional=optional)
            except EvaluationError as error:
                place(error, span)
                raise

        return by_key

    def interpolation(self, node: Interpolation) -> Closure:
        parts: list[Closure] = []
        for part in node.parts:
            parts.append(Constant(part) if isinstance(part, str) else self.compile(part))
        join = find("concat")
        assert join is not None
        run, place, span = join.run, self.place, node.span
        if all(isinstance(part, Constant) for part in parts):
            return Constant("".join(stringify(part.value) for part in parts if isinstance(part, Constant)))

        def interpolate(scope: Scope) -> str:
            values = [part(scope) for part in parts]
            try:
                text: str = run(*values)
                return text
            except EvaluationError as error:
                place(error, span)
                raise

        return interpolate

    def placed(self, closure: Callable[[Scope], Any], span: Span) -> Closure:
        place = self.place

        def call_placed(scope: Scope) -> Any:
            try:
                return closure(scope)
            except EvaluationError as error:
                place(error, span)
                raise

        return call_placed

    def place(self, error: ExpressionError, span: Span) -> None:
        """Give an error its place, unless a part of the expression has done so."""
        if not error.text:
            error.text, error.start, error.end = self.text, span.start, span.end

    def unknown(self, node: Call) -> EvaluationError:
        advice = function_hint(node.name)
        span = Span(node.span.start, node.span.start + len(node.name))
        close = nearest(node.name, [each.name for each in all_functions() if not each.hidden])
        if advice is not None:
            code, hint = "EXP010", f"no function `{node.name}`: {advice}"
        else:
            code, hint = (
                "EXP003",
                f"Did you mean '{close}'?" if close else "See the list of functions in the reference.",
            )
        error = EvaluationError(
            f"The template function '{node.name}' is not defined or not valid.", code=code, hint=hint
        )
        self.place(error, span)
        return error


def _fold(function: Function, values: list[Any]) -> Constant | None:
    """Return the value of a pure call; None where it fails, or grows beyond what is worth keeping."""
    if any(type(value) is str and len(value) > _FOLDED_SIZE for value in values):
        return None
    try:
        value = function.invoke(*values)
    except (EvaluationError, NotSupported, TooLarge, RecursionError):
        return None
    if isinstance(value, (str, list, dict)) and len(value) > _FOLDED_SIZE:
        return None
    return Constant(value)
