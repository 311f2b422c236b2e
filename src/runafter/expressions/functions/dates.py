"""Date and time functions. What a text means as a time is the concern of `values.dateparse`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from runafter.expressions.functions.registry import (
    ANY,
    INTEGER,
    NO_LINK,
    STRING,
    Arity,
    Parameter,
    function,
    function_error,
    refuse,
)
from runafter.expressions.scope import Scope
from runafter.values import time
from runafter.values.compare import type_name
from runafter.values.cultures import date_culture
from runafter.values.dateformat import InvalidDateFormat, format_time
from runafter.values.dateparse import InvalidTime, parse_exact, parse_time
from runafter.values.time import OutOfRange, Timestamp

_TIME = Parameter("its first parameter to be a string that contains the time", STRING)
_TIMESTAMP = Parameter("its first parameter to be a string that represents a timestamp", STRING)
_COUNT = Parameter("its second parameter to be an integer", INTEGER)
_STRING_FIRST = Parameter("its first parameter to be of type string", STRING)
_ORDINALS = ("first", "second", "third", "fourth")


def read(name: str, scope: Scope, text: str, locale: str | None = None, pattern: str | None = None) -> Timestamp:
    """Return the time of a text, or refuse it in the platform's words."""
    try:
        if pattern is not None:
            return parse_exact(text, pattern, scope.now_ticks, date_culture(locale))
        return parse_time(text, scope.now_ticks, date_culture(locale))
    except InvalidTime:
        refuse(
            f"In function '{name}', the value provided for date time string '{text}' was not valid. "
            "The datetime string must match ISO 8601 format."
        )
    except InvalidDateFormat:
        refuse_format(name, pattern or "")


def refuse_format(name: str, pattern: str) -> NoReturn:
    function_error(
        name,
        f"format parameter '{pattern}' is not supported. The format must be a valid single format specifier character "
        "(such as 'd' or 'g') or a valid custom format pattern (such as 'MMMM dd, yyyy' or 'hh:mm:ss.ff'). For details "
        "please review the Standard Date and Time Format Strings and the Custom Date and Time Format Strings of the "
        ".Net framework.",
    )


def write(name: str, moment: Timestamp, pattern: str = "o", locale: str | None = None) -> str:
    """Return the time under a format, or refuse the format in the platform's words."""
    try:
        return format_time(moment, pattern, date_culture(locale))
    except InvalidDateFormat:
        refuse_format(name, pattern)


def text_at(name: str, index: int, arguments: tuple[Any, ...], anchor: str, default: str | None = None) -> str | None:
    """Return the optional text at `index`, whose type the platform looks at only after it has read the time."""
    if index >= len(arguments):
        return default
    value = arguments[index]
    if type(value) is not str:
        function_error(
            name,
            f"expects its {_ORDINALS[index]} parameter to be of type string. "
            f"The provided value is of type '{type_name(value)}'.",
            anchor=anchor,
        )
    return str(value)


def _pattern(name: str, index: int, arguments: tuple[Any, ...], anchor: str) -> str:
    return text_at(name, index, arguments, anchor, "o") or ""


@function(
    "utcNow",
    arity=Arity(0, 1, "can be invoked with no parameters or with an optional format parameter"),
    parameters=(Parameter("its parameter to be of type string", STRING),),
    scope=True,
    anchor="utcnow",
    returns="string",
    group="dates",
    summary="Return the time now, in UTC.",
    signature="utcNow(format?)",
)
def utc_now(scope: Scope, pattern: str = "o") -> str:
    return write("utcNow", Timestamp(scope.now_ticks(), "utc"), pattern)


@function(
    "formatDateTime",
    arity=Arity(
        1,
        3,
        "expects a timestamp as the first parameter, an optional format string as the second parameter, and an optional "
        "locale string as the third parameter",
    ),
    parameters=(_STRING_FIRST, ANY, ANY),
    scope=True,
    anchor="formatdatetime",
    returns="string",
    group="dates",
    summary="Return a time under a format; 'o' unless told otherwise.",
    signature="formatDateTime(timestamp, format?, locale?)",
    example=("formatDateTime('2026-03-01T09:05:00Z', 'd MMMM yyyy')", "1 March 2026"),
)
def format_date_time(scope: Scope, timestamp: str, *rest: Any) -> str:
    name, anchor = "formatDateTime", "formatdatetime"
    moment = read(name, scope, timestamp)
    arguments = (timestamp, *rest)
    pattern = _pattern(name, 1, arguments, anchor)
    return write(name, moment, pattern, text_at(name, 2, arguments, anchor))


