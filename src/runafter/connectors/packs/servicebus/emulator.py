"""Service Bus: messages in queues and subscriptions, locked for 30 s by default, dead-lettered after 10 deliveries.

Shapes after learn.microsoft.com/connectors/servicebus (ServiceBusMessage).
"""

from __future__ import annotations

import base64
import json
from typing import Any

from runafter.connectors.answers import failure, ok
from runafter.connectors.instants import TICKS_PER_SECOND, iso_fraction
from runafter.connectors.seedshape import ANY, TEXT
from runafter.connectors.spec import Call, Row, Store, Surroundings
from runafter.protocol.events import Outcome

LOCK_S = 30.0
MAXIMUM_DELIVERIES = 10


def _bytes(value: Any) -> str:
    if isinstance(value, str):
        return value
    return base64.b64encode(json.dumps(value, ensure_ascii=False).encode()).decode()


def enqueue(store: Store, around: Surroundings, now: int, entity: str, message: Any) -> str:
    """Put a message into a queue, or into every subscription of a topic; return its id."""
    given = message if isinstance(message, dict) else {"contentData": message}
    lowered = {name[:1].lower() + name[1:]: value for name, value in given.items()}
    ident = str(lowered.get("messageId") or around.new_id())
    row: Row = {
        "messageId": ident,
        "contentData": _bytes(lowered.get("contentData", "")),
        "contentType": lowered.get("contentType"),
        "correlationId": lowered.get("correlationId"),
        "label": lowered.get("label"),
        "sessionId": lowered.get("sessionId"),
        "properties": lowered.get("properties") or lowered.get("userProperties") or {},
        "enqueued": now,
        "deliveries": 0,
        "locked_until": 0,
        "lock": None,
    }
    subscriptions = [key for key, _ in store.rows("subscriptions") if key.startswith(f"{entity}/")]
    for target in subscriptions or [entity]:
        number = store.next_number("message")
        store.put(f"entity|{target}", f"{number:012d}", {**row, "sequence": number})
    return ident


def send_message(call: Call) -> Outcome:
    message = call.arguments.get("message")
    size = len(json.dumps(message)) if message is not None else 0
    if size > 1024 * 1024:
        return failure(413, "MessageSizeExceeded", "The message is larger than 1 MB.")
    if isinstance(message, list):
        for entry in message:
            enqueue(call.store, call.around, call.now, call.text("entityName"), entry)
    else:
        enqueue(call.store, call.around, call.now, call.text("entityName"), message)
    return ok(None)


def shown(row: Row) -> dict[str, Any]:
    return {
        "ContentData": row["contentData"],
        "contentData": row["contentData"],
        "ContentType": row["contentType"],
        "ContentTransferEncoding": "Base64",
        "Properties": {
            **row["properties"],
            "DeliveryCount": str(row["deliveries"]),
            "EnqueuedTimeUtc": iso_fraction(row["enqueued"]),
            "SequenceNumber": str(row["sequence"]),
            "LockedUntilUtc": iso_fraction(row["locked_until"]) if row["locked_until"] else None,
        },
        "MessageId": row["messageId"],
        "CorrelationId": row["correlationId"],
        "Label": row["label"],
        "SessionId": row["sessionId"],
        "LockToken": row["lock"],
        "lockToken": row["lock"],
        "SequenceNumber": row["sequence"],
    }


def _receive(call: Call, entity: str, *, locks: bool) -> Outcome:
    count = call.number("maxMessageCount") or call.number("maxMessageBatchSize") or 1
    session = call.text("sessionId")
    table = f"entity|{entity}"
    found = list[Row]()
    for key, row in call.store.rows(table):
        if len(found) == count:
            break
        if row["locked_until"] > call.now or (session and session not in ("Next available", str(row["sessionId"]))):
            continue
        if row["deliveries"] >= MAXIMUM_DELIVERIES:
            call.store.delete(table, key)
            call.store.put(f"entity|{entity}/$DeadLetterQueue", key, {**row, "reason": "MaxDeliveryCountExceeded"})
            continue
        until = call.now + round(LOCK_S * TICKS_PER_SECOND) if locks else 0
        taken = {
            **row,
            "deliveries": row["deliveries"] + 1,
            "lock": call.around.new_id() if locks else None,
            "locked_until": until,
        }
        if locks:
            call.store.put(table, key, taken)
        else:
            call.store.delete(table, key)
        found.append(taken)
    messages = [shown(row) for row in found]
    return ok(messages) if messages else ok(None, status=202)


def receive_from_queue(call: Call) -> Outcome:
    queue = call.text("queueName")
    if call.text("queueType").lower().startswith("dead"):
        queue = f"{queue}/$DeadLetterQueue"
    return _receive(call, queue, locks=True)


def receive_from_topic(call: Call) -> Outcome:
    return _receive(call, f"{call.text('topicName')}/{call.text('subscriptionName')}", locks=True)


def _locked(call: Call) -> tuple[str, str, Row] | None:
    entity = call.text("queueName") or f"{call.text('topicName')}/{call.text('subscriptionName')}"
    for table in (f"entity|{entity}", f"entity|{entity}/$DeadLetterQueue"):
        for key, row in call.store.rows(table):
            if row["lock"] and row["lock"] == call.text("lockToken") and row["locked_until"] > call.now:
                return table, key, row
    return None


def _lost() -> Outcome:
    text = (
        "The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue."
    )
    return failure(410, "MessageLockLost", text)


def complete(call: Call) -> Outcome:
    found = _locked(call)
    if found is None:
        return _lost()
    call.store.delete(found[0], found[1])
    return ok(None)


def abandon(call: Call) -> Outcome:
    found = _locked(call)
    if found is None:
        return _lost()
    call.store.put(found[0], found[1], {**found[2], "lock": None, "locked_until": 0})
    return ok(None)


def dead_letter(call: Call) -> Outcome:
    found = _locked(call)
    if found is None:
        return _lost()
    table, key, row = found
    call.store.delete(table, key)
    reason = {"reason": call.text("deadLetterReason"), "description": call.text("deadLetterErrorDescription")}
    call.store.put(f"{table}/$DeadLetterQueue", key, {**row, **reason, "lock": None, "locked_until": 0})
    return ok(None)


def renew_lock(call: Call) -> Outcome:
    found = _locked(call)
    if found is None:
        return _lost()
    until = call.now + round(LOCK_S * TICKS_PER_SECOND)
    call.store.put(found[0], found[1], {**found[2], "locked_until": until})
    return ok({"lockedUntilUtc": iso_fraction(until)})


SEED = {"subscriptions": {"*": [TEXT]}, "messages": {"*": [ANY]}}


def seed(store: Store, value: Any, around: Surroundings, now: int) -> None:
    """Fill `subscriptions: {topic: [name]}` and `messages: {entity: [message]}`."""
    for topic, names in (value.get("subscriptions") or {}).items():
        for name in names:
            store.put("subscriptions", f"{topic}/{name}", {"topic": topic, "name": name})
    for entity, messages in (value.get("messages") or {}).items():
        for message in messages:
            enqueue(store, around, now, entity, message)
