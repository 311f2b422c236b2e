"""Storage queues. Shapes after learn.microsoft.com/connectors/azurequeues (MessageList)."""

from __future__ import annotations

import json
from typing import Any

from runafter.connectors.answers import failure, ok
from runafter.connectors.instants import TICKS_PER_SECOND, http_date
from runafter.connectors.seedshape import ANY
from runafter.connectors.spec import Call, Store, Surroundings
from runafter.protocol.events import Outcome

VISIBILITY_S = 30
LIFE_S = 7 * 86_400
MAXIMUM_BYTES = 64 * 1024


def put_message(call: Call) -> Outcome:
    message = call.arguments.get("message")
    text = message if isinstance(message, str) else json.dumps(message, ensure_ascii=False)
    if len(text.encode()) > MAXIMUM_BYTES:
        return failure(
            413, "RequestBodyTooLarge", "The request body is too large and exceeds the maximum permissible limit."
        )
    enqueue(call.store, call.around, call.now, call.text("queueName"), text)
    return ok(None, status=201)


def enqueue(store: Store, around: Surroundings, now: int, queue: str, text: str) -> None:
    """Put a message into a queue."""
    number = store.next_number("message")
    row = {
        "MessageId": around.new_id(),
        "MessageText": text,
        "inserted": now,
        "expires": now + LIFE_S * TICKS_PER_SECOND,
        "visible": now,
        "count": 0,
        "receipt": "",
    }
    store.put("queues", queue, {"name": queue})
    store.put(f"queue|{queue}", f"{number:012d}", row)


def get_messages(call: Call) -> Outcome:
    queue = f"queue|{call.text('queueName')}"
    hide = call.number("visibilitytimeout") or VISIBILITY_S
    found = list[dict[str, Any]]()
    for key, row in call.store.rows(queue):
        if row["expires"] <= call.now:
            call.store.delete(queue, key)
            continue
        if row["visible"] > call.now or len(found) == (call.number("numofmessages") or 32):
            continue
        until = call.now + hide * TICKS_PER_SECOND
        taken = {**row, "visible": until, "count": row["count"] + 1, "receipt": call.around.new_id()}
        call.store.put(queue, key, taken)
        found.append(
            {
                "MessageId": taken["MessageId"],
                "InsertionTime": http_date(taken["inserted"]),
                "ExpirationTime": http_date(taken["expires"]),
                "PopReceipt": taken["receipt"],
                "TimeNextVisible": http_date(until),
                "MessageText": taken["MessageText"],
                "DequeueCount": taken["count"],
            }
        )
    return ok({"QueueMessagesList": {"QueueMessage": found}})


def delete_message(call: Call) -> Outcome:
    queue = f"queue|{call.text('queueName')}"
    for key, row in call.store.rows(queue):
        if row["MessageId"] == call.text("messageId"):
            if row["receipt"] != call.text("popreceipt"):
                return failure(
                    400,
                    "PopReceiptMismatch",
                    "The specified pop receipt did not match the pop receipt for a dequeued message.",
                )
            call.store.delete(queue, key)
            return ok(None, status=204)
    return failure(404, "MessageNotFound", "The specified message does not exist.")


def create_queue(call: Call) -> Outcome:
    name = call.text("queueName")
    existed = call.store.get("queues", name) is not None
    call.store.put("queues", name, {"name": name})
    return ok(None, status=204) if existed else ok({"Name": name}, status=201)


def list_queues(call: Call) -> Outcome:
    return ok([{"Name": key} for key, _ in call.store.rows("queues")])


SEED = {"queues": {"*": [ANY]}}


def seed(store: Store, value: Any, around: Surroundings, now: int) -> None:
    """Fill `queues: {name: [message]}`."""
    for name, messages in (value.get("queues") or {}).items():
        store.put("queues", name, {"name": name})
        for message in messages or []:
            enqueue(store, around, now, name, message if isinstance(message, str) else json.dumps(message))
