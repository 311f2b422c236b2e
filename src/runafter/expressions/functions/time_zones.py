"""The functions that move a time from one zone to another."""

from __future__ import annotations

from typing import Any, NoReturn

from runafter.expressions.functions.dates import read, text_at, write
from runafter.expressions.functions.registry import ANY, STRING, Arity, Parameter, function, function_error, refuse
from runafter.expressions.scope import Scope
from runafter.values import zones
from runafter.values.time import round_trip
from runafter.values.zones import SkippedTime, UnknownZone

_TIME = Parameter("its first parameter to be a string that contains the time", STRING)


def _zone_parameter(which: str) -> Parameter:
    return Parameter(f"its {which} parameter to be a string that contains the time zone", STRING)


def _refuse_zone(name: str, zone: str) -> NoReturn:
    # The blank at the end is the platform's.
    refuse(
        f"In the template language function '{name}', the value provided for the time zone id '{zone}' was not valid. "
    )


def _known(name: str, *names: str) -> None:
    for zone in names:
        try:
            zones.zone(zone)
        except UnknownZone:
            _refuse_zone(name, zone)


def _pattern(name: str, index: int, arguments: tuple[Any, ...], anchor: str) -> str:
    return text_at(name, index, arguments, anchor, "o") or ""


@function(
    "convertFromUtc",
    arity=Arity(
        2,
        3,
        "expects a timestamp as the first parameter, a target time zone as the second parameter, and an optional format "
        "string as the third parameter",
    ),
    parameters=(_TIME, _zone_parameter("second"), ANY),
    scope=True,
    anchor="ConvertFromUtc",
    returns="string",
    group="dates",
    summary="Return what clocks in a zone show at a UTC time.",
    signature="convertFromUtc(timestamp, destinationTimeZone, format?)",
    example=("convertFromUtc('2026-07-01T12:00:00Z', 'W. Europe Standard Time')", "2026-07-01T14:00:00.0000000"),
)
def convert_from_utc(scope: Scope, timestamp: str, zone: str, *rest: Any) -> str:
    name = "convertFromUtc"
    moment = read(name, scope, timestamp)
    if moment.kind != "utc":
        function_error(
            name,
            "expects its first parameter to be a string that contains a UTC date time. "
            f"The value was '{round_trip(moment)}'.",
            anchor="ConvertFromUtc",
        )
    _known(name, zone)
    local = zones.from_utc(moment, zone)
    return write(name, local, _pattern(name, 2, (timestamp, zone, *rest), "ConvertFromUtc"))


@function(
    "convertToUtc",
    arity=Arity(
        2,
        3,
        "expects a timestamp as the first parameter, a source time zone as the second parameter, and an optional format "
        "string as the third parameter",
    ),
    parameters=(_TIME, _zone_parameter("second"), ANY),
    scope=True,
    anchor="ConvertToUtc",
    returns="string",
    group="dates",
    summary="Return the UTC time at which clocks in a zone show this.",
    signature="convertToUtc(timestamp, sourceTimeZone, format?)",
    example=("convertToUtc('2026-07-01T14:00:00', 'W. Europe Standard Time')", "2026-07-01T12:00:00.0000000Z"),
)
def convert_to_utc(scope: Scope, timestamp: str, zone: str, *rest: Any) -> str:
    name = "convertToUtc"
    moment = read(name, scope, timestamp)
    _known(name, zone)
    matches = moment.kind == "unspecified" or (moment.kind == "utc" and zones.is_utc(zone))
    try:
        universal = zones.to_utc(moment, zone, strict=True) if matches else None
    except SkippedTime:
        universal = None
    if universal is None:
        function_error(
            name,
            "expects its second parameter to be a time zone matching the time zone indicated by the timestamp. "
            f"The provided value '{zones.display_name(zone)}' is not valid or does not match the timestamp "
            f"'{round_trip(moment)}'.",
            anchor="ConvertToUtc",
        )
    return write(name, universal, _pattern(name, 2, (timestamp, zone, *rest), "ConvertToUtc"))


@function(
    "convertTimeZone",
    arity=Arity(
        3,
        4,
        "expects a timestamp as the first parameter, a source time zone as the second parameter, a target time zone as "
        "the third parameter, and an optional format string as the fourth parameter",
    ),
    parameters=(_TIME, _zone_parameter("second"), _zone_parameter("third"), ANY),
    scope=True,
    anchor="ConvertTimeZone",
    returns="string",
    group="dates",
    summary="Move a time from one zone to another; the source zone counts only where the text names none.",
    signature="convertTimeZone(timestamp, sourceTimeZone, destinationTimeZone, format?)",
    example=(
        "convertTimeZone('2026-07-01T14:00:00', 'W. Europe Standard Time', 'Tokyo Standard Time')",
        "2026-07-01T21:00:00.0000000",
    ),
)
def convert_time_zone(scope: Scope, timestamp: str, source: str, target: str, *rest: Any) -> str:
    name = "convertTimeZone"
    moment = read(name, scope, timestamp)
    _known(name, source, target)
    universal = zones.to_utc(moment, source) if moment.kind == "unspecified" else moment
    local = zones.from_utc(universal, target)
    return write(name, local, _pattern(name, 3, (timestamp, source, target, *rest), "ConvertTimeZone"))
