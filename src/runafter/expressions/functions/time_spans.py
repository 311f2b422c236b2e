"""`formatTimeSpan`: a span of time such as '1.02:03:04.5' in .NET's formats."""

from __future__ import annotations

from typing import NoReturn

from runafter.expressions.functions.registry import STRING, Arity, Parameter, function, function_error

_SECOND = 10_000_000
_DAY = 86_400 * _SECOND
_ANCHOR = "formattimespan"


def parse_span(text: str) -> int | None:
    """Return the ticks of `[-][d.]hh:mm[:ss[.fffffff]]` or of a number of days; None where the text is neither."""
    body = text.strip()
    sign = -1 if body.startswith("-") else 1
    body = body.removeprefix("-")
    days = "0"
    head, dot, rest = body.partition(".")
    if dot and ":" not in head and ":" in rest:
        days, body = head, rest
    fields = body.split(":")
    if len(fields) == 1:
        return sign * int(body) * _DAY if _is_count(body, 8) else None
    if len(fields) == 4 and days == "0":
        days, *fields = fields
    if len(fields) not in {2, 3}:
        return None
    hours, minutes = fields[0], fields[1]
    seconds, _, fraction = (fields[2] if len(fields) == 3 else "0").partition(".")
    parts = (days, hours, minutes, seconds)
    if (
        not all(_is_count(part, 8) for part in parts)
        or len(fraction) > 7
        or not (not fraction or _is_count(fraction, 7))
    ):
        return None
    if int(hours) > 23 or int(minutes) > 59 or int(seconds) > 59:
        return None
    whole = ((int(days) * 24 + int(hours)) * 60 + int(minutes)) * 60 + int(seconds)
    return sign * (whole * _SECOND + int(fraction.ljust(7, "0")))


def _is_count(text: str, most: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= most


def span_text(ticks: int, form: str) -> str | None:
    """Return a span in a standard (c, g, G) or custom format; None where the format is neither."""
    size = abs(ticks)
    days, rest = divmod(size, _DAY)
    hours, rest = divmod(rest, 3600 * _SECOND)
    minutes, rest = divmod(rest, 60 * _SECOND)
    seconds, fraction = divmod(rest, _SECOND)
    sign = "-" if ticks < 0 else ""
    digits = f"{fraction:07d}"
    if form in {"", "c", "t", "T"}:
        lead = f"{days}." if days else ""
        tail = f".{digits}" if fraction else ""
        return f"{sign}{lead}{hours:02d}:{minutes:02d}:{seconds:02d}{tail}"
    if form == "g":
        lead = f"{days}:" if days else ""
        tail = f".{digits.rstrip('0')}" if fraction else ""
        return f"{sign}{lead}{hours}:{minutes:02d}:{seconds:02d}{tail}"
    if form == "G":
        return f"{sign}{days}:{hours:02d}:{minutes:02d}:{seconds:02d}.{digits}"
    return _custom(form, {"d": days, "h": hours, "m": minutes, "s": seconds}, digits) if len(form) > 1 else None


def _custom(form: str, values: dict[str, int], digits: str) -> str | None:
    pieces: list[str] = []
    at = 0
    while at < len(form):
        char = form[at]
        if char == "\\" and at + 1 < len(form):
            pieces.append(form[at + 1])
            at += 2
        elif char in "'\"":
            end = form.find(char, at + 1)
            if end < 0:
                return None
            pieces.append(form[at + 1 : end])
            at = end + 1
        elif char == "%" and form[at + 1 : at + 2] not in {"", "%"}:
            at += 1
        elif char in values or char in "fF":
            count = len(form) - at - len(form[at:].lstrip(char))
            if count > (8 if char == "d" else 7 if char in "fF" else 2):
                return None
            if char in "fF":
                shown = digits[:count]
                pieces.append(shown.rstrip("0") if char == "F" else shown)
            else:
                pieces.append(f"{values[char]:0{count}d}")
            at += count
        else:
            return None
    return "".join(pieces)


def _not_valid(what: str, text: str) -> NoReturn:
    function_error("formatTimeSpan", f"{what} '{text}' is not valid.", anchor=_ANCHOR)


@function(
    "formatTimeSpan",
    arity=Arity(
        2,
        3,
        "expects a timespan as the first parameter, an optional format string as the second parameter and an optional "
        "locale as the third parameter",
        anchor=_ANCHOR,
    ),
    parameters=(
        Parameter("its first parameter to be of type string", STRING, _ANCHOR),
        Parameter("its second parameter to be of type string", STRING, _ANCHOR),
        Parameter("its third parameter to be of type string", STRING, _ANCHOR),
    ),
    returns="string",
    group="dates",
    summary="Return a span of time, '1.02:03:04', in a standard (c, g, G) or custom format.",
    signature="formatTimeSpan(timespan, format, locale?)",
    example=("formatTimeSpan('01:02:03', 'hh\\:mm')", "01:02"),
    hidden=True,
)
def format_time_span(text: str, form: str, locale: str = "en-US") -> str:
    ticks = parse_span(text)
    if ticks is None:
        _not_valid("timespan", text)
    shown = span_text(ticks, form)
    if shown is None:
        _not_valid("format string", form)
    return shown
