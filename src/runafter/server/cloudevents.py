"""CloudEvents 1.0 as they arrive over HTTP: binary, structured and batched.

The mode is told by the content type: `application/cloudevents-batch` is a batch,
`application/cloudevents` one structured event; anything else with all required
`ce-` headers is a binary one. What a flow sees stays the request as it was sent,
as on the platform; the event gives the key by which it is known again, for
"source + id is unique for each distinct event".
Source: cloudevents/spec, bindings/http-protocol-binding.md and spec.md, read 2026-11.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from runafter.server.answers import BadRequest
from runafter.values.json import compact

REQUIRED = ("specversion", "id", "source", "type")
MOST_IN_BATCH = 1_000
_MOST_KEY = 400
_MEDIA_TYPE = "application/cloudevents"
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event. `body` is what the flow's trigger gets as its body; unset where it is the request's own."""

    id: str
    source: str
    type: str
    body: Any = msgspec.UNSET

    @property
    def key(self) -> str:
        key = compact([self.source, self.id])
        return key if len(key) <= _MOST_KEY else hashlib.sha256(key.encode()).hexdigest()


def events_of(headers: Mapping[str, str], body: bytes) -> list[CloudEvent] | None:
    """Return the events of a request, None where it carries none. Header names in lower case.

    Raises:
        BadRequest: the request says it is a CloudEvent and is no valid one.
    """
    media_type = headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type.startswith(f"{_MEDIA_TYPE}-batch"):
        return _batch(media_type, body)
    if media_type.startswith(_MEDIA_TYPE):
        if media_type not in {f"{_MEDIA_TYPE}+json", _MEDIA_TYPE}:
            raise _wrong(f"the event format {media_type!r} is not known", status=415)
        return [_checked(_json(body))]
    if all(headers.get(f"ce-{name}") for name in REQUIRED) and headers["ce-specversion"] == "1.0":
        return [_checked({name: _decoded(headers[f"ce-{name}"]) for name in REQUIRED}, has_body=False)]
    return None


def _batch(media_type: str, body: bytes) -> list[CloudEvent]:
    if media_type != f"{_MEDIA_TYPE}-batch+json":
        raise _wrong(f"the event format {media_type!r} is not known", status=415)
    found = _json(body)
    if not isinstance(found, list):
        raise _wrong("a batch is a JSON array of events")
    if len(found) > MOST_IN_BATCH:
        raise _wrong(f"a batch has at most {MOST_IN_BATCH} events, this one has {len(found)}", status=413)
    return [_checked(each) for each in found]


def _checked(event: Any, *, has_body: bool = True) -> CloudEvent:
    if not isinstance(event, Mapping):
        raise _wrong("an event is a JSON object")
    for name in REQUIRED:
        if not isinstance(event.get(name), str) or not event[name]:
            raise _wrong(f"the attribute {name!r} is missing or no text")
    if event["specversion"] != "1.0":
        raise _wrong(f"specversion {event['specversion']!r} is not 1.0")
    if "data" in event and "data_base64" in event:
        raise _wrong("an event has data or data_base64, not both")
    return CloudEvent(
        id=event["id"], source=event["source"], type=event["type"], body=dict(event) if has_body else msgspec.UNSET
    )


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as fault:
        raise _wrong("the body is no JSON") from fault


def _decoded(value: str) -> str:
    """Return a header's value: unquoted where it is quoted, then percent-decoded once."""
    quoted = _QUOTED.fullmatch(value.strip())
    text = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted is not None else value
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError as fault:
        raise _wrong("a ce- header is not UTF-8 when decoded") from fault


def _wrong(message: str, *, status: int = 400) -> BadRequest:
    return BadRequest(f"The CloudEvent cannot be read: {message}.", status=status, code="InvalidCloudEvent")
