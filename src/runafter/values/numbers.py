"""Numbers to text, in .NET's standard and custom formats.

Three kinds of number round differently, as measured:

- a double under a standard format rounds its exact binary value, ties to even
  (`formatNumber(2.5, 'C0')` is `$2`, `formatNumber(1.005, 'N2')` is `1.00`);
- a double under a custom format is first cut to 15 significant digits, then
  rounded half away from zero (`formatNumber(1.005, '#.##')` is `1.01`);
- an integer rounds its digits half away from zero.

A decimal is formatted as the double nearest to it (`'R'` of 1.10 is `1.1`).
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from functools import lru_cache

from runafter.values.cultures import EN_US_NUMBERS, NumberCulture
from runafter.values.numberpattern import Digits, format_custom

Number = int | float | Decimal

_STANDARD = re.compile(r"([A-Za-z])([0-9]*)")
_PRECISION_LIMIT = 10_000
_INT64 = 2**64


class InvalidNumberFormat(ValueError):
    """The text is no numeric format, or none for this kind of number."""


def format_number(value: Number, pattern: str, culture: NumberCulture = EN_US_NUMBERS) -> str:
    """Return the number under a .NET format string.

    Raises:
        InvalidNumberFormat: the format is unknown or does not suit the number:
            `D` and `X` take integers alone, `R` doubles alone.
    """
    if isinstance(value, Decimal):
        value = float(value)
    letter, precision = _standard(pattern)
    if isinstance(value, float) and not math.isfinite(value):
        if math.isnan(value):
            return culture.nan_symbol
        return culture.infinity_symbol if value > 0 else culture.negative_sign + culture.infinity_symbol
    if letter is None:
        return format_custom(_custom_digits(value), pattern, culture)
    return _format_standard(value, letter, precision, culture)


@lru_cache(maxsize=512)
def _standard(pattern: str) -> tuple[str | None, int | None]:
    """Return letter and precision of a standard format; no letter where the pattern is a custom one."""
    if not pattern:
        return "G", None
    match = _STANDARD.fullmatch(pattern)
    if match is None:
        return None, None
    if match[1].upper() not in "CDEFGNPRX" or len(match[2]) > 9 or int(match[2] or 0) > _PRECISION_LIMIT:
        raise InvalidNumberFormat(f"{pattern!r} is no numeric format")
    return match[1], int(match[2]) if match[2] else None


def _format_standard(value: int | float, letter: str, precision: int | None, culture: NumberCulture) -> str:
    kind = letter.upper()
    is_double = isinstance(value, float)
    if kind in ("D", "X"):
        if is_double:
            raise InvalidNumberFormat(f"{letter!r} takes integers alone")
        return _integer_format(int(value), letter, precision or 0, culture)
    if kind == "R":
        if not is_double:
            raise InvalidNumberFormat(f"{letter!r} takes doubles alone")
        return _general(_shortest(float(value)), 15, "E" if letter == "R" else "e", culture)
    if kind == "G":
        return _general_format(value, letter, precision or 0, culture)
    if kind == "E":
        return _scientific_format(value, letter, 6 if precision is None else precision, culture)
    return _fixed_format(value, kind, precision, culture)


def _fixed_format(value: int | float, kind: str, precision: int | None, culture: NumberCulture) -> str:
    negative = value < 0 or (value == 0 and isinstance(value, float) and math.copysign(1, value) < 0)
    decimals = precision
    if decimals is None:
        decimals = culture.currency_decimals if kind == "C" else culture.decimals
    whole, fraction = _fixed(abs(value), decimals, 2 if kind == "P" else 0)
    if kind == "C":
        number = _joined(
            whole, fraction, culture.group_sizes, culture.currency_group_separator, culture.currency_decimal_separator
        )
        pattern = culture.currency_negative if negative else culture.currency_positive
        return _in_pattern(pattern, number, culture, culture.currency_symbol)
    sizes = (0,) if kind == "F" else culture.group_sizes
    number = _joined(whole, fraction, sizes, culture.group_separator, culture.decimal_separator)
    if kind == "P":
        pattern = culture.percent_negative if negative else culture.percent_positive
        return _in_pattern(pattern, number, culture, culture.percent_symbol)
    return culture.negative_sign + number if negative else number


def _in_pattern(pattern: str, number: str, culture: NumberCulture, symbol: str) -> str:
    parts = {"n": number, "-": culture.negative_sign, "$": symbol, "%": symbol}
    return "".join(parts.get(letter, letter) for letter in pattern)


def _fixed(value: int | float, decimals: int, shift: int) -> tuple[str, str]:
    """Return the digits before and behind the point of `value * 10**shift`, rounded to `decimals`."""
    if isinstance(value, int):
        return str(value * 10**shift), "0" * decimals
    text = format(value, f".{decimals + shift}f")
    whole, _, fraction = text.partition(".")
    return (whole + fraction[:shift]).lstrip("0") or "0", fraction[shift:]


def _joined(whole: str, fraction: str, sizes: tuple[int, ...], group: str, point: str) -> str:
    grouped = group_digits(whole, sizes, group)
    return f"{grouped}{point}{fraction}" if fraction else grouped


def group_digits(whole: str, sizes: tuple[int, ...], separator: str) -> str:
    """Put group separators into digits; the last size repeats, a size of 0 ends the grouping."""
    parts: list[str] = []
    position = len(whole)
    for size in _endless(sizes):
        if size <= 0 or position <= size:
            break
        parts.append(whole[position - size : position])
        position -= size
    parts.append(whole[:position])
    return separator.join(reversed(parts))


def _endless(sizes: tuple[int, ...]) -> list[int]:
    last = sizes[-1] if sizes else 0
    return [*sizes, *([last] * 400)] if last else [*sizes, 0]


def _integer_format(value: int, letter: str, precision: int, culture: NumberCulture) -> str:
    if letter in "Xx":
        digits = format(value if value >= 0 else value % _INT64, letter)
        return digits.rjust(precision, "0")
    digits = str(abs(value)).rjust(precision, "0")
    return culture.negative_sign + digits if value < 0 else digits


def _scientific_format(value: int | float, letter: str, precision: int, culture: NumberCulture) -> str:
    digits = _rounded(value, precision + 1)
    text = digits.text.ljust(precision + 1, "0")
    exponent = digits.scale - 1 if digits.text else 0
    mantissa = f"{text[0]}{culture.decimal_separator}{text[1:]}" if precision else text[0]
    sign = culture.negative_sign if digits.negative else ""
    return f"{sign}{mantissa}{exponent_text(exponent, letter, 3, culture)}"


def _general_format(value: int | float, letter: str, precision: int, culture: NumberCulture) -> str:
    exponent = "E" if letter == "G" else "e"
    if precision == 0:
        if isinstance(value, int):
            return _integer_format(value, "D", 0, culture)
        return _general(_shortest(value), 15, exponent, culture)
    return _general(_rounded(value, precision), precision, exponent, culture)


def _general(digits: Digits, places: int, letter: str, culture: NumberCulture) -> str:
    sign = culture.negative_sign if digits.negative else ""
    text, scale = digits.text, digits.scale
    if not text:
        return f"{sign}0"
    if scale > places or scale < -3:
        fraction = culture.decimal_separator + text[1:] if len(text) > 1 else ""
        return f"{sign}{text[0]}{fraction}{exponent_text(scale - 1, letter, 2, culture)}"
    if scale <= 0:
        return f"{sign}0{culture.decimal_separator}{'0' * -scale}{text}"
    whole, fraction = text[:scale].ljust(scale, "0"), text[scale:]
    return f"{sign}{whole}{culture.decimal_separator + fraction if fraction else ''}"


def exponent_text(exponent: int, letter: str, width: int, culture: NumberCulture, *, plus: bool = True) -> str:
    sign = culture.negative_sign if exponent < 0 else culture.positive_sign if plus else ""
    return f"{letter}{sign}{abs(exponent):0{width}d}"


def _is_negative(value: int | float) -> bool:
    return value < 0 or (isinstance(value, float) and math.copysign(1, value) < 0)


def _shortest(value: float) -> Digits:
    return _scientific_digits(format(Decimal(repr(value)), "e"), value)


def _rounded(value: int | float, count: int) -> Digits:
    """Return `count` significant digits: an integer's half away from zero, a double's exact ones, ties to even."""
    if isinstance(value, int):
        digits = _custom_digits(value)
        digits.round(count)
        return digits
    return _scientific_digits(format(value, f".{count - 1}e"), value)


def _scientific_digits(text: str, value: float) -> Digits:
    mantissa, _, exponent = text.lower().lstrip("-").partition("e")
    digits = mantissa.replace(".", "").rstrip("0")
    return Digits(digits, int(exponent or 0) + 1 if digits else 0, _is_negative(value), True)


def _custom_digits(value: int | float) -> Digits:
    if isinstance(value, float):
        return _scientific_digits(format(value, ".14e"), value)
    text = str(abs(value)) if value else ""
    return Digits(text.rstrip("0"), len(text), value < 0, False)
