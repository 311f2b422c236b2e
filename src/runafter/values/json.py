"""Values as text: what `string()` shows and compact JSON as the platform writes it.

The platform is .NET: floats print shortest and turn to `1E+21` from 15 digits
on; inside JSON they keep a decimal place (`[5.0]`), at the top they lose it.
"""

from __future__ import annotations

from decimal import Decimal
from json.encoder import encode_basestring
from math import isfinite, isnan
from operator import is_not
from typing import Any, Final

from runafter.values.content import content_text, is_envelope
from runafter.values.size import MAX_JSON_DEPTH, MAX_TEXT, TooLarge

_BREAKS: Final = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}


def stringify(value: Any) -> str:
    """Return what `string()` gives: null is '', true is 'True', binary content is decoded, the rest compact JSON.

    Raises:
        TooLarge: the text would exceed the platform's limit, or the value is nested too deeply.
    """
    kind = type(value)
    if kind is str:
        text: str = value
        return text
    if value is None:
        return ""
    if kind is bool:
        return "True" if value else "False"
    if kind is int:
        return str(value)
    if kind is float:
        return float_text(value)
    if kind is Decimal:
        return decimal_text(value)
    if is_envelope(value):
        return content_text(value)
    return compact(value)


def float_text(value: float) -> str:
    """Return a double as .NET prints it: shortest digits that give it back."""
    if not isfinite(value):
        return "NaN" if isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    digits = repr(value)
    mantissa, _, exponent_text = digits.partition("e")
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    fraction = "" if fraction == "0" else fraction
    if not exponent_text and len(whole) <= 15 and (whole != "0" or not fraction.startswith("0000")):
        return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"
    exponent = int(exponent_text or 0)
    significant = (whole + fraction).lstrip("0")
    if not significant:
        return f"{sign}0"
    point = len(whole) + exponent if whole != "0" else exponent - (len(fraction) - len(fraction.lstrip("0")))
    scale = point - 1
    significant = significant.rstrip("0") or "0"
    if -5 < scale < 15:
        if point <= 0:
            return f"{sign}0.{'0' * -point}{significant}"
        padded = significant.ljust(point, "0")
        return f"{sign}{padded[:point]}.{padded[point:]}" if len(padded) > point else f"{sign}{padded}"
    tail = f".{significant[1:]}" if len(significant) > 1 else ""
    return f"{sign}{significant[0]}{tail}E{'-' if scale < 0 else '+'}{abs(scale):02d}"


def decimal_text(value: Decimal) -> str:
    """Return a decimal with its scale: 1.50 stays 1.50."""
    return format(value, "f")


def compact(value: Any) -> str:
    """Return compact JSON, keys in order.

    Raises:
        TooLarge: the text would exceed the platform's limit, or the value is nested too deeply.
    """
    pieces: list[str] = []
    _write(value, pieces, [MAX_TEXT], 0)
    return "".join(pieces)


def indented(value: Any) -> str:
    """Return JSON over several lines, as the platform shows objects in messages."""
    import json

    return json.dumps(_printable(value), indent=2, ensure_ascii=False)


def _printable(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _printable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_printable(item) for item in value]
    return float(value) if isinstance(value, Decimal) else value


def quoted(text: str) -> str:
    """Return a JSON string as the platform escapes it."""
    encoded = encode_basestring(text)
    return encoded if encoded.isascii() else encoded.translate(_BREAKS)


def number_text(value: float | Decimal) -> str:
    """Return a float inside JSON: with a decimal place, NaN and infinities as strings."""
    text = decimal_text(value) if isinstance(value, Decimal) else float_text(value)
    if "." in text or "E" in text:
        return text
    return f'"{text}"' if text[-1] in "Ny" else f"{text}.0"


def json_numbers(value: Any) -> Any:
    """Return a value as JSON can hold it: a decimal as a float, NaN and infinities as their names.

    What needs no change is returned as it is.
    """
    kind = type(value)
    if kind is float:
        return value if isfinite(value) else float_text(value)
    if kind is Decimal:
        return float(value)
    if kind is list:
        changed = [json_numbers(item) for item in value]
        return changed if any(map(is_not, changed, value)) else value
    if kind is dict:
        members = {key: json_numbers(item) for key, item in value.items()}
        return members if any(map(is_not, members.values(), value.values())) else value
    return value


def _write(value: Any, pieces: list[str], left: list[int], depth: int) -> None:
    kind = type(value)
    if kind is dict:
        if depth >= MAX_JSON_DEPTH:
            raise TooLarge(f"the value is nested more than {MAX_JSON_DEPTH} levels deep")
        mark = "{"
        for key, item in value.items():
            pieces.append(f"{mark}{quoted(str(key))}:")
            left[0] -= len(pieces[-1])
            _write(item, pieces, left, depth + 1)
            mark = ","
        pieces.append("{}" if mark == "{" else "}")
        return
    if kind is list:
        if depth >= MAX_JSON_DEPTH:
            raise TooLarge(f"the value is nested more than {MAX_JSON_DEPTH} levels deep")
        mark = "["
        for item in value:
            pieces.append(mark)
            _write(item, pieces, left, depth + 1)
            mark = ","
        pieces.append("[]" if mark == "[" else "]")
        return
    if kind is str:
        text = quoted(value)
    elif value is None:
        text = "null"
    elif kind is bool:
        text = "true" if value else "false"
    elif kind is int:
        text = str(value)
    elif kind in (float, Decimal):
        text = number_text(value)
    else:
        text = quoted(str(value))
    pieces.append(text)
    left[0] -= len(text) + 1
    if left[0] < 0:
        raise TooLarge(f"the text is longer than {MAX_TEXT} characters")
