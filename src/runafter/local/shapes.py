"""What is known about a value that nobody has given, from how a flow uses it.

A `Shape` grows: every read of a property, every loop over it, every function
that takes it adds what that use needs. Two shapes that must be the same value
are united (union-find), so that what a loop's body reads from `items()` is
known of the array the loop runs over. `sample` then makes a value that fits.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from runafter.local.patterns import text_of_pattern

LIST_LENGTH = 2
MAX_DEPTH = 24
"""Steps into a value, or into a schema, beyond which nothing is made."""
_MOST_VALUES = 50_000
_TIMESTAMP = "2026-01-05T09:30:00Z"
_TIME_NAME = re.compile(r"(^|[a-z])Time(Utc|UTC|Generated)?$|TimeGenerated")
CLOCK = "2024-01-01T00:00:00Z"
"""Where the virtual clock starts."""
_FORMS = {
    "time": "09:30:00Z",
    "duration": "P1D",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
}
"""A text of each of the schema formats that no name and no number is put into."""
_UNKNOWN = object()
_ROOM = 40
"""Characters before and after what is looked for in a text, so that cutting around it stays inside."""


class Shape:
    """One value's needs. Use `find()` before reading fields; the methods do so by themselves.

    `time_of` is the instant that this value was computed of (its ticks, its day); `beside_clock` says where an
    instant is wished to stand: `before`, `after` or `at` the time at which the flow runs. `base` is the object that
    this one was made of by setting a property: what is read of it otherwise is read of the base.
    """

    __slots__ = (
        "avoided",
        "base",
        "base64_of",
        "beside_clock",
        "candidates",
        "constant",
        "element",
        "ends",
        "forward",
        "fragments",
        "json_of",
        "kind",
        "least_chars",
        "least_items",
        "name",
        "properties",
        "schema",
        "split",
        "starts",
        "time_of",
    )

    def __init__(self, name: str = "", *, kind: str | None = None, constant: Any = _UNKNOWN) -> None:
        self.forward: Shape | None = None
        self.name = name
        self.kind = kind
        self.constant = constant
        self.properties: dict[str, Shape] = {}
        self.base: Shape | None = None
        self.element: Shape | None = None
        self.least_items = 0
        self.least_chars = 0
        self.candidates: list[Any] = []
        self.avoided: list[Any] = []
        self.json_of: Shape | None = None
        self.base64_of: Shape | None = None
        self.split: tuple[str, Shape] | None = None
        self.fragments: list[str] = []
        self.starts = ""
        self.ends = ""
        self.time_of: Shape | None = None
        self.beside_clock: set[str] = set()
        self.schema: dict[str, Any] | None = None

    def find(self) -> Shape:
        """Return the shape that stands for this one after unions."""
        shape = self
        while shape.forward is not None:
            if shape.forward.forward is not None:
                shape.forward = shape.forward.forward
            shape = shape.forward
        return shape

    @property
    def is_known(self) -> bool:
        return self.find().constant is not _UNKNOWN

    def property(self, name: str) -> Shape:
        """Return the shape of a property; letter case does not tell properties apart."""
        shape = self.find()
        found = shape.properties.get(name)
        if found is None:
            folded = name.casefold()
            for key, value in shape.properties.items():
                if key.casefold() == folded:
                    return value
            base = shape.source()
            found = base.property(name) if base is not None else Shape(name)
            if isinstance(shape.constant, dict):
                for key, value in shape.constant.items():
                    if key.casefold() == folded:
                        found.constant = value
            shape.properties[name] = found
        return found

    def source(self) -> Shape | None:
        """Return the object that this one was made of; None where that goes round, as a variable set from itself."""
        seen = {id(self)}
        at = self.base.find() if self.base is not None else None
        while at is not None:
            if id(at) in seen:
                return None
            seen.add(id(at))
            at = at.base.find() if at.base is not None else None
        return self.base.find() if self.base is not None else None

    def rest_on(self, other: Shape) -> list[tuple[Shape, Shape]]:
        """Take over the other's base; return pairs of what was read of the one without it and the base's own."""
        fresh, based = (other, self) if self.base is not None else (self, other)
        self.base = self.base or other.base
        origin = self.source()
        if origin is None:
            return []
        missing = [key for key in fresh.properties if key not in based.properties]
        return [(fresh.properties[key], origin.property(key)) for key in missing]

    def item(self, index: int | None = None) -> Shape:
        """Return the shape of an element; `index` (negative counts from the end) asks for enough of them."""
        shape = self.find()
        if index is not None:
            shape.least_items = max(shape.least_items, index + 1 if index >= 0 else -index)
        if shape.element is None:
            shape.element = Shape(singular(shape.name))
            if isinstance(shape.constant, list) and shape.constant:
                shape.element.constant = shape.constant[0]
        return shape.element

    def want(self, kind: str) -> Shape:
        """Note that a use needs this kind: string, number, integer, boolean, timestamp, object, array, xml, guid, ..."""
        shape = self.find()
        if shape.kind is None or (shape.kind == "string" and kind not in {"string", "object", "array"}):
            shape.kind = kind
        return shape

    def compare(self, value: Any, *, wanted: bool) -> None:
        """Note a comparison with a known value, wished to hold or wished not to."""
        shape = self.find()
        (shape.candidates if wanted else shape.avoided).append(value)

    def unite(self, other: Shape) -> Shape:
        """Make both the same value; needs of both are kept, the left one's first."""
        todo: list[tuple[Shape, Shape]] = [(self, other)]
        while todo:
            left, right = (shape.find() for shape in todo.pop())
            if left is right:
                continue
            right.forward = left
            left.name = left.name or right.name
            left.kind = left.kind or right.kind
            if left.constant is _UNKNOWN:
                left.constant = right.constant
            left.least_items = max(left.least_items, right.least_items)
            left.least_chars = max(left.least_chars, right.least_chars)
            left.candidates += right.candidates
            left.avoided += right.avoided
            left.schema = (
                {**right.schema, **left.schema} if left.schema and right.schema else left.schema or right.schema
            )
            left.split = left.split or right.split
            left.starts = left.starts or right.starts
            left.ends = left.ends or right.ends
            left.time_of = left.time_of or right.time_of
            left.beside_clock |= right.beside_clock
            left.fragments += [text for text in right.fragments if text not in left.fragments]
            todo += left.rest_on(right)
            for key, value in right.properties.items():
                if key in left.properties:
                    todo.append((left.properties[key], value))
                else:
                    left.properties[key] = value
            for part in ("element", "json_of", "base64_of"):
                mine, theirs = getattr(left, part), getattr(right, part)
                if mine is None:
                    setattr(left, part, theirs)
                elif theirs is not None:
                    todo.append((mine, theirs))
        return self.find()

    def sample(self, *, index: int = 0) -> Any:
        """Return a value that meets the needs noted so far. Deterministic; `index` varies scalars of list items."""
        return _sample(self.find(), index, _Seen((), [_MOST_VALUES]), 0)


