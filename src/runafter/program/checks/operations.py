"""Connector calls against the known facts: connectors, operations, parameters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import lru_cache

from runafter.profiles.catalogue import Catalogue, ConnectorFacts, OperationFacts
from runafter.program.draft import Draft
from runafter.program.hints import did_you_mean, misspelt
from runafter.program.part import Part
from runafter.protocol.commands import Target

_CONNECTORS = frozenset(
    {
        "apiconnection",
        "apiconnectionwebhook",
        "apiconnectionnotification",
        "openapiconnection",
        "openapiconnectionwebhook",
        "openapiconnectionnotification",
        "serviceprovider",
    }
)
_EXPRESSION = re.compile(r"@\{(?:[^{}']|'(?:[^']|'')*')*\}")
_HOLE = re.compile(r"\{[^{}]*\}")


def check_operations(draft: Draft, calls: Iterable[tuple[Part, Target]], catalogue: Catalogue) -> None:
    """Check each call (its action or trigger, its target) against the catalogue."""
    for part, target in calls:
        if target.type.casefold() not in _CONNECTORS or target.api is None:
            continue
        connector = find_connector(catalogue, target.api)
        if connector is None:
            known = [api for each in catalogue.connectors.values() for api in each.apis]
            _unknown(draft, "CAT001", f"connector {target.api!r} is not known here", part, target.api, known)
            continue
        operation = _operation(draft, part, target, connector)
        if operation is not None and target.operation is not None:
            _parameters(draft, part, operation)


def find_connector(catalogue: Catalogue, api: str) -> ConnectorFacts | None:
    """Return the connector that any dialect calls by this name.

    A built-in provider and a managed connector may share a name and little else: a provider is found by its whole
    name alone.
    """
    whole = api.casefold().rstrip("/")
    for connector in catalogue.connectors.values():
        if whole in _names(connector.apis)[0]:
            return connector
    if "/serviceproviders/" in whole:
        return None
    wished = _bare(api)
    for connector in catalogue.connectors.values():
        if wished == _bare(connector.name) or wished in _names(connector.apis)[1]:
            return connector
    return None


@lru_cache(maxsize=1024)
def _names(apis: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    """Return a connector's names, whole and bare; providers have no bare one."""
    return frozenset(map(str.casefold, apis)), frozenset(_bare(name) for name in apis if "/" not in name)


def find_operation(connector: ConnectorFacts, name: str) -> OperationFacts | None:
    """Return an operation by its name in any letter case, or by another name of it."""
    folded = name.casefold()
    found = next((each for key, each in connector.operations.items() if key.casefold() == folded), None)
    if found is not None:
        return found
    return next(
        (each for each in connector.operations.values() if folded in (alias.casefold() for alias in each.aliases)), None
    )


def find_by_path(connector: ConnectorFacts, method: str, path: str) -> OperationFacts | None:
    """Return the operation that Consumption's method and path mean; expressions stand for any one segment.

    Of several that fit, the one whose path has the most segments in common with the path as written.
    """
    segments = _segments(path)
    best: tuple[int, OperationFacts | None] = (-1, None)
    for operation in connector.operations.values():
        for own, template in _routes(operation):
            if own.casefold() == method.casefold():
                common = _common(_segments(template), segments)
                if common is not None and common > best[0]:
                    best = (common, operation)
    return best[1]


def _routes(operation: OperationFacts) -> Iterator[tuple[str, str]]:
    if operation.path is not None:
        yield operation.method or "", operation.path
    yield from operation.routes


def _common(wished: list[str], segments: list[str]) -> int | None:
    """Return how many segments a path has in common with a template; None where it does not fit."""
    many = next((index for index, each in enumerate(wished) if each.endswith("+}")), None)
    if many is not None:
        tail = len(wished) - many - 1
        if len(segments) < len(wished):
            return None
        segments = [*segments[:many], "*", *segments[len(segments) - tail :]]
    if len(wished) != len(segments):
        return None
    if not all(b in (a, "*") or _fits(a, b) for a, b in zip(wished, segments, strict=True)):
        return None
    return sum(a == b for a, b in zip(wished, segments, strict=True))


@lru_cache(maxsize=4096)
def _fits(template: str, segment: str) -> bool:
    """Tell whether a segment fits one with holes: `entities(key='{key}')`."""
    if "{" not in template:
        return False
    pattern = ".*".join(re.escape(each) for each in _HOLE.split(template))
    return re.fullmatch(pattern, segment) is not None


def _operation(draft: Draft, part: Part, target: Target, connector: ConnectorFacts) -> OperationFacts | None:
    if target.operation is not None:
        found = find_operation(connector, target.operation)
        if found is None:
            place = part.at("inputs", "host", "operationId") or part
            message = f"{connector.name} has no operation {target.operation!r} that is known here"
            _unknown(draft, "CAT002", message, place, target.operation, connector.operations)
        elif found.operation.casefold() != target.operation.casefold():
            return None  # by another name: its parameters may be other ones
        return found
    method, path = part.at("inputs", "method"), part.at("inputs", "path")
    if method is None or path is None or not (isinstance(method.value, str) and isinstance(path.value, str)):
        return None
    if path.value.startswith("[") or not any(each.path for each in connector.operations.values()):
        return None
    found = find_by_path(connector, method.value, path.value)
    if found is None:
        message = f"{connector.name} has no operation {method.value.upper()} {path.value} that is known here"
        draft.report("CAT002", message, path)
    return None


def _unknown(draft: Draft, code: str, message: str, part: Part, name: str, known: Iterable[str]) -> None:
    """Report a name that the facts at hand lack: a warning only where it is a slip, since they do not hold all."""
    meant = misspelt(name, known)
    if meant is not None:
        draft.report(code, message, part, hint=f"did you mean {meant!r}?", severity="warning")
    else:
        near = get_close_matches(name, list(known), n=3, cutoff=0.7)
        draft.report(code, message, part, hint=f"near names: {', '.join(near)}" if near else None)


def _parameters(draft: Draft, part: Part, operation: OperationFacts) -> None:
    given = part.at("inputs", "parameters")
    if not operation.parameters or (given is not None and not given.is_object):
        return
    names = {name.casefold(): name for name, _ in given.members()} if given is not None else {}
    for name, required in operation.parameters.items():
        if required and not any(key == name.casefold() or key.startswith(f"{name.casefold()}/") for key in names):
            draft.report("CAT003", f"{operation.operation} needs the parameter {name!r}", given or part)
    open_ones = tuple(each.casefold().rstrip("/") for each in operation.open_parameters)
    known = {name.casefold() for name in operation.parameters}
    for key, name in names.items():
        if key in known or "@" in key or any(key == each or key.startswith(f"{each}/") for each in open_ones):
            continue
        if given is not None:
            hint = did_you_mean(name, operation.parameters)
            draft.report(
                "CAT004", f"{operation.operation} takes no parameter {name!r}", given.get(name) or given, hint=hint
            )


def _bare(api: str) -> str:
    folded = api.casefold().rstrip("/").rsplit("/", 1)[-1]
    return folded.removeprefix("shared_")


def _segments(path: str) -> list[str]:
    plain = _EXPRESSION.sub("*", path).split("?", 1)[0]
    return [segment.casefold() for segment in plain.strip("/").split("/")]