@function(
    "parseDateTime",
    arity=Arity(
        1,
        3,
        "expects a timestamp as the first parameter, an optional locale string as the second parameter, and an optional "
        "format string as the third parameter",
    ),
    parameters=(
        _STRING_FIRST,
        Parameter("its second parameter to be of type string", STRING),
        Parameter("its third parameter to be of type string", STRING),
    ),
    scope=True,
    anchor="parsedatetime",
    returns="string",
    group="dates",
    summary="Read a time as a culture writes it, and return it in ISO 8601.",
    signature="parseDateTime(timestamp, locale?, format?)",
    example=("parseDateTime('1. März 2026', 'de-DE')", "2026-03-01T00:00:00.0000000"),
)
def parse_date_time(scope: Scope, timestamp: str, locale: str | None = None, pattern: str | None = None) -> str:
    return write("parseDateTime", read("parseDateTime", scope, timestamp, locale, pattern))


def _moved(name: str, moment: Timestamp, count: int, unit: str, which: str = "second") -> Timestamp:
    try:
        return time.add(moment, count, unit)
    except OutOfRange:
        function_error(
            name,
            f"{which} parameter '{count}' is not valid. "
            "The added or subtracted value results in an unrepresentable DateTime.",
        )


def _declare_add(name: str, unit: str) -> None:
    plural = f"{unit}s"
    anchor = name.lower()

    @function(
        name,
        arity=Arity(
            2,
            3,
            f"expects a timestamp as the first parameter, the number of {plural} to add as the second parameter, "
            "and an optional format string as the third parameter",
        ),
        parameters=(_TIME, _COUNT, ANY),
        scope=True,
        anchor=anchor,
        returns="string",
        group="dates",
        summary=f"Return the time a whole number of {plural} later, or earlier.",
        signature=f"{name}(timestamp, {plural}, format?)",
        example=_ADD_EXAMPLES[unit],
    )
    def add(scope: Scope, timestamp: str, count: int, *rest: Any) -> str:
        moment = _moved(name, read(name, scope, timestamp), count, unit)
        return write(name, moment, _pattern(name, 2, (timestamp, count, *rest), anchor))


_ADD_EXAMPLES = {
    "day": ("addDays('2026-02-27T00:00:00Z', 2)", "2026-03-01T00:00:00.0000000Z"),
    "hour": ("addHours('2026-02-28T23:00:00Z', 1)", "2026-03-01T00:00:00.0000000Z"),
    "minute": ("addMinutes('2026-03-01T00:00:00Z', -1)", "2026-02-28T23:59:00.0000000Z"),
    "second": ("addSeconds('2026-03-01T00:00:00Z', 90)", "2026-03-01T00:01:30.0000000Z"),
}
for _name, _unit in (("addDays", "day"), ("addHours", "hour"), ("addMinutes", "minute"), ("addSeconds", "second")):
    _declare_add(_name, _unit)


def _unit_of(name: str, unit: str) -> str:
    if not time.is_unit(unit):
        function_error(
            name,
            "expects its second parameter to be a string that represents a valid time unit. "
            f"The provided value '{unit}' is not a valid time unit.",
            anchor="GetFutureTime",
        )
    return unit


def _declare_interval(name: str, sign: int, verb: str, example: tuple[str, str]) -> None:
    anchor = name[0].upper() + name[1:]

    @function(
        name,
        arity=Arity(
            3,
            4,
            "expects a timestamp as the first parameter, an interval as the second parameter, a time unit as the third "
            "parameter, and an optional format string as the fourth parameter",
        ),
        parameters=(
            _TIME,
            _COUNT,
            Parameter("its third parameter to be a string that contains the time unit", STRING),
            ANY,
        ),
        scope=True,
        anchor=anchor,
        returns="string",
        group="dates",
        summary=f"{verb} units to a time: Second, Minute, Hour, Day, Week, Month or Year."
        if sign > 0
        else f"{verb} units from a time: Second, Minute, Hour, Day, Week, Month or Year.",
        signature=f"{name}(timestamp, interval, timeUnit, format?)",
        example=example,
    )
    def move(scope: Scope, timestamp: str, count: int, unit: str, *rest: Any) -> str:
        moment = read(name, scope, timestamp)
        moved = _moved(name, moment, sign * count, _unit_of(name, unit))
        return write(name, moved, _pattern(name, 3, (timestamp, count, unit, *rest), anchor))


