"""The whole function library: importing this module registers every function."""

from __future__ import annotations

from runafter.expressions.functions import (
    collections,
    conversion,
    conversion_numbers,
    dates,
    forms,
    json_xml,
    logic,
    math,
    objects,
    strings,
    time_spans,
    time_zones,
    uri,
    workflow,
)
from runafter.expressions.functions.registry import REGISTRY, Function

MODULES = (
    collections,
    conversion,
    conversion_numbers,
    dates,
    forms,
    json_xml,
    logic,
    math,
    objects,
    strings,
    time_spans,
    time_zones,
    uri,
    workflow,
)


def find(name: str) -> Function | None:
    """Return the function of that name, spelled in any case."""
    return REGISTRY.get(name.casefold())


def all_functions() -> list[Function]:
    """Return every function, by name."""
    return sorted(REGISTRY.values(), key=lambda each: each.name.casefold())
