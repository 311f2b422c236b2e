"""Numbers out of text, as .NET's `Parse` reads them under the styles the language uses."""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import lru_cache

from runafter.values.cultures import EN_US_NUMBERS, INVARIANT_NUMBERS, NumberCulture, number_culture

INT64_MIN = -(2**63)
INT64_MAX = 2**63 - 1
DECIMAL_MAX = 2**96 - 1
_WIDE = Context(prec=400)
_WHITE = "[ \t-\r]*+"
_SPACE_LIKE = " \u00a0\u202f"
_INTEGER = re.compile(rf"{_WHITE}([+-]?[0-9]+){_WHITE}\0*")


@lru_cache(maxsize=64)
def _grammar(culture: NumberCulture, trailing_sign: bool, exponent: bool) -> re.Pattern[str]:
    group = culture.group_separator
    groups = f"[{_SPACE_LIKE}]" if group and group in _SPACE_LIKE else re.escape(group)
    # Possessive, as .NET reads: nothing is given back, and a hostile text costs no more than its length.
    point = re.escape(culture.decimal_separator)
    minus = "|".join(sorted({re.escape(culture.negative_sign), "-", "−"}))
    sign = rf"{minus}|{re.escape(culture.positive_sign)}"
    integral = rf"[0-9](?:[0-9]|{groups})*+" if group else "[0-9]++"
    mantissa = rf"(?P<integral>{integral})(?:{point}(?P<fraction>[0-9]*))?|{point}(?P<bare>[0-9]+)"
    power = rf"(?:[eE](?P<power>(?:{sign})?[0-9]+))?" if exponent else ""
    trailing = rf"(?:(?P<after>{sign}){_WHITE})?" if trailing_sign else ""
    return re.compile(rf"{_WHITE}(?P<before>{sign})?(?:{mantissa}){power}{_WHITE}{trailing}\0*")


def parse_float(text: str, culture: NumberCulture = INVARIANT_NUMBERS, *, trailing_sign: bool = True) -> float:
    """Return the double of a text; group separators may stand anywhere after the first digit.

    Too large a number is infinite. `trailing_sign` allows `1-`.

    Raises:
        ValueError: the text is no number of the culture.
    """
    match = _grammar(culture, trailing_sign, True).fullmatch(text)
    if match is None:
        return _named_float(text, culture)
    digits = _digits(match)
    power = match["power"]
    if power:
        digits += "e" + _ascii_sign(power, culture)
    value = float(digits)
    return -value if _is_negative(match, culture) else value


def _named_float(text: str, culture: NumberCulture) -> float:
    name = text.strip(" \t\n\v\f\r").casefold()
    nan, infinity = culture.nan_symbol.casefold(), culture.infinity_symbol.casefold()
    minus, plus = culture.negative_sign, culture.positive_sign
    if name in (nan, minus + nan, plus + nan):
        return float("nan")
    if name in (infinity, plus + infinity):
        return float("inf")
    if name == minus + infinity:
        return float("-inf")
    raise ValueError(f"{text!r} is no number")


def _digits(match: re.Match[str]) -> str:
    integral = re.sub(r"[^0-9]", "", match["integral"] or "0")
    return f"{integral}.{match['fraction'] or match['bare'] or '0'}"


def _ascii_sign(power: str, culture: NumberCulture) -> str:
    number = re.sub(r"[^0-9]", "", power)
    minus = power.startswith((culture.negative_sign, "-", "−"))
    return f"{'-' if minus else ''}{number[-6:] if len(number.lstrip('0')) <= 6 else '999999'}"


def _is_negative(match: re.Match[str], culture: NumberCulture) -> bool:
    after = match["after"] if "after" in match.re.groupindex else None
    if after and match["before"]:
        raise ValueError(f"{match[0]!r} has two signs")
    sign = match["before"] or after
    return bool(sign) and sign != culture.positive_sign


def parse_decimal(text: str, culture: NumberCulture = INVARIANT_NUMBERS) -> Decimal:
    """Return the decimal of a text, its scale kept; no exponent, up to 28 or 29 digits.

    Raises:
        ValueError: the text is no decimal, or out of its range.
    """
    match = _grammar(culture, True, False).fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no decimal")
    integral = re.sub(r"[^0-9]", "", match["integral"] or "0")
    fraction = match["fraction"] or match["bare"] or ""
    value = fit_decimal(Decimal(f"{integral}.{fraction}" if fraction else integral))
    return value.copy_negate() if _is_negative(match, culture) else value


def fit_decimal(value: Decimal) -> Decimal:
    """Return the value within a decimal's 96 bits and 28 fraction digits, rounded half to even.

    Raises:
        ValueError: the value is too large, or not finite.
    """
    if not value.is_finite() or value.adjusted() > 28 or abs(int(value)) > DECIMAL_MAX:
        raise ValueError(f"{value} is no decimal")
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent > 0:
        return Decimal(int(value))
    places = min(28, -exponent if isinstance(exponent, int) else 0)
    while True:
        units = int(value.scaleb(places, _WIDE).to_integral_value(ROUND_HALF_EVEN, _WIDE))
        if abs(units) <= DECIMAL_MAX:
            return Decimal(units).scaleb(-places, _WIDE)
        places -= 1


def parse_integer(text: str) -> int:
    """Return the 64-bit integer of a text of digits with an optional leading sign and outer spaces.

    Raises:
        ValueError: the text is no such integer, or out of range.
    """
    match = _INTEGER.fullmatch(text)
    value = int(match[1]) if match and len(match[1]) < 64 else None
    if value is None or not INT64_MIN <= value <= INT64_MAX:
        raise ValueError(f"{text!r} is no 64-bit integer")
    return value


def integer_of(text: str) -> int:
    """Return what the function `int` makes of a text: the double it spells, when that is whole.

    Measured: `1.0`, `1e3` and `+.5e2` are integers; `NaN` becomes the smallest
    one; 9223372036854775807 is refused, since its double is 2**63.

    Raises:
        ValueError: the text is no number, not whole, or out of range.
    """
    value = parse_float(text, trailing_sign=False)
    if math.isnan(value):
        return INT64_MIN
    if math.isinf(value) or value != int(value) or not INT64_MIN <= value < -float(INT64_MIN):
        raise ValueError(f"{text!r} is no whole number of 64 bits")
    return int(value)


def float_in(text: str, culture: str | None) -> float:
    """Return the double of a text in a named culture; None is the invariant one.

    Raises:
        ValueError: the text is no number of the culture.
    """
    if culture is None:
        return parse_float(text)
    numbers = number_culture(culture) if culture else EN_US_NUMBERS
    return parse_float(text, numbers)
