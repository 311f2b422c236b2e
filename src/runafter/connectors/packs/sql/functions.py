"""T-SQL's functions that SQLite lacks. Time is the tenant's, not the machine's."""

from __future__ import annotations

import sqlite3
from calendar import monthrange
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from runafter.connectors.instants import TICKS_PER_SECOND, iso_fraction, moment, ticks_of

_SECONDS = {"second": 1, "ss": 1, "s": 1, "minute": 60, "mi": 60, "n": 60, "hour": 3600, "hh": 3600}
_DAYS = {"day": 1, "dd": 1, "d": 1, "week": 7, "wk": 7, "ww": 7}
_MONTHS = {"month": 1, "mm": 1, "m": 1, "quarter": 3, "qq": 3, "q": 3, "year": 12, "yy": 12, "yyyy": 12}


def _when(value: Any) -> datetime:
    return datetime.fromisoformat(str(value)).replace(tzinfo=None)


def _written(value: datetime) -> str:
    return value.isoformat(timespec="milliseconds")


def date_add(part: str, amount: Any, value: Any) -> str | None:
    if value is None or amount is None:
        return None
    unit, at, number = part.lower(), _when(value), int(amount)
    if unit in _SECONDS:
        return _written(at + timedelta(seconds=_SECONDS[unit] * number))
    if unit in _DAYS:
        return _written(at + timedelta(days=_DAYS[unit] * number))
    if unit in _MONTHS:
        months = at.year * 12 + at.month - 1 + _MONTHS[unit] * number
        year, month = divmod(months, 12)
        last = monthrange(year, month + 1)[1]
        return _written(at.replace(year=year, month=month + 1, day=min(at.day, last)))
    raise ValueError(f"'{part}' is not a recognized dateadd option")


def date_diff(part: str, start: Any, end: Any) -> int | None:
    """Count the boundaries of `part` between two times, as the service does."""
    if start is None or end is None:
        return None
    unit, first, last = part.lower(), _when(start), _when(end)
    if unit in _SECONDS:
        size = _SECONDS[unit]
        return (ticks_of(last) // TICKS_PER_SECOND) // size - (ticks_of(first) // TICKS_PER_SECOND) // size
    if unit in _DAYS:
        days = (last.date() - first.date()).days
        return days if _DAYS[unit] == 1 else (last.toordinal() // 7) - (first.toordinal() // 7)
    if unit in _MONTHS:
        size = _MONTHS[unit]
        return (last.year * 12 + last.month - 1) // size - (first.year * 12 + first.month - 1) // size
    raise ValueError(f"'{part}' is not a recognized datediff option")


def date_part(part: str, value: Any) -> int | None:
    if value is None:
        return None
    at = _when(value)
    names: dict[str, Callable[[], int]] = {
        "year": lambda: at.year,
        "month": lambda: at.month,
        "day": lambda: at.day,
        "hour": lambda: at.hour,
        "minute": lambda: at.minute,
        "second": lambda: at.second,
        "weekday": lambda: at.isoweekday() % 7 + 1,
        "dayofyear": lambda: at.timetuple().tm_yday,
    }
    if part.lower() not in names:
        raise ValueError(f"'{part}' is not a recognized datepart option")
    return names[part.lower()]()


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def register(
    connection: sqlite3.Connection, now: int, new_id: Callable[[], str], last_row: Callable[[], int | None]
) -> None:
    """Give `connection` the functions; `now` in ticks, `last_row` for SCOPE_IDENTITY()."""
    shown, day = iso_fraction(now)[:-1], moment(now)
    fixed: dict[str, str] = {
        "getdate": shown[:23],
        "getutcdate": shown[:23],
        "sysdatetime": shown,
        "sysutcdatetime": shown,
        "sysdatetimeoffset": f"{shown} +00:00",
        "current_timestamp": f"{day:%Y-%m-%d %H:%M:%S}",
        "current_date": f"{day:%Y-%m-%d}",
        "current_time": f"{day:%H:%M:%S}",
    }
    for name, value in fixed.items():
        connection.create_function(name, 0, lambda value=value: value)
    connection.create_function("newid", 0, lambda: new_id().upper())
    connection.create_function("scope_identity", 0, last_row)
    more: dict[tuple[str, int], Callable[..., Any]] = {
        ("dateadd", 3): date_add,
        ("datediff", 3): date_diff,
        ("datepart", 2): date_part,
        ("year", 1): lambda value: date_part("year", value),
        ("month", 1): lambda value: date_part("month", value),
        ("day", 1): lambda value: date_part("day", value),
        ("len", 1): lambda value: None if value is None else len(str(value).rstrip(" ")),
        ("left_part", 2): lambda value, size: None if value is None else str(value)[: int(size)],
        ("right_part", 2): lambda value, size: (
            None if value is None else str(value)[max(0, len(str(value)) - int(size)) :]
        ),
        ("replicate", 2): lambda value, count: None if value is None else str(value) * int(count),
        ("charindex", 2): lambda part, value: (
            None if value is None else _text(value).lower().find(_text(part).lower()) + 1
        ),
        ("concat", -1): lambda *values: "".join(_text(value) for value in values),
    }
    for (name, count), function in more.items():
        connection.create_function(name, count, function, deterministic=True)
