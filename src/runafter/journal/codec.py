"""Events and values as bytes, and back.

A row is JSON with a version and a CRC-32. A large body is kept apart by its
BLAKE2b hash, so that the journal and history share one copy. `UPCASTERS`
turns a row of an older version into the next one; a released version is never
dropped, and recorded journals of each are replayed by the tests.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Mapping
from typing import Any, cast

import msgspec

from runafter.errors import EnvironmentFault
from runafter.protocol.events import CallFinished, Event

VERSION = 1
UPCASTERS: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""By version n: turns the plain JSON of an event of version n into that of version n + 1."""

LARGE_BYTES = 4096
"""Above this encoded size a value is kept by its hash: below, a second row costs more than the copy (page size)."""

_encoder = msgspec.json.Encoder()
_value_decoder = msgspec.json.Decoder()
_event_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)

Content = tuple[bytes, bytes]
"""A content hash and its bytes."""


class CorruptJournal(EnvironmentFault):
    """A row of the journal, or a content it refers to, is not what was written."""

    code = "JRN001"

    def __init__(self, run_id: str, position: int, reason: str) -> None:
        super().__init__(
            f"the journal of run {run_id} is damaged at position {position}: {reason}",
            hint="Restore the database from a backup. Other runs are not touched.",
        )
        self.run_id = run_id
        self.position = position


def encode(value: Any) -> bytes:
    """Return compact JSON. Lone surrogates, which WDL strings may hold, become `\\udXXX` escapes."""
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(value), separators=(",", ":")).encode()


def decode(data: bytes) -> Any:
    """Read what `encode` wrote."""
    try:
        return _value_decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return json.loads(data)


def content_of(data: bytes) -> Content:
    return hashlib.blake2b(data, digest_size=16).digest(), data


def as_replayed(event: Event) -> tuple[Event, bytes]:
    """Return the event as the journal will give it back, and its bytes.

    Raises:
        TypeError, ValueError, RecursionError, OverflowError: a value in it is no JSON.
    """
    data = encode(event)
    try:
        return decode_event(data), data
    except msgspec.ValidationError as error:
        raise TypeError(str(error)) from error


def split_event(event: Event, data: bytes) -> tuple[bytes, Content | None]:
    """Return the row's bytes and what is kept apart: the answer's body, or, with an empty row, the whole event.

    `data` is the event, encoded.
    """
    if len(data) <= LARGE_BYTES:
        return data, None
    if isinstance(event, CallFinished) and event.outcome.body is not None:
        body = encode(event.outcome.body)
        rest = encode(msgspec.structs.replace(event, outcome=msgspec.structs.replace(event.outcome, body=None)))
        if len(rest) <= LARGE_BYTES:
            return rest, content_of(body)
    return b"", content_of(data)


def join_event(
    run_id: str, position: int, version: int, data: bytes, checksum: int, content: bytes | None, body: bytes | None
) -> Event:
    """Read one row.

    Raises:
        CorruptJournal: the row or its content is damaged, or of a version newer than ours.
    """
    if zlib.crc32(data) != checksum:
        raise CorruptJournal(run_id, position, "the checksum does not fit")
    if content is not None:
        if body is None:
            raise CorruptJournal(run_id, position, "its content is missing")
        if content_of(body)[0] != content:
            raise CorruptJournal(run_id, position, "the checksum of its content does not fit")
    try:
        if content is None:
            return decode_event(data, version)
        if not data:
            return decode_event(body or b"", version)
        event = decode_event(data, version)
        assert isinstance(event, CallFinished)
        outcome = msgspec.structs.replace(event.outcome, body=decode(body or b""))
        return msgspec.structs.replace(event, outcome=outcome)
    except (msgspec.MsgspecError, UnicodeError, ValueError, KeyError) as error:
        raise CorruptJournal(run_id, position, f"version {version} cannot be read ({error})") from error


def decode_event(data: bytes, version: int = VERSION) -> Event:
    """Read an event of `version`."""
    if version == VERSION:
        try:
            return _event_decoder.decode(data)
        except msgspec.ValidationError:
            raise
        except (msgspec.DecodeError, UnicodeDecodeError):
            return cast("Event", msgspec.convert(json.loads(data), Event))
    if version > VERSION:
        raise ValueError("it was written by a newer Runafter")
    plain = decode(data)
    while version < VERSION:
        plain = UPCASTERS[version](plain)
        version += 1
    return cast("Event", msgspec.convert(plain, Event))


def split_value(value: Any) -> tuple[bytes, Content | None]:
    """Return a history value's bytes and what is kept apart: its `body`, or, with empty bytes, all of it."""
    data = encode(value)
    if len(data) <= LARGE_BYTES:
        return data, None
    if isinstance(value, dict) and value.get("body") is not None:
        rest = encode({**value, "body": None})
        if len(rest) <= LARGE_BYTES:
            return rest, content_of(encode(value["body"]))
    return b"", content_of(data)


def join_value(data: bytes | None, body: bytes | None) -> Any:
    """Read a history value from its row and its content."""
    if body is None:
        return None if data is None else decode(data)
    if not data:
        return decode(body)
    value = decode(data)
    value["body"] = decode(body)
    return value
