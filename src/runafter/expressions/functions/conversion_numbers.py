"""Numbers to and from text."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any, NoReturn

from runafter.expressions.functions.registry import (
    ANY,
    NUMBER,
    STRING,
    Arity,
    Parameter,
    function,
    function_error,
    link,
    refuse,
)
from runafter.values.cultures import INVARIANT_NUMBERS, number_culture
from runafter.values.numberparse import (
    INT64_MAX,
    INT64_MIN,
    fit_decimal,
    float_in,
    integer_of,
    parse_decimal,
    parse_float,
    parse_integer,
)
from runafter.values.numbers import InvalidNumberFormat, format_number


def _not_convertible(name: str) -> NoReturn:
    function_error(
        name, "was invoked with a parameter that is not valid. The value cannot be converted to the target type."
    )


def _shown(value: Any) -> str:
    """Return a value that is no array and no object as these functions' messages show it."""
    if value is None:
        return "<null>"
    if isinstance(value, float):
        return format_number(value, "R", INVARIANT_NUMBERS)
    return format(value, "f") if isinstance(value, Decimal) else str(value)


@function(
    "int",
    arity=Arity(1, 1, "expects one parameter: the value that is to be converted to an integer", invoked="parameters"),
    parameters=(ANY,),
    returns="integer",
    group="conversion",
    summary="Return a number or the text of a whole number as an integer.",
    signature="int(value)",
    example=("int('1,000')", 1000),
)
def to_int(value: Any) -> int:
    match value:
        case bool() | int() if INT64_MIN <= value <= INT64_MAX:
            return int(value)
        case float() | Decimal() if math.isfinite(value) and value == int(value) and INT64_MIN <= value <= INT64_MAX:
            return int(value)
        case str():
            try:
                return integer_of(value)
            except ValueError:
                _not_convertible("int")
        case _:
            _not_convertible("int")


@function(
    "float",
    arity=Arity(
        1,
        2,
        "expects one parameter: the value that is to be converted to a floating point number",
        invoked="parameters",
    ),
    parameters=(ANY, ANY),
    returns="float",
    group="conversion",
    summary="Return a number or the text of one as a float; a text may be read as a culture writes it.",
    signature="float(value, locale?)",
    example=("float('10.000,5', 'de-DE')", 10000.5),
)
def to_float(value: Any, *locale: Any) -> float:
    if locale:
        return _float_in_culture(value, locale[0])
    match value:
        case bool() | int() | float() | Decimal():
            try:
                return float(value)
            except OverflowError:
                _not_convertible("float")
        case str():
            try:
                return parse_float(value)
            except ValueError:
                _not_convertible("float")
        case _:
            _not_convertible("float")


def _float_in_culture(value: Any, locale: Any) -> float:
    if isinstance(locale, (list, dict)):
        _not_convertible("float")
    shown = _shown(locale)
    if not isinstance(value, str):
        # What stands here as a type is the culture: the platform's own slip.
        function_error(
            "float",
            "expects its first parameter to be a string when a culture is supplied in the second parameter. "
            f"The provided value is of type '{shown}'.",
            anchor="float",
        )
    try:
        return float_in(value, "" if locale is None else shown)
    except ValueError:
        _not_convertible("float")


@function(
    "decimal",
    arity=Arity(
        1, 1, "expects one parameter: the value that is to be converted to a decimal number", invoked="parameters"
    ),
    parameters=(ANY,),
    returns="decimal",
    group="conversion",
    summary="Return a number or the text of one as a decimal: 28 digits, its scale kept.",
    signature="decimal(value)",
    example=("decimal('1.10')", Decimal("1.10")),
)
def to_decimal(value: Any) -> Decimal:
    if isinstance(value, (list, dict)):
        _not_convertible("decimal")
    try:
        return _decimal_of(value)
    except ValueError:
        refuse(
            f"The template language 'decimal' function was invoked with a parameter that is not a valid decimal, "
            f"'{_shown(value)}'. The value cannot be converted to the target type.{link('decimal')}"
        )


def _decimal_of(value: Any) -> Decimal:
    match value:
        case str():
            return parse_decimal(value)
        case int() | Decimal() if not isinstance(value, bool):
            return fit_decimal(Decimal(value))
        case float():
            return fit_decimal(Decimal(format(value, ".15g")))
        case _:
            raise ValueError(f"{value!r} is no decimal")


@function(
    "isInt",
    arity=Arity(1, 1, "expects one parameter, a string which may contain an integer"),
    parameters=(Parameter("its first parameter 'string' to be a string", STRING),),
    returns="boolean",
    group="strings",
    summary="Return whether a text is an integer of 64 bits.",
    signature="isInt(string)",
    example=("isInt('10')", True),
)
def is_int(text: str) -> bool:
    try:
        parse_integer(text)
    except ValueError:
        return False
    return True


@function(
    "isFloat",
    arity=Arity(
        1,
        2,
        "expects a string to parse as the first parameter, and an optional RFC4646 culture-identifier string as the "
        "second parameter",
    ),
    parameters=(
        Parameter("its first parameter 'string' to be a string", STRING, "substring"),
        Parameter("its second parameter to be a string, if supplied", STRING),
    ),
    returns="boolean",
    group="strings",
    summary="Return whether a text is a number, as a culture writes it.",
    signature="isFloat(string, locale?)",
    example=("isFloat('10.000,00', 'de-DE')", True),
)
def is_float(text: str, locale: str | None = None) -> bool:
    try:
        float_in(text, locale)
    except ValueError:
        return False
    return True


@function(
    "formatNumber",
    arity=Arity(
        2,
        3,
        "expects two parameters, with an optional third parameter. It expects the number to be formatted at the first "
        "parameter, a numeric format string as the second parameter, and an optional locale string, which defaults to "
        "'en-us', as the third parameter",
    ),
    parameters=(
        Parameter("its first parameter to be an integer or a decimal number", NUMBER),
        Parameter("its second parameter to be a string which indicates how to format the number", STRING),
        Parameter("its third parameter to be a string which indicates the locale", STRING),
    ),
    anchor="FormatNumber",
    returns="string",
    group="strings",
    summary="Return a number under a .NET number format.",
    signature="formatNumber(number, format, locale?)",
    example=("formatNumber(1234.5, 'N2', 'de-DE')", "1.234,50"),
)
def number_text(number: float | Decimal, pattern: str, locale: str | None = None) -> str:
    try:
        return format_number(number, pattern, number_culture(locale))
    except InvalidNumberFormat:
        function_error(
            "formatNumber",
            f"format string '{pattern}' is not valid. The format string should be a numeric format string.",
            anchor="FormatNumber",
        )
