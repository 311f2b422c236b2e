"""Dataverse's own query functions in `$filter`, as plain OData: `LastXDays(PropertyName='createdon',PropertyValue=7)`.

The names are those of learn.microsoft.com/power-apps/developer/data-platform/webapi/reference/queryfunctions (read
2026-11-21). That spans of days begin at midnight UTC, as they do at the user's midnight in the service, is from
experience of the platform, not verified against a page. What is not here is refused by name.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from runafter.connectors.instants import moment
from runafter.connectors.odata import BadQuery

_PREFIX = "Microsoft.Dynamics.CRM."
_CALL = re.compile(r"Microsoft\.Dynamics\.CRM\.(\w+)\s*\(", re.IGNORECASE)
_ARGUMENT = re.compile(r"\s*(\w+)\s*=\s*(\[[^\]]*\]|'(?:[^']|'')*'|[^,()]+)\s*(?:,|$)")
_UNITS = {"minutes": 1 / 1440, "hours": 1 / 24, "days": 1, "weeks": 7}
_SPAN = re.compile(r"(last|next|olderthan)x(minutes|hours|days|weeks|months|years)", re.IGNORECASE)
_NAMED = re.compile(r"(last|this|next)(week|month|year)", re.IGNORECASE)


def in_plain_odata(text: str, now: int) -> str:
    """Return a filter with query functions rewritten; `now` is the moment of the query in ticks.

    Raises:
        BadQuery: a function is not supported, or its arguments are not those it takes.
    """
    out = text
    while (found := _CALL.search(out)) is not None:
        end = _closing(out, found.end() - 1)
        given = {name.lower(): value for name, value in _ARGUMENT.findall(out[found.end() : end])}
        out = f"{out[: found.start()]}({_rewritten(found[1], given, moment(now).astimezone(UTC))}){out[end + 1 :]}"
    return out


def _closing(text: str, start: int) -> int:
    depth, quoted = 0, False
    for at in range(start, len(text)):
        char = text[at]
        quoted = quoted != (char == "'")
        depth += 0 if quoted else (char == "(") - (char == ")")
        if depth == 0 and char == ")":
            return at
    raise BadQuery("a parenthesis is not closed")


def _rewritten(name: str, given: dict[str, str], now: datetime) -> str:
    field = given.get("propertyname", "").strip("'")
    if not field:
        raise BadQuery(f"the function '{_PREFIX}{name}' needs PropertyName")
    folded, value = name.lower(), given.get("propertyvalue", "")
    values = _values(given.get("propertyvalues", ""))
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if (span := _SPAN.fullmatch(name)) is not None:
        return _span(field, span[1].lower(), span[2].lower(), _whole(name, value), now, today)
    if (named := _NAMED.fullmatch(name)) is not None:
        return _calendar(field, {"last": -1, "this": 0, "next": 1}[named[1].lower()], named[2].lower(), today)
    match folded:
        case "today" | "yesterday" | "tomorrow":
            start = today + timedelta(days={"today": 0, "yesterday": -1, "tomorrow": 1}[folded])
            return _between(field, start, start + timedelta(days=1))
        case "last7days":
            return _between(field, today - timedelta(days=7), now)
        case "next7days":
            return _between(field, now, today + timedelta(days=8))
        case "on" | "noton" | "onorafter" | "onorbefore":
            start = _day(name, value)
            on = _between(field, start, start + timedelta(days=1))
            plain = {"on": on, "noton": f"not ({on})", "onorafter": f"{field} ge {_stamp(start)}"}
            return plain.get(folded, f"{field} lt {_stamp(start + timedelta(days=1))}")
        case "in" | "notin" | "containvalues" | "doesnotcontainvalues" if values:
            one = f"contains({field},{{}})" if "contain" in folded else f"{field} eq {{}}"
            inside = " or ".join(one.format(each) for each in values)
            return f"not ({inside})" if "not" in folded else inside
        case "between" | "notbetween" if len(values) == 2:
            inside = f"{field} ge {_bare(values[0])} and {field} le {_bare(values[1])}"
            return f"not ({inside})" if folded == "notbetween" else inside
        case "contains" | "beginswith" | "startswith" | "endswith" | "doesnotcontain" if value:
            function = {"beginswith": "startswith", "doesnotcontain": "contains"}.get(folded, folded)
            return f"{'not ' if folded == 'doesnotcontain' else ''}{function}({field},{value})"
        case _:
            raise BadQuery(f"the function '{_PREFIX}{name}' is not supported in $filter with these arguments")


def _span(field: str, side: str, unit: str, count: int, now: datetime, today: datetime) -> str:
    by_day = unit not in ("minutes", "hours")
    base = today if by_day else now
    if side == "next":
        end = _moved(base, unit, count) + (timedelta(days=1) if by_day else timedelta())
        return f"{field} gt {_stamp(now)} and {field} lt {_stamp(end)}"
    start = _moved(base, unit, -count)
    return (
        f"{field} lt {_stamp(start)}"
        if side == "olderthan"
        else f"{field} ge {_stamp(start)} and {field} le {_stamp(now)}"
    )


def _moved(base: datetime, unit: str, count: int) -> datetime:
    if unit in _UNITS:
        return base + timedelta(days=count * _UNITS[unit])
    months = base.year * 12 + base.month - 1 + count * (12 if unit == "years" else 1)
    year, month = divmod(months, 12)
    for day in (base.day, 30, 29, 28):
        try:
            return base.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    return base


def _calendar(field: str, shift: int, unit: str, today: datetime) -> str:
    if unit == "week":
        start = today - timedelta(days=(today.weekday() + 1) % 7) + timedelta(weeks=shift)
        return _between(field, start, start + timedelta(weeks=1))
    first = today.replace(day=1) if unit == "month" else today.replace(month=1, day=1)
    start = _moved(first, f"{unit}s", shift)
    return _between(field, start, _moved(start, f"{unit}s", 1))


def _between(field: str, start: datetime, end: datetime) -> str:
    return f"{field} ge {_stamp(start)} and {field} lt {_stamp(end)}"


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _values(text: str) -> list[str]:
    return [part.strip().replace('"', "'") for part in text.strip("[] ").split(",") if part.strip()]


def _bare(value: str) -> str:
    """Return a number or time that was written as a text without its quotes."""
    inner = value.strip("'")
    return inner if re.fullmatch(r"-?\d+(\.\d+)?|\d{4}-\d{2}-\d{2}(T[\d:.]+Z?)?", inner) else value


def _whole(name: str, value: str) -> int:
    try:
        return int(value.strip("' "))
    except ValueError as error:
        raise BadQuery(f"the function '{_PREFIX}{name}' needs a whole number as PropertyValue") from error


def _day(name: str, value: str) -> datetime:
    try:
        return datetime.fromisoformat(value.strip("' ")[:10]).replace(tzinfo=UTC)
    except ValueError as error:
        raise BadQuery(f"the function '{_PREFIX}{name}' needs a date as PropertyValue") from error
