"""OData query options over rows in memory: $filter, $select, $orderby, $top, $skip and paging.

Text compares without regard to case, as SharePoint and Dataverse do. A field
that is absent is null. What the library's grammar or this evaluator lacks is
refused by name with 400, as a service would.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from runafter.connectors.instants import moment, parse_iso

Row = Mapping[str, Any]
Field = Callable[[Row, str], Any]


class BadQuery(ValueError):
    """A query option cannot be understood or is not supported; the text says which part."""


def plain_field(row: Row, path: str) -> Any:
    """Return `a/b` of a row; a choice object `{"Value": x}` asked for by its own name gives x."""
    value: Any = row
    for name in path.split("/"):
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    if isinstance(value, Mapping) and "Value" in value:
        return value["Value"]
    return value


def _arguments(text: str, start: int) -> tuple[list[str], int]:
    """Split the arguments of the call whose `(` is at `start`; return them and the index after `)`."""
    parts, depth, quoted, at, begin = list[str](), 0, False, start, start + 1
    while at < len(text):
        char = text[at]
        if char == "'":
            quoted = not quoted
        elif not quoted:
            if char == "(":
                depth += 1
            elif char == ")":
                depth -= 1
                if depth == 0:
                    parts.append(text[begin:at].strip())
                    return parts, at + 1
            elif char == "," and depth == 1:
                parts.append(text[begin:at].strip())
                begin = at + 1
        at += 1
    raise BadQuery("a parenthesis is not closed")


def modern(text: str) -> str:
    """Return an OData v2/v3 filter in v4: `substringof('x',F)`, `datetime'...'` and `guid'...'` rewritten."""
    out = re.sub(r"\b(?:datetime|datetimeoffset)'([^']*)'", r"'\1'", text, flags=re.IGNORECASE)
    out = re.sub(r"\bguid'([^']*)'", r"\1", out, flags=re.IGNORECASE)
    while (found := re.search(r"\bsubstringof\s*\(", out, re.IGNORECASE)) is not None:
        parts, end = _arguments(out, found.end() - 1)
        if len(parts) != 2:
            raise BadQuery("substringof takes two arguments")
        tail = re.sub(r"^\s+eq\s+true\b", "", out[end:], flags=re.IGNORECASE)
        out = f"{out[: found.start()]}contains({parts[1]},{parts[0]}){tail}"
    return out


@lru_cache(maxsize=512)
def _parse(text: str) -> Any:
    from odata_query.exceptions import ODataException
    from odata_query.grammar import ODataLexer, ODataParser

    lexer: Any = ODataLexer()
    parser: Any = ODataParser()
    try:
        tree = parser.parse(lexer.tokenize(modern(text)))
    except ODataException as error:
        raise BadQuery(f"The query filter '{text}' is not valid: {error}") from error
    if tree is None:
        raise BadQuery(f"The query filter '{text}' is not valid.")
    return tree


def _plain(value: Any) -> Any:
    """Return a value in the form in which two of them compare: numbers, lower-case text, ticks of times."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return Decimal(str(value))
    if isinstance(value, str):
        if len(value) >= 10 and value[4:5] == "-" and value[7:8] == "-":
            ticks = parse_iso(value)
            if ticks is not None:
                return ticks
        return value.lower()
    return value


def _pair(left: Any, right: Any) -> tuple[Any, Any]:
    left, right = _plain(left), _plain(right)
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Decimal) and isinstance(other, str):
            try:
                return (left, Decimal(other)) if one is left else (Decimal(other), right)
            except InvalidOperation:
                return str(left), str(right)
    return left, right


