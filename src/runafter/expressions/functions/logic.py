"""Logic and comparison. `and`, `or`, `if` and `coalesce` evaluate only what they need."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from runafter.expressions.functions.collections import distinct_types
from runafter.expressions.functions.registry import (
    BOOLEAN,
    NO_LINK,
    Arity,
    Closure,
    Parameter,
    function,
    function_error,
    link,
    refuse,
)
from runafter.expressions.scope import Scope
from runafter.values.compare import culture_key, is_number, loosely_equal, type_name


def _build_and(arguments: Sequence[Closure]) -> Closure:
    def evaluate(scope: Scope) -> bool:
        for argument in arguments:
            value = argument(scope)
            if value is False:
                return False
            if value is not True:
                _not_booleans("and", value)
        return True

    return evaluate


def _build_or(arguments: Sequence[Closure]) -> Closure:
    def evaluate(scope: Scope) -> bool:
        for argument in arguments:
            value = argument(scope)
            if value is True:
                return True
            if value is not False:
                _not_booleans("or", value)
        return False

    return evaluate


def _not_booleans(name: str, value: Any) -> NoReturn:
    function_error(
        name,
        f"expects all of its parameters to be booleans. Found invalid parameter types: '{type_name(value)}'.",
    )


def _build_if(arguments: Sequence[Closure]) -> Closure:
    condition, chosen, otherwise = arguments

    def evaluate(scope: Scope) -> Any:
        value = condition(scope)
        if value is True:
            return chosen(scope)
        if value is False:
            return otherwise(scope)
        function_error(
            "if",
            f"expects its first parameter to be of type boolean. The provided value is of type '{type_name(value)}'.",
            anchor=None,
        )

    return evaluate


def _build_coalesce(arguments: Sequence[Closure]) -> Closure:
    def evaluate(scope: Scope) -> Any:
        for argument in arguments:
            value = argument(scope)
            if value is not None:
                return value
        return None

    return evaluate


@function(
    "and",
    arity=Arity(1, None, "expects at least one boolean parameter", "parameters"),
    build=_build_and,
    returns="boolean",
    group="logic",
    summary="Say whether all are true; stops at the first false.",
    signature="and(expression1, expression2, ...)",
    example=("and(true, equals(1, 1))", True),
)
def all_true(*values: bool) -> bool:
    return all(values)


@function(
    "or",
    arity=Arity(1, None, "expects at least one boolean parameter", "parameters"),
    build=_build_or,
    returns="boolean",
    group="logic",
    summary="Say whether one is true; stops at the first true.",
    signature="or(expression1, expression2, ...)",
    example=("or(false, equals(1, 1))", True),
)
def any_true(*values: bool) -> bool:
    return any(values)


@function(
    "not",
    arity=Arity(1, 1, "expects one parameter: the boolean value to negate", "parameters"),
    parameters=(Parameter("its parameter to be a boolean", BOOLEAN),),
    returns="boolean",
    group="logic",
    summary="Turn true to false and false to true.",
    signature="not(expression)",
    example=("not(false)", True),
)
def negate(value: bool) -> bool:
    return not value


@function(
    "if",
    arity=Arity(
        3,
        3,
        "expects three parameter: the condition to test as the first parameter, the value to return if the condition "
        "is true as the second parameter, and the value to return if the condition is false as the third parameter",
    ),
    build=_build_if,
    returns="any",
    group="logic",
    summary="Return one of two values; only that one is evaluated.",
    signature="if(condition, valueIfTrue, valueIfFalse)",
    example=("if(equals(1, 1), 'yes', 'no')", "yes"),
)
def choose(condition: bool, chosen: Any, otherwise: Any) -> Any:
    return chosen if condition else otherwise


@function(
    "coalesce",
    arity=Arity(1, None, "expects at least one parameter", invoked="none"),
    build=_build_coalesce,
    returns="any",
    group="logic",
    summary="Return the first value that is not null; later ones are not evaluated.",
    signature="coalesce(value1, value2, ...)",
    example=("coalesce(null, 'hello')", "hello"),
)
def coalesce(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


_DEEP_EQUALITY = "expects two parameters: the values to test for deep equality"


@function(
    "equals",
    arity=Arity(2, None, _DEEP_EQUALITY),
    returns="boolean",
    group="logic",
    summary="Say whether all values are equal: 1 equals 1.0, but '1' does not equal 1, and case matters.",
    signature="equals(value1, value2)",
    example=("equals('abc', 'abcd')", False),
)
def equals(left: Any, right: Any, *more: Any) -> bool:
    if not more:
        return loosely_equal(left, right)
    return all(loosely_equal(left, other) for other in (right, *more))


_NULLABLE = frozenset({"String", "Array", "Object"})
"""Types that strongEquals compares with null; a number or a boolean beside null is refused, as measured."""


@function(
    "strongEquals",
    arity=Arity(2, None, _DEEP_EQUALITY, anchor="equals"),
    returns="boolean",
    group="logic",
    summary="Compare as equals does, but refuse values of different types; a Switch compares its cases so.",
    signature="strongEquals(value1, value2)",
    example=("strongEquals(1, 1)", True),
    hidden=True,
)
def strong_equals(*values: Any) -> bool:
    types = distinct_types(values)
    kinds = {"Number" if is_number(value) else type_name(value) for value in values}
    if kinds & _NULLABLE:
        kinds.discard("Null")
    if len(kinds) > 1:
        refuse(
            f"Template language function 'strongEquals' expects parameters of same type, but found '{','.join(types)}' "
            "distinct types."
        )
    return all(loosely_equal(values[0], other) for other in values[1:])


def _compare(name: str, holds: Callable[[Any, Any], bool], left: Any, right: Any) -> bool:
    if type(left) is str and type(right) is str:
        return holds(0, 0) if left == right else holds(culture_key(left), culture_key(right))
    if is_number(left) and is_number(right):
        return holds(left, right)
    if (type(left) is str) != (type(right) is str):
        function_error(
            name,
            f"expects two parameter of matching types. The function was invoked with values of type '{type_name(left)}' "
            f"and '{type_name(right)}' that do not match.",
        )
    invalid = distinct_types(tuple(value for value in (left, right) if not is_number(value)))
    not_numbers(name, invalid)


def not_numbers(name: str, invalid: list[str], *, anchor: str = NO_LINK) -> NoReturn:
    """Refuse arguments that are no numbers."""
    refuse(
        f"The template language function '{name}' expects all of its parameters to be either integer or decimal "
        f"numbers. Found invalid parameter types: '{','.join(invalid)}'.{link(anchor)}"
    )


def _order(name: str) -> Arity:
    return Arity(2, 2, "expects two parameter of matching types", anchor=NO_LINK)


@function(
    "greater",
    arity=_order("greater"),
    returns="boolean",
    group="logic",
    summary="Say whether the first of two numbers or two texts comes after the second.",
    signature="greater(value, compareTo)",
    example=("greater(10, 5)", True),
)
def greater(left: Any, right: Any) -> bool:
    return _compare("greater", operator.gt, left, right)


@function(
    "greaterOrEquals",
    arity=_order("greaterOrEquals"),
    returns="boolean",
    group="logic",
    summary="Say whether the first of two numbers or two texts comes after the second or equals it.",
    signature="greaterOrEquals(value, compareTo)",
    example=("greaterOrEquals(5, 5)", True),
)
def greater_or_equals(left: Any, right: Any) -> bool:
    return _compare("greaterOrEquals", operator.ge, left, right)


@function(
    "less",
    arity=_order("less"),
    returns="boolean",
    group="logic",
    summary="Say whether the first of two numbers or two texts comes before the second: 'a' < 'A' < 'b'.",
    signature="less(value, compareTo)",
    example=("less('banana', 'apple')", False),
)
def less(left: Any, right: Any) -> bool:
    return _compare("less", operator.lt, left, right)


@function(
    "lessOrEquals",
    arity=_order("lessOrEquals"),
    returns="boolean",
    group="logic",
    summary="Say whether the first of two numbers or two texts comes before the second or equals it.",
    signature="lessOrEquals(value, compareTo)",
    example=("lessOrEquals(10, 10)", True),
)
def less_or_equals(left: Any, right: Any) -> bool:
    return _compare("lessOrEquals", operator.le, left, right)
