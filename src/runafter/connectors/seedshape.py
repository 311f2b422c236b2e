"""What a seed of a connector may say: its keys, which of them are needed, and of what kind their values are.

A shape is plain data. A mapping lists keys, `name!` for one that must be there and
`*` for any other; a list of one shape is a list of such entries; a tuple offers
shapes by kind of value; a frozenset lists the words that a value may be; `ANY`, `TEXT`, `NUMBER` and `YES_NO` are values. Where
`*` stands beside names, a key that is but a slip of one of them is refused too.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Any

from runafter.errors import DefinitionError
from runafter.expressions.nearest import nearest

Shape = Any

ANY = "anything"
TEXT = "a text"
NUMBER = "a number"
YES_NO = "true or false"
SCALAR = "a single value"

_SLIP = 0.8
"""How alike a free key and a known one must be to be taken for the same word."""


class InvalidSeed(DefinitionError):
    """A seed file is broken; names the key."""

    code = "TEN004"


def check_shape(shape: Shape, value: Any, pointer: str) -> None:
    """Compare a seed's value with its shape; `pointer` says where it stands. A value left out is none.

    Raises:
        InvalidSeed: a key or value does not fit; with its place, and the near name.
    """
    if value is None or shape == ANY:
        return
    if isinstance(shape, tuple):
        fitting = [each for each in shape if _is_of_kind(each, value)]
        if not fitting:
            raise InvalidSeed(f"{_shown(value)} stands here; {_kinds(shape)} is meant", pointer=pointer)
        check_shape(fitting[0], value, pointer)
    elif isinstance(shape, frozenset):
        if value not in shape:
            meant = nearest(str(value), shape)
            hint = f"Did you mean {meant!r}?" if meant else f"There are: {', '.join(sorted(shape))}."
            raise InvalidSeed(f"{_shown(value)} is not known here", pointer=pointer, hint=hint)
    elif not _is_of_kind(shape, value):
        raise InvalidSeed(f"{_shown(value)} stands here; {_kind(shape)} is meant", pointer=pointer)
    elif isinstance(shape, Mapping):
        _check_keys(shape, value, pointer)
    elif isinstance(shape, list):
        for place, entry in enumerate(value):
            check_shape(shape[0], entry, f"{pointer}/{place}")


def _check_keys(shape: Mapping[str, Shape], value: Mapping[Any, Any], pointer: str) -> None:
    known = {name.rstrip("!"): inner for name, inner in shape.items() if name != "*"}
    for key, entry in value.items():
        name = str(key)
        place = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
        if name in known:
            check_shape(known[name], entry, place)
            continue
        meant = _slip(name, known, value) if "*" in shape else nearest(name, known)
        if meant is None and "*" in shape:
            check_shape(shape["*"], entry, place)
            continue
        hint = f"Did you mean {meant!r}?" if meant else f"There are: {', '.join(known)}." if known else None
        raise InvalidSeed(f"no key {name!r} is known here", pointer=place, hint=hint)
    missing = [name[:-1] for name in shape if name.endswith("!") and name[:-1] not in value]
    if missing:
        raise InvalidSeed(f"{', '.join(map(repr, missing))} is missing", pointer=pointer)


def _slip(name: str, known: Mapping[str, Shape], given: Mapping[Any, Any]) -> str | None:
    """Return the known name, not given itself, of which a free key is a misspelling."""
    for other in known:
        if other not in given and SequenceMatcher(None, name.casefold(), other.casefold()).ratio() >= _SLIP:
            return other
    return None


def _is_of_kind(shape: Shape, value: Any) -> bool:
    match shape:
        case Mapping():
            return isinstance(value, Mapping)
        case list():
            return isinstance(value, list)
        case "a text" | frozenset():
            return isinstance(value, str)
        case "a number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "true or false":
            return isinstance(value, bool)
        case "a single value":
            return not isinstance(value, Mapping | list)
        case _:
            return True


def _kind(shape: Shape) -> str:
    if isinstance(shape, Mapping):
        names = [name.rstrip("!") for name in shape if name != "*"]
        return f"a mapping of {', '.join(names[:6])}" if names else "a mapping of names"
    if isinstance(shape, frozenset):
        return "a word"
    return "a list" if isinstance(shape, list) else str(shape)


def _kinds(shapes: tuple[Shape, ...]) -> str:
    return " or ".join(_kind(each) for each in shapes)


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    return "a list" if isinstance(value, list) else repr(value)[:60]
