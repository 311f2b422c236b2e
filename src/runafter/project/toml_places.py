"""Where a table or a key stands in a TOML file: tomllib gives values without their lines."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

_FAULT = re.compile(r"\(at line (\d+), column (\d+)\)")


def place_of(text: str, path: tuple[str, ...]) -> tuple[int, int]:
    """Return (line, column), both from 1, of the longest beginning of `path` that the text has; (0, 0) for none.

    Inline tables are looked into by name: `credential = { kind = "x" }` has its `kind` on its own line.
    """
    best, place = 0, (0, 0)
    for found, line, column, rest in _keys(text):
        known = 0
        while known < min(len(found), len(path)) and found[known] == path[known]:
            known += 1
        if known < len(found):
            continue
        for name in path[known:]:
            inside = re.search(rf"(?:^|[{{,\s.])(['\"]?){re.escape(name)}\1\s*[=.]", rest)
            if inside is None:
                break
            known += 1
        if known > best:
            best, place = known, (line, column)
    return place


def place_of_fault(fault: Exception) -> tuple[int, int]:
    """Return (line, column) of a TOMLDecodeError, (0, 0) where its message names none."""
    found = _FAULT.search(str(fault))
    return (int(found[1]), int(found[2])) if found is not None else (0, 0)


def _keys(text: str) -> Iterator[tuple[tuple[str, ...], int, int, str]]:
    """Yield (path, line, column, what follows the sign) of table headers and keys."""
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        bare = line.strip()
        column = len(line) - len(line.lstrip()) + 1
        if bare.startswith("["):
            header = _parsed(bare)
            if header is not None:
                table = header
                yield table, number, column, ""
            continue
        for sign in re.finditer("=", bare):
            key = _parsed(bare[: sign.start()] + "= 0")
            if key is not None:
                yield table + key, number, column, bare[sign.end() :]
                break


def _parsed(line: str) -> tuple[str, ...] | None:
    """Return the dotted name of a header or a key."""
    try:
        value: Any = tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return None
    path = []
    while isinstance(value, list | Mapping) and value:
        if isinstance(value, list):
            value = value[0]
            continue
        name, value = next(iter(value.items()))
        path.append(name)
    return tuple(path) or None