def _compare(operator: str, left: Any, right: Any) -> bool:
    one, other = _pair(left, right)
    if operator == "Eq":
        return bool(one == other)
    if operator == "NotEq":
        return bool(one != other)
    if one is None or other is None:
        return False
    try:
        match operator:
            case "Gt":
                return bool(one > other)
            case "GtE":
                return bool(one >= other)
            case "Lt":
                return bool(one < other)
            case _:
                return bool(one <= other)
    except TypeError as error:
        raise BadQuery(f"cannot compare {left!r} with {right!r}") from error


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "Add": lambda a, b: a + b,
    "Sub": lambda a, b: a - b,
    "Mult": lambda a, b: a * b,
    "Div": lambda a, b: a / b,
    "Mod": lambda a, b: a % b,
}


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _part(value: Any, name: str) -> int | None:
    ticks = parse_iso(value) if isinstance(value, str) else None
    return None if ticks is None else int(getattr(moment(ticks), name))


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "contains": lambda a, b: _text(b).lower() in _text(a).lower(),
    "startswith": lambda a, b: _text(a).lower().startswith(_text(b).lower()),
    "endswith": lambda a, b: _text(a).lower().endswith(_text(b).lower()),
    "tolower": lambda a: _text(a).lower(),
    "toupper": lambda a: _text(a).upper(),
    "trim": lambda a: _text(a).strip(),
    "length": lambda a: len(_text(a)),
    "indexof": lambda a, b: _text(a).lower().find(_text(b).lower()),
    "concat": lambda a, b: _text(a) + _text(b),
    "substring": lambda a, start, count=None: _text(a)[int(start) :][: None if count is None else int(count)],
    "year": lambda a: _part(a, "year"),
    "month": lambda a: _part(a, "month"),
    "day": lambda a: _part(a, "day"),
    "hour": lambda a: _part(a, "hour"),
    "minute": lambda a: _part(a, "minute"),
    "second": lambda a: _part(a, "second"),
    "date": lambda a: _text(a)[:10],
    "round": lambda a: round(float(a)),
    "floor": lambda a: int(float(a) // 1),
    "ceiling": lambda a: -int(-float(a) // 1),
}


@dataclass(frozen=True, slots=True)
class _Evaluator:
    field: Field
    scope: tuple[tuple[str, Any], ...] = ()

    def path(self, node: Any) -> str:
        kind = type(node).__name__
        if kind == "Identifier":
            return ".".join((*node.namespace, node.name))
        if kind == "Attribute":
            return f"{self.path(node.owner)}/{node.attr}"
        raise BadQuery(f"{kind} cannot stand for a field")

    def look_up(self, row: Row, path: str) -> Any:
        first, _, rest = path.partition("/")
        for name, value in self.scope:
            if name == first:
                return plain_field(value, rest) if rest and isinstance(value, Mapping) else value
        return self.field(row, path)

    def value(self, node: Any, row: Row) -> Any:
        kind = type(node).__name__
        match kind:
            case "Identifier" | "Attribute":
                return self.look_up(row, self.path(node))
            case "Null":
                return None
            case "Integer" | "Float":
                return Decimal(node.val)
            case "Boolean":
                return node.val == "true"
            case "String" | "GUID" | "Date" | "DateTime" | "Time":
                return node.val
            case "List":
                return [self.value(item, row) for item in node.val]
            case "Compare":
                return self.comparison(node, row)
            case "BoolOp":
                left = bool(self.value(node.left, row))
                if type(node.op).__name__ == "And":
                    return left and bool(self.value(node.right, row))
                return left or bool(self.value(node.right, row))
            case "UnaryOp":
                operand = self.value(node.operand, row)
                return not operand if type(node.op).__name__ == "Not" else -operand
            case "BinOp":
                left, right = self.value(node.left, row), self.value(node.right, row)
                if left is None or right is None:
                    return None
                return _ARITHMETIC[type(node.op).__name__](Decimal(str(left)), Decimal(str(right)))
            case "Call":
                return self.call(node, row)
            case "CollectionLambda":
                return self.quantified(node, row)
            case _:
                raise BadQuery(f"{kind} is not supported in $filter")

    def comparison(self, node: Any, row: Row) -> bool:
        operator = type(node.comparator).__name__
        left, right = self.value(node.left, row), self.value(node.right, row)
        if operator == "In":
            return any(_compare("Eq", left, item) for item in right)
        return _compare(operator, left, right)

    def call(self, node: Any, row: Row) -> Any:
        name = self.path(node.func)
        function = _FUNCTIONS.get(name.lower())
        if function is None:
            raise BadQuery(f"the function '{name}' is not supported in $filter")
        arguments = [self.value(argument, row) for argument in node.args]
        try:
            return function(*arguments)
        except TypeError as error:
            raise BadQuery(f"the function '{name}' does not take {len(arguments)} such arguments") from error

    def quantified(self, node: Any, row: Row) -> bool:
        items = self.value(node.owner, row)
        if not isinstance(items, list):
            return type(node.operator).__name__ == "All"
        if node.lambda_ is None:
            return bool(items)
        name = node.lambda_.identifier.name
        results = (
            bool(_Evaluator(self.field, ((name, item), *self.scope)).value(node.lambda_.expression, row))
            for item in items
        )
        return any(results) if type(node.operator).__name__ == "Any" else all(results)


def _supported(node: Any) -> None:
    """Refuse functions that are not supported before any row is looked at."""
    if isinstance(node, list | tuple):
        for item in node:
            _supported(item)
        return
    if not is_dataclass(node):
        return
    if type(node).__name__ == "Call":
        name = _Evaluator(plain_field).path(getattr(node, "func"))  # noqa: B009 - its class has no stubs
        if name.lower() not in _FUNCTIONS:
            raise BadQuery(f"the function '{name}' is not supported in $filter; there are {', '.join(_FUNCTIONS)}")
    for part in fields(node):
        _supported(getattr(node, part.name))


def predicate(text: str, field: Field = plain_field) -> Callable[[Row], bool]:
    """Return the test that a $filter describes.

    Raises:
        BadQuery: the text is no filter, or has a function that is not supported.
    """
    tree = _parse(text)
    _supported(tree)
    evaluator = _Evaluator(field)
    return lambda row: bool(evaluator.value(tree, row))


class _Key:
    """Orders nulls first, then by plain value."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = _plain(value)

    def __lt__(self, other: _Key) -> bool:
        if self.value is None or other.value is None:
            return self.value is None and other.value is not None
        try:
            return bool(self.value < other.value)
        except TypeError:
            return str(self.value) < str(other.value)


def ordered(rows: Sequence[Row], orderby: str, field: Field = plain_field) -> list[Row]:
    """Return the rows by `$orderby`: `Created desc, Title`; stable."""
    result = list(rows)
    for term in reversed([part.strip() for part in orderby.split(",") if part.strip()]):
        path, _, direction = term.partition(" ")
        if direction.strip().lower() not in ("", "asc", "desc"):
            raise BadQuery(f"'{term}' is no order")
        result.sort(key=lambda row: _Key(field(row, path)), reverse=direction.strip().lower() == "desc")
    return result


def selected(row: Row, select: str, *, always: Sequence[str] = ()) -> dict[str, Any]:
    """Return the row with only the fields of `$select`, and annotations (`a@b`) of those fields."""
    wanted = {name.strip().split("/", 1)[0] for name in select.split(",") if name.strip()}
    if not wanted or "*" in wanted:
        return dict(row)
    wanted |= set(always)
    return {key: value for key, value in row.items() if key in wanted or key.split("@", 1)[0] in wanted}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """The query options of one request."""

    filter: str = ""
    orderby: str = ""
    select: str = ""
    top: int | None = None
    skip: int = 0
    count: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One page of rows: `next_skip` is where the next one starts, None at the end; `total` counts before paging."""

    rows: list[Row]
    next_skip: int | None
    total: int


def names_in(query: Query) -> list[str]:
    """Return the fields that a query names: of `a/b` the first part, in the order of filter, order and selection.

    Raises:
        BadQuery: the filter is none.
    """
    found = dict.fromkeys(_names(_parse(query.filter), frozenset())) if query.filter else {}
    for term in (*query.orderby.split(","), *query.select.split(",")):
        name = term.strip().partition(" ")[0].partition("/")[0]
        if name and name != "*":
            found[name] = None
    return list(found)


def _names(node: Any, scope: frozenset[str]) -> Iterator[str]:
    kind = type(node).__name__
    if isinstance(node, list | tuple):
        for item in node:
            yield from _names(item, scope)
    elif kind in ("Identifier", "Attribute"):
        first = _Evaluator(plain_field).path(node).partition("/")[0]
        if first not in scope:
            yield first
    elif kind == "CollectionLambda":
        yield from _names(node.owner, scope)
        if node.lambda_ is not None:
            yield from _names(node.lambda_.expression, scope | {node.lambda_.identifier.name})
    elif is_dataclass(node):
        for part in fields(node):
            if not (kind == "Call" and part.name == "func"):
                yield from _names(getattr(node, part.name), scope)


def query_of(options: Mapping[str, Any]) -> Query:
    """Return the options `$filter`, `$orderby`, `$select`, `$top`, `$skip`, `$count`, absent or null ones aside."""

    def text(name: str) -> str:
        value = options.get(name)
        return "" if value is None else str(value)

    def number(name: str) -> int | None:
        written = text(name)
        if not written:
            return None
        try:
            value = int(float(written))
        except ValueError as error:
            raise BadQuery(f"Invalid value '{written}' for {name} query option found.") from error
        if value < 0:
            raise BadQuery(f"Invalid value '{written}' for {name} query option found.")
        return value

    return Query(
        filter=text("$filter"),
        orderby=text("$orderby"),
        select=text("$select"),
        top=number("$top"),
        skip=number("$skip") or 0,
        count=text("$count").lower() == "true",
    )


def page(rows: Sequence[Row], query: Query, *, page_size: int, field: Field = plain_field) -> Page:
    """Return the page of `rows` that the query asks for.

    `$top` bounds the whole answer; without it pages of `page_size` follow one another.
    """
    matching: list[Row] = list(rows)
    if query.filter:
        test = predicate(query.filter, field)
        matching = [row for row in matching if test(row)]
    total = len(matching)
    if query.orderby:
        matching = ordered(matching, query.orderby, field)
    size = page_size if query.top is None else min(query.top, page_size)
    shown = matching[query.skip : query.skip + size]
    after = query.skip + len(shown)
    more = after < total and query.top is None
    return Page(shown, after if more else None, total)
