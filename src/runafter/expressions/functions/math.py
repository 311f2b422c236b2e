"""Arithmetic. Two integers give an integer of 64 bits or an error; a float makes floats, a decimal decimals."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal, InvalidOperation, localcontext
from decimal import DivisionByZero as DecimalDivisionByZero
from decimal import Overflow as DecimalOverflow
from math import fmod, isnan
from typing import Any, NoReturn

from runafter.expressions.functions.collections import distinct_types
from runafter.expressions.functions.logic import not_numbers
from runafter.expressions.functions.registry import (
    INTEGER,
    NUMBER,
    Arity,
    Parameter,
    function,
    function_error,
    refuse,
)
from runafter.expressions.scope import Scope
from runafter.values.compare import is_number

_DECIMAL_DIGITS = 29
_DECIMAL_MAX = Decimal(2) ** 96


def _first(anchor: str | None = None, wording: str = "an integer or a decimal number") -> Parameter:
    return Parameter(f"its first parameter to be {wording}", NUMBER, anchor)


def _second(anchor: str | None = None) -> Parameter:
    return Parameter("its second parameter to be an integer or a decimal number", NUMBER, anchor)


def _overflow(name: str) -> NoReturn:
    refuse(f"The provided parameters for template language function '{name}' caused arithmetic overflow.")


def calculate(name: str, apply: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """Apply an operation of two numbers by the rules for mixed types."""
    if type(left) is int and type(right) is int:
        value = apply(left, right)
        if not -(2**63) <= value < 2**63:
            _overflow(name)
        return value
    if type(left) is Decimal or type(right) is Decimal:
        return _decimal(name, apply, left, right)
    try:
        return apply(float(left), float(right))
    except OverflowError:
        return float("inf")


def _decimal(name: str, apply: Callable[[Any, Any], Any], left: Any, right: Any) -> Decimal:
    with localcontext() as context:
        context.prec = _DECIMAL_DIGITS
        try:
            value = apply(_to_decimal(left), _to_decimal(right))
        except (DecimalOverflow, InvalidOperation, DecimalDivisionByZero):
            _overflow(name)
        if not value.is_finite() or abs(value) >= _DECIMAL_MAX:
            _overflow(name)
        if value.as_tuple().exponent < -28:
            value = value.quantize(Decimal("1e-28"))
        return Decimal(value)


def _to_decimal(value: Any) -> Decimal:
    return Decimal(repr(value)) if type(value) is float else Decimal(value)


@function(
    "add",
    arity=Arity(
        2,
        2,
        "expects two numeric parameters: the first summand as the first parameter and the seccond summand as the "
        "second parameter",
    ),
    parameters=(_first(wording="an integer, a float or a decimal number"), _second()),
    returns="integer or float",
    group="math",
    summary="Add two numbers.",
    signature="add(summand1, summand2)",
    example=("add(1, 1.5)", 2.5),
)
def add(left: Any, right: Any) -> Any:
    return calculate("add", operator.add, left, right)


@function(
    "sub",
    arity=Arity(
        2,
        2,
        "expects two numeric parameters: the minuend as the first parameter and the subtrahend as the second parameter",
    ),
    parameters=(_first(), _second()),
    returns="integer or float",
    group="math",
    summary="Subtract the second number from the first.",
    signature="sub(minuend, subtrahend)",
    example=("sub(10, 3)", 7),
)
def sub(left: Any, right: Any) -> Any:
    return calculate("sub", operator.sub, left, right)


@function(
    "mul",
    arity=Arity(
        2,
        2,
        "expects two numeric parameters: the first multiplicand as the first parameter and the second multiplicand as "
        "the second parameter",
    ),
    parameters=(_first(), _second("div")),
    returns="integer or float",
    group="math",
    summary="Multiply two numbers.",
    signature="mul(multiplicand1, multiplicand2)",
    example=("mul(1.5, 2)", 3.0),
)
def mul(left: Any, right: Any) -> Any:
    return calculate("mul", operator.mul, left, right)


def _division(anchor: str | None) -> Arity:
    return Arity(
        2,
        2,
        "expects two numeric parameters: the dividend as the first parameter and the divisor as the second parameter",
        anchor=anchor,
    )


@function(
    "div",
    arity=_division(None),
    parameters=(_first("mul"), _second()),
    returns="integer or float",
    group="math",
    summary="Divide; two integers give an integer, cut towards zero.",
    signature="div(dividend, divisor)",
    example=("div(11, 5)", 2),
)
def div(left: Any, right: Any) -> Any:
    _not_zero("div", right)
    return calculate("div", _quotient, left, right)


@function(
    "mod",
    arity=_division("div"),
    parameters=(_first("mul"), _second("div")),
    returns="integer or float",
    group="math",
    summary="Return what is left after dividing; the sign is that of the dividend.",
    signature="mod(dividend, divisor)",
    example=("mod(-5, 2)", -1),
)
def mod(left: Any, right: Any) -> Any:
    _not_zero("mod", right)
    return calculate("mod", _remainder, left, right)


def _not_zero(name: str, divisor: Any) -> None:
    if divisor == 0:
        refuse(f"Attempt to divide an integral or decimal value by zero in function '{name}'.")


def _quotient(left: Any, right: Any) -> Any:
    if type(left) is int:
        magnitude = abs(left) // abs(right)
        return magnitude if (left < 0) == (right < 0) else -magnitude
    return left / right


def _remainder(left: Any, right: Any) -> Any:
    if type(left) is int:
        return left - right * _quotient(left, right)
    if type(left) is Decimal:
        return left % right
    return fmod(left, right) if abs(left) != float("inf") else float("nan")


def _numbers(name: str) -> Arity:
    return Arity(
        1,
        None,
        "expects either an array of numbers or a comma separated list of numbers as its parameters",
        invoked="none",
        anchor=name,
    )


def _extreme(name: str, values: tuple[Any, ...], *, highest: bool) -> Any:
    numbers: tuple[Any, ...] = values
    if len(values) == 1 and type(values[0]) is list:
        numbers = tuple(values[0])
        if not numbers:
            function_error(
                name,
                "expects either an array of numbers or a comma separated list of numbers as its parameters. The "
                "function was invoked with no parameters.",
                anchor=None,
            )
    invalid = distinct_types(tuple(value for value in numbers if not is_number(value)))
    if invalid:
        not_numbers(name, invalid)
    if any(type(value) is float for value in numbers):
        floats = [float(value) for value in numbers]
        if any(map(isnan, floats)):
            return float("nan")
        return max(floats) if highest else min(floats)
    return max(numbers) if highest else min(numbers)


@function(
    "max",
    arity=_numbers("max"),
    returns="integer or float",
    group="math",
    summary="Return the highest of several numbers, or of the numbers of one array; a float among them makes it a float.",
    signature="max(number1, number2, ...)",
    example=("max(1, 2, 3)", 3),
)
def highest(*values: Any) -> Any:
    return _extreme("max", values, highest=True)


@function(
    "min",
    arity=_numbers("min"),
    returns="integer or float",
    group="math",
    summary="Return the lowest of several numbers, or of the numbers of one array; a float among them makes it a float.",
    signature="min(number1, number2, ...)",
    example=("min(createArray(1, 2, 3))", 1),
)
def lowest(*values: Any) -> Any:
    return _extreme("min", values, highest=False)


@function(
    "rand",
    arity=Arity(
        2,
        2,
        "expects two integer parameters: an inclisive minimum of the range as the first parameter and an inclusive "
        "maximum of the range as the second parameter",
    ),
    parameters=(
        Parameter("its first parameter 'minValue' to be an integer", INTEGER),
        Parameter("its second parameter 'maxValue' to be an integer", INTEGER),
    ),
    scope=True,
    returns="integer",
    group="math",
    summary="Return a random integer from the lowest up to, but without, the highest.",
    signature="rand(minValue, maxValue)",
)
def rand(scope: Scope, low: int, high: int) -> int:
    if low > high:
        function_error(
            "rand", "parameters are out of range: 'minValue' cannot be greater than 'maxValue'.", anchor=None
        )
    return low + int(scope.random() * (high - low))
