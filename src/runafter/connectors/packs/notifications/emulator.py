"""Pushes and mails to oneself. Shapes from experience of the platform, not verified against a page."""

from __future__ import annotations

from typing import Any

from runafter.connectors.answers import failure, ok
from runafter.connectors.instants import iso
from runafter.connectors.seedshape import Shape
from runafter.connectors.spec import Call, Store, Surroundings
from runafter.protocol.events import Outcome


def _sent(call: Call, kind: str, to: list[str], text: Any, **more: Any) -> Outcome:
    if not text:
        return failure(400, "BadRequest", "The notification has no text.")
    ident = call.around.new_id()
    row = {"id": ident, "kind": kind, "to": to, "text": str(text), "sentAt": iso(call.now), **more}
    call.store.put("sent", ident, row)
    return ok(None)


def send_notification(call: Call) -> Outcome:
    given = call.record("NotificationDefinition")
    return _sent(call, "push", [call.user], given.get("notificationText"), link=given.get("notificationLink"))


def send_email_notification(call: Call) -> Outcome:
    given = call.record("NotificationEmailDefinition")
    return _sent(call, "mail", [call.user], given.get("notificationBody"), subject=given.get("notificationSubject"))


def send_push_notification(call: Call) -> Outcome:
    given = call.record("body")
    to = given.get("recipients")
    return _sent(
        call,
        "app",
        [str(each) for each in to] if isinstance(to, list) else [str(to or call.user)],
        given.get("message"),
    )


SEED: dict[str, Shape] = {}


def seed(store: Store, value: Any, around: Surroundings, now: int) -> None:
    """Nothing to fill: what was sent is all there is."""