@dataclass(frozen=True, slots=True)
class _Seen:
    """The shapes around a value, and how many more values are made: lists in lists may ask for very many."""

    shapes: tuple[int, ...]
    left: list[int]

    def within(self, shape: Shape) -> _Seen:
        return _Seen((*self.shapes, id(shape)), self.left)


def _sample(shape: Shape, index: int, seen: _Seen, depth: int) -> Any:
    if id(shape) in seen.shapes or depth > MAX_DEPTH:
        return None
    seen = seen.within(shape)
    if shape.constant is not _UNKNOWN and not (isinstance(shape.constant, (dict, list)) and not shape.constant):
        return shape.constant
    strict = (shape.schema or {}).get("type")
    match strict:
        case "string":
            return _strict_text(shape, index, seen, depth)
        case "number" | "integer":
            fitting = [value for value in shape.candidates if _is_number(value) and value not in shape.avoided]
            return fitting[0] if fitting else _number(shape, index)
        case "boolean":
            return True not in shape.avoided
        case "array":
            return _items(shape, seen, depth)
    if shape.properties and shape.kind not in {"array", "string"}:
        return {key: _sample(value.find(), index, seen, depth + 1) for key, value in _needed(shape)}
    if shape.element is not None or shape.kind == "array":
        return _items(shape, seen, depth)
    if shape.properties and shape.kind == "array":
        return _items(shape, seen, depth)
    if shape.json_of is not None or shape.base64_of is not None or shape.split is not None or shape.fragments:
        return _text(shape, index, seen, depth)
    fitting = [candidate for candidate in _wished(shape) if _fits(candidate, shape)]
    if fitting:
        return fitting[index % len(fitting)]
    match shape.kind:
        case "integer":
            return _number(shape, index)
        case "number" | "float" | "int":
            return _number(shape, index)
        case "boolean" | "bool":
            return True not in shape.avoided
        case "object":
            return dict(shape.constant) if isinstance(shape.constant, dict) else {}
        case "null":
            return None
    return _text(shape, index, seen, depth)


