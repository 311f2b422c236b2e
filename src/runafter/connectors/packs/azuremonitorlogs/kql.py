"""A small subset of KQL over rows in memory; what lies beyond is refused by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from runafter.connectors import odata
from runafter.connectors.instants import TICKS_PER_SECOND, iso

Row = dict[str, Any]
_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_CLAUSE = re.compile(
    r"(?P<field>[\w.]+)\s*(?P<op>==|!=|=~|>=|<=|>|<|!contains|contains|startswith|endswith|has|in~?|!in)\s*(?P<value>\(.*?\)|ago\(\d+[dhms]\)|datetime\([^)]*\)|\"[^\"]*\"|'[^']*'|[\w.\-:]+)",
    re.IGNORECASE | re.DOTALL,
)


class UnsupportedQuery(ValueError):
    """A part of the query lies beyond the subset; the text names it."""


def pipes(text: str) -> list[str]:
    """Split a query at its pipes, strings and comments respected."""
    clean = re.sub(r"//[^\n]*", "", text)
    parts, current, quote = list[str](), "", ""
    for char in clean:
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char == "|":
            parts.append(current.strip())
            current = ""
            continue
        current += char
    parts.append(current.strip())
    return [part.rstrip(";").strip() for part in parts if part.strip()]


def _literal(text: str, now: int) -> Any:
    stripped = text.strip()
    if stripped[:1] in "\"'":
        return stripped[1:-1]
    if (ago := re.fullmatch(r"ago\((\d+)([dhms])\)", stripped)) is not None:
        return iso(now - int(ago[1]) * _UNITS[ago[2]] * TICKS_PER_SECOND)
    if (date := re.fullmatch(r"datetime\(([^)]*)\)", stripped)) is not None:
        return date[1].strip("\"'")
    if stripped in ("true", "false"):
        return stripped == "true"
    try:
        return float(stripped) if "." in stripped else int(stripped)
    except ValueError:
        raise UnsupportedQuery(f"the expression '{stripped}' is not supported") from None


def _holds(held: Any, operator: str, value: Any) -> bool:
    text, wanted = str("" if held is None else held).lower(), str(value).lower()
    match operator:
        case "contains" | "has":
            return wanted in text
        case "!contains":
            return wanted not in text
        case "startswith":
            return text.startswith(wanted)
        case "endswith":
            return text.endswith(wanted)
        case "==":
            return bool(held == value) or (not isinstance(held, str) and text == wanted)
        case "=~":
            return text == wanted
        case "!=":
            return not _holds(held, "==", value)
    name = {">": "gt", ">=": "ge", "<": "lt", "<=": "le"}[operator]
    literal = "'" + str(value).replace("'", "''") + "'" if isinstance(value, str) else str(value)
    return bool(odata.predicate(f"x {name} {literal}")({"x": held}))


def _test(text: str, now: int) -> Callable[[Row], bool]:
    for word, combine in ((" or ", any), (" and ", all)):
        parts = _split(text, word)
        if len(parts) > 1:
            tests = [_test(part, now) for part in parts]
            return lambda row, tests=tests, combine=combine: combine(test(row) for test in tests)  # type: ignore[misc]
    stripped = text.strip()
    if stripped.startswith("(") and stripped.endswith(")"):
        return _test(stripped[1:-1], now)
    if (not_empty := re.fullmatch(r"(isnotempty|isempty|isnotnull|isnull)\((\w+)\)", stripped)) is not None:
        empty = not_empty[1] in ("isempty", "isnull")
        return lambda row: (row.get(not_empty[2]) in (None, "")) is empty
    found = _CLAUSE.fullmatch(stripped)
    if found is None:
        raise UnsupportedQuery(f"the condition '{stripped}' is not supported")
    name, operator, raw = found["field"], found["op"].lower(), found["value"]
    if operator in ("in", "in~", "!in"):
        values = [_literal(part, now) for part in _split(raw.strip("()"), ",")]
        return lambda row: any(_holds(row.get(name), "=~", v) for v in values) is (operator != "!in")
    value = _literal(raw, now)
    return lambda row: _holds(row.get(name), operator, value)


def _split(text: str, word: str) -> list[str]:
    parts, depth, quote, current, at = list[str](), 0, "", "", 0
    while at < len(text):
        char = text[at]
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        else:
            depth += (char == "(") - (char == ")")
            if depth == 0 and text[at : at + len(word)].lower() == word:
                parts.append(current.strip())
                current = ""
                at += len(word)
                continue
        current += char
        at += 1
    return [*parts, current.strip()]


def _named(text: str) -> tuple[str, str]:
    name, mark, expression = text.partition("=")
    return (
        (name.strip(), expression.strip()) if mark and not expression.startswith("=") else (text.strip(), text.strip())
    )


def _summarize(rows: list[Row], text: str) -> list[Row]:
    body, _, by = re.sub(r"\s+", " ", text).partition(" by ")
    keys = [key.strip() for key in _split(by, ",") if key.strip()]
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row.get(key) for key in keys), []).append(row)
    if not keys and not groups:
        groups[()] = []
    out = list[Row]()
    for values, members in groups.items():
        made: Row = dict(zip(keys, values, strict=True))
        for part in _split(body, ","):
            name, expression = _named(part)
            found = re.fullmatch(r"(count|dcount|sum|avg|min|max|make_set|make_list)\((\w*)\)", expression)
            if found is None:
                raise UnsupportedQuery(f"the aggregate '{expression}' is not supported")
            column = f"{found[1]}_{found[2]}" if name == expression else name
            made[column] = _aggregate(found[1], [row.get(found[2]) for row in members])
        out.append(made)
    return out


def _aggregate(function: str, values: list[Any]) -> Any:
    present = [value for value in values if value is not None]
    match function:
        case "count":
            return len(values)
        case "dcount":
            return len({str(value) for value in present})
        case "make_list":
            return present
        case "make_set":
            return list(dict.fromkeys(present))
        case "avg":
            return sum(present) / len(present) if present else None
        case "sum":
            return sum(present)
    return (min if function == "min" else max)(present) if present else None


def run(text: str, tables: Callable[[str], list[Row]], now: int) -> list[Row]:
    """Return the rows of a query.

    Raises:
        UnsupportedQuery: names the operator or expression that lies beyond the subset.
    """
    source, *steps = pipes(text) or [""]
    if not re.fullmatch(r"\w+", source):
        raise UnsupportedQuery(f"'{source.split()[0] if source.split() else ''}' cannot begin a query here")
    rows = [dict(row) for row in tables(source)]
    for step in steps:
        operator, _, rest = step.partition(" ")
        rows = _step(operator.lower(), rest.strip(), rows, now)
    return rows


def _step(operator: str, rest: str, rows: list[Row], now: int) -> list[Row]:
    match operator:
        case "where" | "filter":
            test = _test(rest, now)
            return [row for row in rows if test(row)]
        case "take" | "limit":
            return rows[: int(rest)]
        case "count":
            return [{"Count": len(rows)}]
        case "project":
            names = [_named(part) for part in _split(rest, ",")]
            return [{name: row.get(source) for name, source in names} for row in rows]
        case "project-away":
            away = {part.strip() for part in rest.split(",")}
            return [{key: value for key, value in row.items() if key not in away} for row in rows]
        case "extend":
            pairs = [_named(part) for part in _split(rest, ",")]
            return [{**row, **{n: row[e] if e in row else _literal(e, now) for n, e in pairs}} for row in rows]
        case "distinct":
            columns = [part.strip() for part in rest.split(",")]
            seen: dict[tuple[str, ...], Mapping[str, Any]] = {}
            for row in rows:
                seen.setdefault(
                    tuple(str(row.get(name)) for name in columns), {name: row.get(name) for name in columns}
                )
            return [dict(row) for row in seen.values()]
        case "sort" | "order":
            # KQL sorts downwards unless told otherwise.
            terms = [
                t if re.search(r"\s(asc|desc)$", t) else f"{t} desc" for t in _split(rest.removeprefix("by "), ",")
            ]
            return [dict(row) for row in odata.ordered(rows, ", ".join(terms))]
        case "top":
            count, _, by = rest.partition(" by ")
            return _step("sort", by, rows, now)[: int(count)]
        case "summarize":
            return _summarize(rows, rest)
        case _:
            raise UnsupportedQuery(f"the operator '{operator}' is not supported")
