"""What a connector's polling trigger has not brought yet.

The managed connectors keep such a state on their side; a service answers a poll
with the rows it has, so the state lies with the trigger: which rows it saw, each
with its version. The first poll after the trigger was switched on only looks:
rows that were there before start no run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

MOST_REMEMBERED = 10_000
_KEYS = ("ID", "Id", "id", "ItemInternalId", "{Identifier}", "internetMessageId", "Path", "path", "guid", "name")
_VERSIONS = ("@odata.etag", "ETag", "eTag", "etag")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """`body` is the poll's body with only what is to start runs, None when nothing is; `cursor` goes into the next poll."""

    body: Any = None
    cursor: Mapping[str, Any] = field(default_factory=dict)


def arrivals(body: Any, cursor: Any, *, only_new: bool) -> Arrivals:
    """Return the rows of a poll's answer that are new (with `only_new=False`: or changed) since `cursor`."""
    rows, is_wrapped = _rows(body)
    seen: dict[str, str] | None = dict(cursor["seen"]) if isinstance(cursor, Mapping) and "seen" in cursor else None
    fresh: list[Any] = []
    known: dict[str, str] = dict(seen or {})
    for row in rows:
        key, version = _identity(row)
        before = None if seen is None else seen.get(key)
        if seen is not None and (before is None or (before != version and not only_new)):
            fresh.append(row)
        known.pop(key, None)
        known[key] = version
    while len(known) > MOST_REMEMBERED:
        known.pop(next(iter(known)))
    if not fresh:
        return Arrivals(cursor={"seen": known})
    return Arrivals(body={**body, "value": fresh} if is_wrapped else fresh, cursor={"seen": known})


def is_for_new_rows(operation: str) -> bool:
    """Tell by an operation's name whether changed rows start runs too: `GetOnNewItems` against `GetOnUpdatedItems`."""
    folded = operation.casefold()
    return ("new" in folded or "created" in folded or "added" in folded) and not any(
        word in folded for word in ("updated", "modified", "changed")
    )


def _rows(body: Any) -> tuple[list[Any], bool]:
    if isinstance(body, Mapping) and isinstance(body.get("value"), list):
        return body["value"], True
    if isinstance(body, list):
        return body, False
    return ([body] if body not in (None, {}, "") else []), False


def _identity(row: Any) -> tuple[str, str]:
    try:
        told = msgspec.json.encode(row, order="sorted", enc_hook=str)
    except UnicodeEncodeError:  # half a surrogate pair, which no UTF-8 holds
        told = json.dumps(row, sort_keys=True, default=str).encode()
    digest = hashlib.blake2b(told, digest_size=12).hexdigest()
    if not isinstance(row, Mapping):
        return digest, digest
    key = next((str(row[name]) for name in _KEYS if row.get(name) not in (None, "")), digest)
    return key, next((str(row[name]) for name in _VERSIONS if row.get(name)), digest)