def _strict_text(shape: Shape, index: int, seen: _Seen, depth: int) -> str:
    """Return text where a schema demands it: what is read of it like an object or a list stands in it as JSON."""
    if shape.json_of is None and shape.base64_of is None and shape.split is None:
        if shape.properties:
            return json.dumps(
                {key: _sample(value.find(), index, seen, depth + 1) for key, value in _needed(shape)},
                ensure_ascii=False,
            )
        if shape.element is not None:
            return json.dumps(_items(shape, seen, depth), ensure_ascii=False)
    return _text(shape, index, seen, depth)


def _wished(shape: Shape) -> list[Any]:
    """Return the values that comparisons wish for; a number, where text is read as one, as that text."""
    if shape.kind != "numeric":
        return shape.candidates
    return [str(value) if _is_number(value) else value for value in shape.candidates]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _needed(shape: Shape) -> Iterator[tuple[str, Shape]]:
    """Yield the properties to make up; a made-up list has one page, so no link leads to a next one."""
    required = (shape.schema or {}).get("required")
    for key, value in shape.properties.items():
        if not _says(key.casefold(), ("nextlink",)) or (isinstance(required, list) and key in required):
            yield key, value
        elif value.find().schema is None:
            yield key, Shape(constant=None)


def _items(shape: Shape, seen: _Seen, depth: int) -> list[Any]:
    count = max(LIST_LENGTH, shape.least_items)
    if shape.schema is not None and isinstance(shape.schema.get("maxItems"), int):
        count = min(count, shape.schema["maxItems"])
    if shape.schema is not None and isinstance(shape.schema.get("items"), list):
        count = 1  # each place has a schema of its own; the first one's is known
    if shape.element is None and not shape.least_items and "items" in (shape.schema or {}):
        return []  # of what it stands in itself
    element = shape.item().find()
    count = max(0, min(count, 1_000, seen.left[0]))
    seen.left[0] -= count
    return [_sample(element, index, seen, depth + 1) for index in range(count)]


def _number(shape: Shape, index: int) -> Any:
    """Return a number within the schema's bounds; an exclusive bound is a number of its own, or true as of draft 4."""
    schema = shape.schema or {}
    step: int | float = schema.get("multipleOf", 1)
    step = step if _is_number(step) and step > 0 else 1
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    lows: list[Any] = [limit for limit in (schema.get("minimum"), above) if _is_number(limit)]
    highs: list[Any] = [limit for limit in (schema.get("maximum"), below) if _is_number(limit)]
    least = max(lows) if lows else None
    most = min(highs) if highs else None
    value = step if least is None else math.ceil(least / step) * step
    if value == least and (above is True or value == above):
        value += step
    value += index * step
    if most is not None and value >= most:
        value = most - (step if below is True or most == below else 0)
        value = value if least is None or value > least else (least + most) / 2
    while value in shape.avoided:
        value += step
    return value


