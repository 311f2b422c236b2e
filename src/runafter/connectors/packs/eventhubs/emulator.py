"""Event hubs: events in order of arrival; each consumer group has its place. Shapes after learn.microsoft.com/connectors/eventhubs."""

from __future__ import annotations

import json
from typing import Any

from runafter.connectors.answers import failure, ok
from runafter.connectors.instants import iso_fraction
from runafter.connectors.seedshape import ANY
from runafter.connectors.spec import Call, Store, Surroundings
from runafter.protocol.events import Outcome

MAXIMUM_BYTES = 1024 * 1024


def _append(store: Store, now: int, hub: str, event: Any, key: str) -> None:
    given = event if isinstance(event, dict) else {"ContentData": event}
    number = store.next_number(f"events|{hub}")
    row = {
        "ContentData": given.get("ContentData", given.get("contentData", "")),
        "Properties": given.get("Properties") or {},
        "SystemProperties": {
            "SequenceNumber": number,
            "PartitionKey": key or None,
            "EnqueuedTimeUtc": iso_fraction(now),
        },
    }
    store.put(f"hub|{hub}", f"{number:012d}", row)


def send_event(call: Call) -> Outcome:
    event = call.arguments.get("event")
    if len(json.dumps(event, default=str)) > MAXIMUM_BYTES:
        return failure(413, "MessageSizeExceeded", "The event is larger than 1 MB.")
    _append(call.store, call.now, call.text("eventHubName"), event, call.text("partitionKey"))
    return ok(None, status=201)


def send_events(call: Call) -> Outcome:
    events = call.arguments.get("events")
    if not isinstance(events, list):
        return failure(400, "BadRequest", "The events must be an array.")
    if len(json.dumps(events, default=str)) > MAXIMUM_BYTES:
        return failure(413, "MessageSizeExceeded", "The batch is larger than 1 MB.")
    for event in events:
        _append(call.store, call.now, call.text("eventHubName"), event, call.text("partitionKey"))
    return ok(None, status=201)


def receive_events(call: Call) -> Outcome:
    hub = call.text("eventHubName")
    group = call.text("consumerGroup") or call.text("consumerGroupName") or "$Default"
    place = (call.store.get("groups", f"{hub}|{group}") or {"place": ""})["place"]
    found = [(key, row) for key, row in call.store.rows(f"hub|{hub}") if key > place]
    found = found[: call.number("maximumEventsCount") or 50]
    if not found:
        return ok(None, status=202)
    call.store.put("groups", f"{hub}|{group}", {"place": found[-1][0]})
    return ok([row for _, row in found])


SEED = {"events": {"*": [ANY]}}


def seed(store: Store, value: Any, around: Surroundings, now: int) -> None:
    """Fill `events: {hub: [event]}`."""
    for hub, events in (value.get("events") or {}).items():
        for event in events:
            _append(store, now, hub, event, "")
