"""The functions of ARM templates that need no cloud, as a table; their names in lower case.

Source: Azure Resource Manager template functions reference, read 2026-11-21.
`uniqueString` and `guid` are made from their arguments as the cloud does, but
by other hashes: equal arguments give equal values, of the right form.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

MAX_TEXT = 4 * 1024 * 1024  # a template's own limit
SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """Where a template is taken to be deployed."""

    location: str = "westeurope"
    group: str = "resource-group"


def lookup(mapping: Mapping[str, Any], name: str) -> tuple[str, Any] | None:
    """Return (key as written, value) of a name, letter case aside."""
    if name in mapping:
        return name, mapping[name]
    folded = name.casefold()
    return next(((key, value) for key, value in mapping.items() if key.casefold() == folded), None)


def text_of(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "True" if value else "False"
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _concat(*parts: Any) -> Any:
    if parts and all(isinstance(part, list) for part in parts):
        return [item for part in parts for item in part]
    return "".join(text_of(part) for part in parts)


def _bounded(size: int) -> int:
    """Return a size that a text may have, before the text is made."""
    if size > MAX_TEXT:
        raise OverflowError
    return size


def _replace(text: str, old: str, new: str) -> str:
    _bounded(len(text) + text.count(old) * len(new))
    return text.replace(old, new)


def _join(values: list[Any], mark: str) -> str:
    parts = [text_of(value) for value in values]
    _bounded(sum(map(len, parts)) + len(parts) * len(mark))
    return mark.join(parts)


def _format(pattern: str, *values: Any) -> str:
    def one(match: re.Match[str]) -> str:
        if match.group() in {"{{", "}}"}:
            return match.group()[0]
        value = values[int(match.group(1))]
        form = (match.group(2) or "").lstrip(":")
        if isinstance(value, int) and re.fullmatch(r"[DdXx]\d*|0+", form):
            width = _bounded(int(form[1:] or 0)) if form[0] in "DdXx" else len(form)
            return f"{value:0{width}{'d' if form[0] not in 'xX' else form[0]}}"
        return text_of(value)

    return re.sub(r"\{\{|\}\}|\{(\d+)(?:,-?\d+)?(:[^}]*)?\}", one, pattern)


def _resource_id(place: Deployment, arguments: list[Any], prefix: str) -> str:
    given = [str(argument) for argument in arguments]
    position = next((index for index, argument in enumerate(given) if "/" in argument), None)
    if position is None:
        raise ValueError("no argument is a resource type")
    kind, names = given[position], given[position + 1 :]
    namespace, *types = kind.split("/")
    if len(types) != len(names):
        raise ValueError("types and names differ in number")
    path = "".join(f"/{type_}/{name}" for type_, name in zip(types, names, strict=True))
    head = {
        "group": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{place.group}",
        "subscription": f"/subscriptions/{SUBSCRIPTION}",
    }
    before = given[:position]
    base = head.get(prefix, "")
    if prefix == "group" and before:
        base = f"/subscriptions/{before[0] if len(before) > 1 else SUBSCRIPTION}/resourceGroups/{before[-1]}"
    elif prefix == "subscription" and before:
        base = f"/subscriptions/{before[0]}"
    return f"{base}/providers/{namespace}{path}"


def _extension_id(place: Deployment, arguments: list[Any]) -> str:
    """The id of what is attached to another resource, whose id comes first."""
    base, *rest = arguments
    return f"{base}{_resource_id(place, rest, 'tenant')}"


def _try_get(value: Any, *keys: Any) -> Any:
    for key in keys:
        if isinstance(value, dict) and isinstance(key, str):
            found = lookup(value, key)
            value = found[1] if found is not None else None
        elif isinstance(value, list) and isinstance(key, int):
            value = value[key] if 0 <= key < len(value) else None
        else:
            return None
    return value


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is no number of JSON")
    return value


def _json(text: str) -> Any:
    return json.loads(text, parse_float=_finite, parse_constant=_finite)


def _flatten(values: list[list[Any]]) -> list[Any]:
    return [item for inner in values for item in inner]


def _shallow_merge(values: list[dict[str, Any]]) -> dict[str, Any]:
    return {key: item for value in values for key, item in value.items()}


def _unique(*parts: Any) -> str:
    number = int.from_bytes(hashlib.sha256("-".join(text_of(part) for part in parts).encode()).digest()[:9])
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    return "".join(letters[number >> shift & 31] for shift in range(0, 65, 5))


def _guid(*parts: Any) -> str:
    return str(uuid.uuid5(uuid.UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830"), "-".join(text_of(part) for part in parts)))


def _substring(text: str, start: int, length: int | None = None) -> str:
    if start > len(text) or (length is not None and start + length > len(text)):
        raise ValueError("outside the string")
    return text[start:] if length is None else text[start : start + length]


def _contains(container: Any, item: Any) -> bool:
    if isinstance(container, dict):
        return lookup(container, str(item)) is not None
    return item in container if isinstance(container, list) else text_of(item) in container


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


CONTEXT: dict[str, Callable[[Deployment, list[Any]], Any]] = {
    "subscription": lambda place, arguments: {
        "id": f"/subscriptions/{SUBSCRIPTION}", "subscriptionId": SUBSCRIPTION, "tenantId": SUBSCRIPTION, "displayName": "subscription",
    },
    "tenant": lambda place, arguments: {"tenantId": SUBSCRIPTION},
    "resourcegroup": lambda place, arguments: {
        "id": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{place.group}", "name": place.group, "location": place.location,
        "tags": {},
    },
    "deployment": lambda place, arguments: {"name": "deployment", "properties": {"templateLink": {"uri": "https://example.com/template.json"}}},
    "environment": lambda place, arguments: {
        "name": "AzureCloud", "resourceManager": "https://management.azure.com/", "portal": "https://portal.azure.com",
        "suffixes": {"storage": "core.windows.net", "keyvaultDns": ".vault.azure.net", "sqlServerHostname": ".database.windows.net"},
        "authentication": {"loginEndpoint": "https://login.microsoftonline.com/", "audiences": ["https://management.azure.com/"]},
        "graph": "https://graph.windows.net/",
    },
    "resourceid": lambda place, arguments: _resource_id(place, arguments, "group"),
    "subscriptionresourceid": lambda place, arguments: _resource_id(place, arguments, "subscription"),
    "tenantresourceid": lambda place, arguments: _resource_id(place, arguments, "tenant"),
    "extensionresourceid": _extension_id,
}  # fmt: skip

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "concat": _concat,
    "format": _format,
    "uniquestring": _unique,
    "guid": _guid,
    "tolower": lambda text: text.lower(),
    "toupper": lambda text: text.upper(),
    "trim": lambda text: text.strip(),
    "replace": _replace,
    "substring": _substring,
    "split": _split,
    "string": text_of,
    "int": int,
    "float": _finite,
    "bool": lambda value: value if isinstance(value, bool) else str(value).casefold() in {"true", "1"},
    "padleft": lambda text, width, char=" ": text_of(text).rjust(_bounded(width), char),
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
    "json": _json,
    "join": _join,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64tostring": lambda text: base64.b64decode(text).decode(),
    "base64tojson": lambda text: _json(base64.b64decode(text).decode()),
    "uri": lambda base, path: base if not path else (base.rstrip("/") + "/" + path.lstrip("/")),
    "uricomponent": lambda text: quote(text, safe="-_.!~*'()"),
    "uricomponenttostring": unquote,
    "datauri": _data_uri,
    "items": lambda value: [{"key": key, "value": value[key]} for key in sorted(value)],
    "objectkeys": sorted,
    "tryget": _try_get,
    "flatten": _flatten,
    "shallowmerge": _shallow_merge,
    "managementgroup": lambda: {"id": "/providers/Microsoft.Management/managementGroups/root", "name": "root"},
}