def _text(shape: Shape, index: int, seen: _Seen, depth: int) -> str:
    if shape.json_of is not None:
        return json.dumps(_sample(shape.json_of.find(), index, seen, depth + 1), ensure_ascii=False)
    if shape.base64_of is not None:
        inner = _sample(shape.base64_of.find(), index, seen, depth + 1)
        text = inner if isinstance(inner, str) else json.dumps(inner, ensure_ascii=False)
        return base64.b64encode(text.encode()).decode()
    if shape.split is not None:
        separator, parts = shape.split
        plain = _word(shape, index)
        if _is_plain(parts.find()) and plain.count(separator) + 1 >= max(parts.find().least_items, LIST_LENGTH):
            return plain
        values = _sample(parts.find(), index, seen, depth + 1)
        return (
            separator.join(value if isinstance(value, str) else "" for value in values)
            if isinstance(values, list)
            else ""
        )
    for candidate in shape.candidates:
        if isinstance(candidate, str) and _fits(candidate, shape):
            return candidate
    pattern = (shape.schema or {}).get("pattern")
    fitting = text_of_pattern(pattern, index) if isinstance(pattern, str) else None
    if fitting is not None and fitting not in shape.avoided:
        return fitting
    text = shape.starts + _word(shape, index) + shape.ends
    for fragment in shape.fragments:
        if fragment.casefold() not in text.casefold() or len(text) < _ROOM:
            text = text.ljust(_ROOM, "x") + fragment + "x" * _ROOM
    while text in shape.avoided:
        text += "_"
    return _cut(text.ljust(shape.least_chars, "x"), shape)


def _cut(text: str, shape: Shape) -> str:
    """Cut text to the length that its schema allows; the number at its end, which tells list items apart, stays."""
    most = (shape.schema or {}).get("maxLength")
    if not isinstance(most, int) or isinstance(most, bool) or len(text) <= most:
        return text
    end = text.rsplit(" ", 1)[-1]
    if shape.kind in {"timestamp", "local time", "guid"} or not end.isdigit() or len(end) >= most:
        return text[: max(most, 0)]
    return text[: most - len(end)] + end


def _is_plain(parts: Shape) -> bool:
    """Tell whether nothing is known of a text's parts but how many there are."""
    part = parts.element.find() if parts.element is not None else Shape()
    return not (part.candidates or part.properties or part.json_of or part.split) and part.kind in {None, "string"}


def _word(shape: Shape, index: int) -> str:
    name = shape.name.casefold()
    form = (shape.schema or {}).get("format")
    if (
        shape.kind in {"timestamp", "local time"}
        or form in {"date-time", "date"}
        or _says(name, ("date", "createdon", "modifiedon", "timestamp", "datetime"))
        or _TIME_NAME.search(shape.name)
    ):
        text = _instant(shape, index)
        if shape.kind == "local time":
            return text.rstrip("Z")
        return text[:10] if form == "date" else text
    if form in _FORMS:
        return _FORMS[form]
    if shape.kind == "guid" or form == "uuid" or _says(name, ("guid", "tenantid", "subscriptionid")):
        return f"00000000-0000-4000-8000-{index + 1:012d}"
    if shape.kind == "numeric" or name in {"id", "count", "number"}:
        return str(index + 1)
    if shape.kind == "xml":
        return "<root><item>1</item></root>"
    if shape.kind == "uri" or form == "uri" or _says(name, ("url", "uri", "link", "location")):
        return f"https://example.com/{shape.name or 'item'}/{index + 1}"
    if form == "email" or _says(name, ("email", "mail", "upn", "userprincipalname")) or name in {"to", "from"}:
        return f"user{index + 1}@example.com"
    if shape.kind == "zone":
        return "UTC"
    return f"{shape.name or 'text'} {index + 1}"


def _instant(shape: Shape, index: int) -> str:
    """Return a time, `index` days on; where it is compared with the clock, on the wished side of the clock's start."""
    sides = shape.beside_clock
    if not sides:
        return _TIMESTAMP.replace("-05T", f"-{5 + index % 20:02d}T")
    if "at" in sides or len(sides) > 1:
        return CLOCK
    return CLOCK.replace("2024", "2021" if sides == {"before"} else "2027")


def _says(name: str, endings: tuple[str, ...]) -> bool:
    return name.endswith(endings)


def _fits(value: Any, shape: Shape) -> bool:
    if value in shape.avoided:
        return False
    match shape.kind:
        case "string" | "timestamp" | "local time" | "uri" | "guid" | "numeric" | "xml" | "zone":
            return isinstance(value, str)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number" | "float" | "int":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case "boolean" | "bool":
            return isinstance(value, bool)
    return True


def singular(name: str) -> str:
    """Return the name of an element after the name of its list: `orders` holds an `order`."""
    return name[:-1] if name.endswith("s") and len(name) > 3 else name
