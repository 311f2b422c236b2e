"""ARM template expressions (`[concat(parameters('a'), '-x')]`): parsed and, where the template knows enough, evaluated.

Only what decides a workflow's content is done here; a function that asks Azure
(`reference`, `listKeys`) stays unresolved, and its text stays visible.
Source: Azure Resource Manager template functions reference, read 2026-11-21.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

_TOKEN = re.compile(
    r"\s*(?:('(?:[^']|'')*')|(-?\d+(?:\.\d+)?)|([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?=\s*\())|([A-Za-z_]\w*)|(.))",
    re.DOTALL,
)
_MAX_DEPTH = 100
SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"


class Unresolved(Exception):
    """The template alone does not decide this expression; the message says what it asks for."""


@dataclass(slots=True)
class Template:
    """What expressions of one template may read. Values given for parameters go before defaults."""

    parameters: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    location: str = "westeurope"
    group: str = "resource-group"
    unresolved: dict[str, None] = field(default_factory=dict)
    _busy: set[str] = field(default_factory=set)

    def resolve(self, value: Any, depth: int = 0) -> Any:
        """Return a value with every expression in it resolved; what cannot be stays as written and is listed."""
        if depth > _MAX_DEPTH:
            return value
        if isinstance(value, str):
            if is_expression(value):
                try:
                    return self.evaluate(value)
                except Unresolved as reason:
                    self.unresolved[str(reason)] = None
                    return value
            return value[1:] if value.startswith("[[") else value
        if isinstance(value, dict):
            return {self._key(key): self.resolve(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list):
            return [self.resolve(item, depth + 1) for item in value]
        return value

    def _key(self, key: str) -> str:
        resolved = self.resolve(key)
        return resolved if isinstance(resolved, str) else key

    def evaluate(self, text: str) -> Any:
        """Return the value of `[...]`.

        Raises:
            Unresolved: the expression is faulty, or the template does not decide it.
        """
        try:
            return _Parser(text[1:-1], self).whole()
        except Unresolved:
            raise
        except RecursionError as fault:
            raise Unresolved("an expression nested too deeply") from fault
        except (ValueError, TypeError, KeyError, IndexError, ZeroDivisionError, AttributeError, OverflowError) as fault:
            raise Unresolved(f"a faulty expression: {text[:120]}") from fault

    def parameter(self, name: str) -> Any:
        found = _lookup(self.given, name)
        if found is not None:
            return found[1]
        declared = _lookup(self.parameters, name)
        if declared is None or not isinstance(declared[1], dict) or "defaultValue" not in declared[1]:
            raise Unresolved(f"parameters('{name}')")
        return self._guarded(f"parameters('{name}')", declared[1]["defaultValue"])

    def variable(self, name: str) -> Any:
        found = _lookup(self.variables, name)
        if found is None:
            raise Unresolved(f"variables('{name}')")
        return self._guarded(f"variables('{name}')", found[1])

    def _guarded(self, label: str, value: Any) -> Any:
        if label in self._busy:
            raise Unresolved(f"{label}, which refers to itself")
        self._busy.add(label)
        try:
            return self._strict(value)
        finally:
            self._busy.discard(label)

    def _strict(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.evaluate(value) if is_expression(value) else (value[1:] if value.startswith("[[") else value)
        if isinstance(value, dict):
            return {key: self._strict(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._strict(item) for item in value]
        return value


def is_expression(text: str) -> bool:
    """Tell whether a string is a template expression."""
    return len(text) > 2 and text[0] == "[" and text[1] != "[" and text[-1] == "]"


def _lookup(mapping: Mapping[str, Any], name: str) -> tuple[str, Any] | None:
    if name in mapping:
        return name, mapping[name]
    folded = name.casefold()
    return next(((key, value) for key, value in mapping.items() if key.casefold() == folded), None)


class _Parser:
    def __init__(self, text: str, template: Template) -> None:
        self.template = template
        self.tokens: list[tuple[str, str]] = []
        position = 0
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                break
            position = match.end()
            kinds = ("string", "number", "call", "name", "sign")
            kind, token = next(
                (kind, group) for kind, group in zip(kinds, match.groups(), strict=True) if group is not None
            )
            if not (kind == "sign" and token.isspace()):
                self.tokens.append((kind, token))
        self.position = 0
        self.depth = 0

    def whole(self) -> Any:
        value = self.value()
        if self.position != len(self.tokens):
            raise ValueError("text after the expression")
        return value

    def peek(self) -> str:
        return self.tokens[self.position][1] if self.position < len(self.tokens) else ""

    def take(self, sign: str | None = None) -> tuple[str, str]:
        token = self.tokens[self.position]
        if sign is not None and token[1] != sign:
            raise ValueError(f"{sign} expected")
        self.position += 1
        return token

    def value(self) -> Any:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise Unresolved("an expression nested too deeply")
        kind, token = self.take()
        value: Any
        if kind == "string":
            value = token[1:-1].replace("''", "'")
        elif kind == "number":
            value = float(token) if "." in token else int(token)
        elif kind == "call":
            value = self.call(token)
        else:
            raise ValueError(f"unexpected {token}")
        while self.peek() in {".", "["}:
            if self.take()[1] == ".":
                value = _property(value, self.take()[1])
            else:
                key = self.value()
                self.take("]")
                value = value[key] if isinstance(key, int) else _property(value, key)
        self.depth -= 1
        return value

    def call(self, name: str) -> Any:
        self.take("(")
        folded = name.casefold()
        if folded == "if":
            return self.choose()
        arguments = []
        while self.peek() != ")":
            arguments.append(self.value())
            if self.peek() == ",":
                self.take()
            elif self.peek() != ")":
                raise ValueError("',' or ')' expected")
        self.take(")")
        if folded == "parameters":
            return self.template.parameter(arguments[0])
        if folded == "variables":
            return self.template.variable(arguments[0])
        context = _CONTEXT.get(folded)
        if context is not None:
            return context(self.template, arguments)
        function = _FUNCTIONS.get(folded)
        if function is None:
            raise Unresolved(f"{name}({', '.join(json.dumps(argument) for argument in arguments)[:80]})")
        return function(*arguments)

    def choose(self) -> Any:
        condition = self.value()
        self.take(",")
        chosen: Any = None
        failed: Unresolved | None = None
        for branch in (True, False):
            start = self.position
            try:
                value = self.value()
                if branch is bool(condition):
                    chosen = value
            except Unresolved as reason:
                self.skip(start)
                if branch is bool(condition):
                    failed = reason
            self.take("," if branch else ")")
        if failed is not None:
            raise failed
        return chosen

    def skip(self, start: int) -> None:
        self.position, level = start, 0
        while self.position < len(self.tokens):
            token = self.tokens[self.position][1]
            if level == 0 and token in {",", ")"}:
                return
            level += (token in {"(", "["}) - (token in {")", "]"})
            self.position += 1


def _property(value: Any, name: str) -> Any:
    if not isinstance(value, dict):
        raise TypeError("no object")
    found = _lookup(value, name)
    if found is None:
        raise Unresolved(f"the property {name!r}")
    return found[1]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "True" if value else "False"
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _concat(*parts: Any) -> Any:
    if parts and all(isinstance(part, list) for part in parts):
        return [item for part in parts for item in part]
    return "".join(_text(part) for part in parts)


def _format(pattern: str, *values: Any) -> str:
    def one(match: re.Match[str]) -> str:
        if match.group() in {"{{", "}}"}:
            return match.group()[0]
        value = values[int(match.group(1))]
        form = (match.group(2) or "").lstrip(":")
        if isinstance(value, int) and re.fullmatch(r"[DdXx]\d*|0+", form):
            width = int(form[1:] or 0) if form[0] in "DdXx" else len(form)
            return f"{value:0{width}{'d' if form[0] not in 'xX' else form[0]}}"
        return _text(value)

    return re.sub(r"\{\{|\}\}|\{(\d+)(?:,-?\d+)?(:[^}]*)?\}", one, pattern)


def _resource_id(template: Template, arguments: list[Any], prefix: str) -> str:
    given = [str(argument) for argument in arguments]
    position = next(index for index, argument in enumerate(given) if "/" in argument)
    kind, names = given[position], given[position + 1 :]
    namespace, *types = kind.split("/")
    if len(types) != len(names):
        raise ValueError("types and names differ in number")
    path = "".join(f"/{type_}/{name}" for type_, name in zip(types, names, strict=True))
    head = {
        "group": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{template.group}",
        "subscription": f"/subscriptions/{SUBSCRIPTION}",
    }
    before = given[:position]
    base = head.get(prefix, "")
    if prefix == "group" and before:
        base = f"/subscriptions/{before[0] if len(before) > 1 else SUBSCRIPTION}/resourceGroups/{before[-1]}"
    elif prefix == "subscription" and before:
        base = f"/subscriptions/{before[0]}"
    return f"{base}/providers/{namespace}{path}"


def _unique(*parts: Any) -> str:
    number = int.from_bytes(hashlib.sha256("-".join(_text(part) for part in parts).encode()).digest()[:9])
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    return "".join(letters[number >> shift & 31] for shift in range(0, 65, 5))


def _guid(*parts: Any) -> str:
    import uuid

    return str(uuid.uuid5(uuid.UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830"), "-".join(_text(part) for part in parts)))


def _substring(text: str, start: int, length: int | None = None) -> str:
    if start > len(text) or (length is not None and start + length > len(text)):
        raise ValueError("outside the string")
    return text[start:] if length is None else text[start : start + length]


def _contains(container: Any, item: Any) -> bool:
    if isinstance(container, dict):
        return _lookup(container, str(item)) is not None
    return item in container if isinstance(container, list) else _text(item) in container


def _union(*values: Any) -> Any:
    if isinstance(values[0], dict):
        merged: dict[str, Any] = {}
        for value in values:
            merged.update(value)
        return merged
    found: list[Any] = []
    for value in values:
        found.extend(item for item in value if item not in found)
    return found


def _intersection(first: Any, *others: Any) -> Any:
    if isinstance(first, dict):
        return {key: value for key, value in first.items() if all(other.get(key) == value for other in others)}
    return [item for item in first if all(item in other for other in others)]


def _create_object(*pairs: Any) -> dict[str, Any]:
    return {str(key): value for key, value in zip(pairs[::2], pairs[1::2], strict=True)}


def _coalesce(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _empty(value: Any) -> bool:
    return value is None or len(value) == 0


def _split(text: str, separators: Any) -> list[str]:
    marks = separators if isinstance(separators, list) else [separators]
    return re.split("|".join(re.escape(mark) for mark in marks), text)


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left.casefold() == right.casefold()
    return type(left) is type(right) and bool(left == right)


def _divide(left: int, right: int) -> int:
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _data_uri(text: str) -> str:
    return "data:text/plain;charset=utf8;base64," + base64.b64encode(text.encode()).decode()


_CONTEXT: dict[str, Callable[[Template, list[Any]], Any]] = {
    "subscription": lambda template, arguments: {
        "id": f"/subscriptions/{SUBSCRIPTION}", "subscriptionId": SUBSCRIPTION, "tenantId": SUBSCRIPTION, "displayName": "subscription",
    },
    "tenant": lambda template, arguments: {"tenantId": SUBSCRIPTION},
    "resourcegroup": lambda template, arguments: {
        "id": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{template.group}", "name": template.group, "location": template.location,
        "tags": {},
    },
    "deployment": lambda template, arguments: {"name": "deployment", "properties": {"templateLink": {"uri": "https://example.com/template.json"}}},
    "environment": lambda template, arguments: {
        "name": "AzureCloud", "resourceManager": "https://management.azure.com/", "portal": "https://portal.azure.com",
        "suffixes": {"storage": "core.windows.net", "keyvaultDns": ".vault.azure.net", "sqlServerHostname": ".database.windows.net"},
        "authentication": {"loginEndpoint": "https://login.microsoftonline.com/", "audiences": ["https://management.azure.com/"]},
        "graph": "https://graph.windows.net/",
    },
    "resourceid": lambda template, arguments: _resource_id(template, arguments, "group"),
    "subscriptionresourceid": lambda template, arguments: _resource_id(template, arguments, "subscription"),
    "tenantresourceid": lambda template, arguments: _resource_id(template, arguments, "tenant"),
}  # fmt: skip

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "concat": _concat,
    "format": _format,
    "uniquestring": _unique,
    "guid": _guid,
    "tolower": lambda text: text.lower(),
    "toupper": lambda text: text.upper(),
    "trim": lambda text: text.strip(),
    "replace": lambda text, old, new: text.replace(old, new),
    "substring": _substring,
    "split": _split,
    "string": _text,
    "int": int,
    "float": float,
    "bool": lambda value: value if isinstance(value, bool) else str(value).casefold() in {"true", "1"},
    "padleft": lambda text, width, char=" ": _text(text).rjust(width, char),
    "startswith": lambda text, part: text.casefold().startswith(part.casefold()),
    "endswith": lambda text, part: text.casefold().endswith(part.casefold()),
    "indexof": lambda text, part: text.casefold().find(part.casefold()) if isinstance(text, str) else text.index(part),
    "lastindexof": lambda text, part: text.casefold().rfind(part.casefold()),
    "contains": _contains,
    "equals": _equal,
    "not": lambda value: not value,
    "and": lambda *values: all(values),
    "or": lambda *values: any(values),
    "true": lambda: True,
    "false": lambda: False,
    "null": lambda: None,
    "less": lambda left, right: left < right,
    "lessorequals": lambda left, right: left <= right,
    "greater": lambda left, right: left > right,
    "greaterorequals": lambda left, right: left >= right,
    "add": lambda left, right: left + right,
    "sub": lambda left, right: left - right,
    "mul": lambda left, right: left * right,
    "div": _divide,
    "mod": lambda left, right: left - right * _divide(left, right),
    "min": lambda *values: min(values[0] if len(values) == 1 else values),
    "max": lambda *values: max(values[0] if len(values) == 1 else values),
    "range": lambda start, count: list(range(start, start + min(count, 10_000))),
    "empty": _empty,
    "length": len,
    "first": lambda value: value[0] if value else None,
    "last": lambda value: value[-1] if value else None,
    "skip": lambda value, count: value[max(count, 0) :],
    "take": lambda value, count: value[: max(count, 0)],
    "union": _union,
    "intersection": _intersection,
    "array": lambda value: value if isinstance(value, list) else [value],
    "createarray": lambda *values: list(values),
    "createobject": _create_object,
    "coalesce": _coalesce,
    "json": json.loads,
    "join": lambda values, mark: mark.join(_text(value) for value in values),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64tostring": lambda text: base64.b64decode(text).decode(),
    "base64tojson": lambda text: json.loads(base64.b64decode(text)),
    "uri": lambda base, path: base if not path else (base.rstrip("/") + "/" + path.lstrip("/")),
    "uricomponent": lambda text: quote(text, safe="-_.!~*'()"),
    "uricomponenttostring": unquote,
    "datauri": _data_uri,
    "items": lambda value: [{"key": key, "value": value[key]} for key in sorted(value)],
    "objectkeys": sorted,
    "managementgroup": lambda: {"id": "/providers/Microsoft.Management/managementGroups/root", "name": "root"},
}
