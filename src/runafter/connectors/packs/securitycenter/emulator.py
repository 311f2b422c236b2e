"""Defender for Cloud: who subscribed is called when somebody raises an alert or a recommendation."""

from __future__ import annotations

from typing import Any

from runafter.connectors.answers import ok
from runafter.connectors.spec import Call, Store, Surroundings
from runafter.protocol.events import Outcome


def subscribe(call: Call) -> Outcome:
    ident = call.around.new_id()
    url = call.callback_url or str(call.record("body").get("callback_url") or f"subscription:{ident}")
    call.store.put("subscriptions", ident, {"callback_url": url, "kind": call.operation.id.removesuffix("Subscribe")})
    return ok(None, status=201, headers={"Location": f"/subscriptions/{ident}"})


def raise_event(store: Store, around: Surroundings, kind: str, body: Any) -> int:
    """Call everyone who subscribed to `Alert` or `Assessment`; return how many."""
    called = 0
    for _, subscription in store.rows("subscriptions"):
        if subscription["kind"] == kind:
            around.signal(subscription["callback_url"], {"headers": {}, "body": body})
            called += 1
    return called
