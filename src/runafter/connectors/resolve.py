"""From a call as a definition writes it to one operation with arguments in one normal form.

Works on evaluated inputs (a run) and on unevaluated ones (a check): an
expression `@{...}` in a path stands for exactly one segment or part of one,
whatever characters it contains.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote

from runafter.connectors.manifest import Manifest, Operation
from runafter.errors import RunafterError

_HOLE = re.compile(r"\x00(\d+)\x00")
_SUFFIX = re.compile(r"[-_](?:\d+|#[^#]*#)$")


class UnknownConnector(RunafterError):
    """No pack serves this connector."""

    code = "CON010"


class UnknownOperation(RunafterError):
    """The connector has no such operation."""

    code = "CON011"


@lru_cache(maxsize=1024)
def connector_name(api: str) -> str:
    """Return a connector's bare name in lower case.

    `/providers/Microsoft.PowerApps/apis/shared_office365_1`, `shared_office365`,
    `office365-2` and `/subscriptions/.../managedApis/office365` are all `office365`.
    """
    name = api.strip().rstrip("/").rsplit("/", 1)[-1].lower()
    name = name.removeprefix("shared_")
    while (shorter := _SUFFIX.sub("", name)) != name:
        name = shorter
    return name


def cut_expressions(path: str) -> tuple[str, list[str]]:
    """Replace every `@{...}` by a mark without slashes; return the text and the expressions as written."""
    out, found, at = list[str](), list[str](), 0
    while at < len(path):
        if not path.startswith("@{", at):
            out.append(path[at])
            at += 1
            continue
        end, depth, quoted = at + 2, 1, False
        while end < len(path) and depth:
            char = path[end]
            if char == "'":
                quoted = not quoted
            elif not quoted:
                depth += (char == "{") - (char == "}")
            end += 1
        out.append(f"\x00{len(found)}\x00")
        found.append(path[at:end])
        at = end
    return "".join(out), found


@dataclass(frozen=True, slots=True)
class Route:
    """One compiled path template."""

    operation: Operation
    method: str
    pattern: re.Pattern[str]
    names: tuple[str, ...]
    literal: int


def compile_route(operation: Operation, method: str, template: str) -> Route:
    pattern, names, literal = "", list[str](), 0
    for part in re.split(r"(\{[^{}]+\})", template):
        if part.startswith("{"):
            greedy = part.endswith("+}")
            pattern += "(.*)" if greedy else "([^/]*)"
            names.append(part[1:-1].rstrip("+"))
        else:
            pattern += re.escape(part)
            literal += len(part)
    return Route(operation, method, re.compile(pattern + "/?", re.IGNORECASE), tuple(names), literal)


def routes_of(manifest: Manifest) -> list[Route]:
    """Return the connector's routes, the most literal first."""
    found = [
        compile_route(operation, method, template)
        for operation in manifest.operations.values()
        for method, template in operation.routes
    ]
    return sorted(found, key=lambda route: -route.literal)


def match_path(
    routes: Iterable[Route], method: str | None, path: str
) -> tuple[Operation, dict[str, Any], dict[str, str]] | None:
    """Return operation, path arguments and queries written into the path; None when no route fits.

    `method` None (a webhook's subscription) fits every method.
    """
    cut, expressions = cut_expressions(path)
    cut, _, query = cut.partition("?")
    if not cut.startswith("/"):
        cut = f"/{cut}"

    def restore(text: str) -> str:
        return _HOLE.sub(lambda mark: expressions[int(mark[1])], text)

    for route in routes:
        if method is not None and route.method != method.upper():
            continue
        found = route.pattern.fullmatch(cut)
        if found is None:
            continue
        arguments = dict[str, Any]()
        for name, value in zip(route.names, found.groups(), strict=True):
            once = unquote(value)
            decoded = unquote(once) if route.operation.double_encoded else once
            arguments[name] = restore(decoded)
        return route.operation, arguments, {key: restore(value) for key, value in parse_qsl(query, True)}
    return None


def nested(flat: Mapping[str, Any], roots: Iterable[str] = ()) -> dict[str, Any]:
    """Return `{"item/Title": 1}` as `{"item": {"Title": 1}}` for keys below one of `roots`; no roots: all keys.

    A digit between slashes is the index of an array (`attachments/0/Name`).
    """
    allowed = set(roots)
    out = dict[str, Any]()
    for key, value in flat.items():
        first, *rest = key.split("/")
        if not rest or (allowed and first not in allowed):
            out[key] = value
            continue
        if not isinstance(out.get(first), dict):
            out[first] = {}
        place = out[first]
        for name in rest[:-1]:
            if not isinstance(place.get(name), dict):
                place[name] = {}
            place = place[name]
        place[rest[-1]] = value
    return {key: _lists(value) for key, value in out.items()}


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(key.isdigit() for key in value):
        return [_lists(value[key]) for key in sorted(value, key=int)]
    return {key: _lists(item) for key, item in value.items()}


def flat(arguments: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested arguments by flat name, as a check compares them with the manifest."""
    out = dict[str, Any]()
    for key, value in arguments.items():
        if isinstance(value, dict) and value:
            out |= flat(value, f"{prefix}{key}/")
        else:
            out[f"{prefix}{key}"] = value
    return out


def open_api_arguments(operation: Operation, inputs: Mapping[str, Any]) -> dict[str, Any]:
    given = inputs.get("parameters")
    arguments = dict(operation.defaults)
    if isinstance(given, Mapping):
        arguments |= nested(given, operation.roots or {""})
    if operation.body and "body" in inputs and operation.body not in arguments:
        arguments[operation.body] = inputs["body"]
    return arguments


def api_connection_arguments(
    operation: Operation, path_arguments: Mapping[str, Any], queries: Mapping[str, Any], inputs: Mapping[str, Any]
) -> dict[str, Any]:
    arguments = {**operation.defaults, **queries, **path_arguments}
    given = inputs.get("queries")
    if isinstance(given, Mapping):
        arguments |= given
    headers = inputs.get("headers")
    if isinstance(headers, Mapping):
        wanted = {name.lower(): name for name in operation.headers}
        arguments |= {wanted[k.lower()]: v for k, v in headers.items() if k.lower() in wanted}
    if "body" in inputs:
        arguments[operation.body or "body"] = inputs["body"]
    return arguments


def nearest(name: str, names: Iterable[str], count: int = 3) -> list[str]:
    """Return the names most like `name`, case aside."""
    by_lower = {candidate.lower(): candidate for candidate in names}
    return [by_lower[match] for match in difflib.get_close_matches(name.lower(), by_lower, n=count, cutoff=0.5)]