_declare_interval("addToTime", 1, "Add", ("addToTime('2026-01-31', 1, 'Month')", "2026-02-28T00:00:00.0000000"))
_declare_interval(
    "subtractFromTime", -1, "Take", ("subtractFromTime('2026-03-31', 1, 'Month')", "2026-02-28T00:00:00.0000000")
)


def _declare_now(name: str, sign: int, where: str) -> None:
    anchor = name[0].upper() + name[1:]

    @function(
        name,
        arity=Arity(
            2,
            3,
            "expects an interval as the first parameter, a time unit as the second parameter, and an optional format "
            "string as the third parameter",
        ),
        parameters=(
            Parameter("its first parameter to be an integer", INTEGER),
            Parameter("its second parameter to be a string that contains the time unit", STRING),
            ANY,
        ),
        scope=True,
        anchor=anchor,
        returns="string",
        group="dates",
        summary=f"Return the time now, moved by an interval into the {where}.",
        signature=f"{name}(interval, timeUnit, format?)",
    )
    def move(scope: Scope, count: int, unit: str, *rest: Any) -> str:
        now = Timestamp(scope.now_ticks(), "utc")
        moved = _moved(name, now, sign * count, _unit_of(name, unit), "first")
        return write(name, moved, _pattern(name, 2, (count, unit, *rest), anchor))


_declare_now("getFutureTime", 1, "future")
_declare_now("getPastTime", -1, "past")


def _declare_start(name: str, start: Callable[[Timestamp], Timestamp], example: str) -> None:
    anchor = name.lower()

    @function(
        name,
        arity=Arity(
            1, 2, "expects a timestamp as the first parameter and an optional format string as the second parameter"
        ),
        parameters=(_TIMESTAMP, ANY),
        scope=True,
        anchor=anchor,
        returns="string",
        group="dates",
        summary=f"Return the start of the {name.removeprefix('startOf').lower()} of a time.",
        signature=f"{name}(timestamp, format?)",
        example=(f"{name}('2026-03-15T13:30:30Z')", example),
    )
    def begin(scope: Scope, timestamp: str, *rest: Any) -> str:
        moment = start(read(name, scope, timestamp))
        return write(name, moment, _pattern(name, 1, (timestamp, *rest), anchor))


_declare_start("startOfDay", time.start_of_day, "2026-03-15T00:00:00.0000000Z")
_declare_start("startOfHour", time.start_of_hour, "2026-03-15T13:00:00.0000000Z")
_declare_start("startOfMonth", time.start_of_month, "2026-03-01T00:00:00.0000000Z")


def _declare_number(name: str, number: Callable[[Timestamp], int], summary: str, example: int) -> None:
    anchor = name.lower()
    # The platform's own link for a wrong type is misspelled for this one function.
    misspelled = "dayofymonth" if name == "dayOfMonth" else None

    @function(
        name,
        arity=Arity(1, 1, "expects a single parameter that is a timestamp"),
        parameters=(Parameter("its parameter to be a string that represents a timestamp", STRING, misspelled),),
        scope=True,
        anchor=anchor,
        returns="integer",
        group="dates",
        summary=summary,
        signature=f"{name}(timestamp)",
        example=(f"{name}('2026-03-15T13:30:30Z')", example),
    )
    def part(scope: Scope, timestamp: str) -> int:
        return number(read(name, scope, timestamp))


_declare_number("dayOfWeek", lambda at: time.fields(at.ticks).weekday, "Return the weekday; Sunday is 0.", 0)
_declare_number("dayOfMonth", lambda at: time.fields(at.ticks).day, "Return the day of the month.", 15)
_declare_number("dayOfYear", time.day_of_year, "Return the day of the year, from 1.", 74)
_declare_number("ticks", lambda at: at.ticks, "Return 100 ns ticks since 0001-01-01.", 639091782300000000)


@function(
    "dateDifference",
    arity=Arity(2, 2, "expects a timestamp as the first parameter and timestamp as the second parameter"),
    parameters=(_STRING_FIRST, Parameter("its second parameter to be of type string", STRING)),
    scope=True,
    anchor=NO_LINK,
    returns="string",
    group="dates",
    summary="Return the span from one time to another, as [-][d.]hh:mm:ss[.fffffff].",
    signature="dateDifference(startDate, endDate)",
    example=("dateDifference('2026-02-27', '2026-03-01T06:00:00')", "2.06:00:00"),
)
def date_difference(scope: Scope, start: str, end: str) -> str:
    first = read("dateDifference", scope, start)
    second = read("dateDifference", scope, end)
    return time.span_text(second.ticks - first.ticks)
