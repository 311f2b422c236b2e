"""Teams: posts and cards in channels, chats and to people; cards that wait for their answer.

Shapes after learn.microsoft.com/connectors/teams.
"""

from __future__ import annotations

import json
from typing import Any

from runafter.connectors.answers import entries, failure, no_content, ok
from runafter.connectors.carried import graph_request
from runafter.connectors.instants import TICKS_PER_SECOND, iso_fraction
from runafter.connectors.packs.teams import chats
from runafter.connectors.seedshape import ANY, NUMBER, SCALAR, TEXT
from runafter.connectors.spec import Call, Row, Store, Surroundings
from runafter.protocol.events import Outcome

POSTS = "posts"
WAITING = "waiting"


def _recipient(value: Any) -> dict[str, str]:
    if isinstance(value, dict):
        return {str(k): str(v) for k, v in value.items() if v is not None}
    return {"to": str(value)} if value else {}


def _known(call: Call, recipient: dict[str, str]) -> Outcome | None:
    """Refuse a team or channel that a seeded tenant does not have."""
    teams = call.store.rows("teams")
    group = recipient.get("groupId")
    if not teams or not group:
        return None
    team = call.store.get("teams", group)
    if team is None:
        return failure(404, "NotFound", f"No team found with Group Id '{group}'.")
    channel = recipient.get("channelId")
    if channel and all(channel not in (entry["id"], entry["displayName"]) for entry in team["channels"]):
        return failure(404, "NotFound", f"No channel '{channel}' in the team '{team['displayName']}'.")
    return None


def _post(call: Call, kind: str, recipient: Any, message: Any, **more: Any) -> Row | Outcome:
    to = _recipient(recipient)
    refused = _known(call, to)
    if refused is not None:
        return refused
    if not to and not call.text("location").lower().startswith("self"):
        return failure(400, "BadRequest", "The recipient is missing.")
    ident = str(1_700_000_000_000 + call.store.next_number("message"))
    row: Row = {
        "id": ident,
        "kind": kind,
        "recipient": to,
        "message": message,
        "from": call.user,
        "createdDateTime": iso_fraction(call.now),
        **more,
    }
    row |= {"poster": call.text("poster") or "Flow bot", "location": call.text("location")}
    call.store.put(POSTS, ident, row)
    chats.tell(call.store, call.around, row)
    return row


def _posted(row: Row) -> Outcome:
    link = f"https://teams.microsoft.com/l/message/{row['recipient'].get('channelId', 'chat')}/{row['id']}"
    return ok(
        {"id": row["id"], "messageLink": link, "conversationId": row["recipient"].get("channelId", "")}, status=201
    )


def _card(value: Any) -> Any:
    """Return a card as an object; text that is no JSON is refused as Teams does."""
    if isinstance(value, str):
        return json.loads(value)
    return value


def post_message_to_conversation(call: Call) -> Outcome:
    body = call.record("body")
    row = _post(call, "message", body.get("recipient"), body.get("messageBody"), subject=body.get("subject"))
    return row if isinstance(row, Outcome) else _posted(row)


def post_card_to_conversation(call: Call) -> Outcome:
    body = call.record("body")
    try:
        card = _card(body.get("messageBody"))
    except ValueError:
        return failure(400, "BadRequest", "The specified card is not valid JSON.")
    row = _post(call, "card", body.get("recipient"), card)
    return row if isinstance(row, Outcome) else _posted(row)


def post_to_channel(call: Call) -> Outcome:
    """Post in a channel by its team and channel id (the older operation)."""
    body = call.record("body")
    inner = body.get("body")
    message = inner.get("content") if isinstance(inner, dict) else inner
    recipient = {"groupId": call.text("groupId"), "channelId": call.text("channelId")}
    row = _post(call, "message", recipient, message, subject=body.get("subject"))
    if isinstance(row, Outcome):
        return row
    content = {"contentType": "html", "content": message}
    base = {"id": row["id"], "createdDateTime": row["createdDateTime"], "subject": body.get("subject"), "body": content}
    return ok(
        {**base, "messageType": "message", "importance": "normal", "replyToId": None, "deleted": False}, status=201
    )


def reply_to_message(call: Call) -> Outcome:
    parent = call.store.get(POSTS, call.text("messageId"))
    if parent is None:
        return failure(404, "NotFound", f"No message '{call.text('messageId')}'.")
    body = call.record("body")
    inner = body.get("body")
    message = inner.get("content") if isinstance(inner, dict) else body.get("messageBody", inner)
    row = _post(call, "reply", parent["recipient"], message, reply_to=parent["id"])
    return row if isinstance(row, Outcome) else _posted(row)


def post_notification(call: Call) -> Outcome:
    """Notify a person or a channel as the Flow bot (the older operation)."""
    given = call.record(call.operation.body or "body")
    recipient = _recipient(given.get("recipient"))
    if call.text("groupId"):
        recipient["groupId"] = call.text("groupId")
    row = _post(call, "notification", recipient, given.get("messageBody"), title=given.get("messageTitle"))
    return row if isinstance(row, Outcome) else _posted(row)


def post_bot_card(call: Call) -> Outcome:
    given = call.record(call.operation.body or "body")
    try:
        card = _card(given.get("messageBody"))
    except ValueError:
        return failure(400, "BadRequest", "The specified card is not valid JSON.")
    recipient = _recipient(given.get("recipient"))
    if call.text("groupId"):
        recipient["groupId"] = call.text("groupId")
    row = _post(call, "card", recipient, card, title=given.get("messageTitle"))
    return row if isinstance(row, Outcome) else _posted(row)


# -- waiting -----------------------------------------------------------------------------------------------------------------


def post_card_and_wait(call: Call) -> Outcome:
    """Post a card and wait for its answer; the seed's `answers` rule answers by itself, else `answer_card` does."""
    given = call.record(call.operation.body or "body")
    inner = given.get("body")
    given = inner if isinstance(inner, dict) else given
    recipient = _recipient(given.get("recipient"))
    if call.text("groupId"):
        recipient["groupId"] = call.text("groupId")
    options = given.get("options")
    card: Any
    try:
        card = (
            {"message": given.get("messageBody"), "options": options}
            if options is not None
            else _card(given.get("messageBody"))
        )
    except ValueError:
        return failure(400, "BadRequest", "The specified card is not valid JSON.")
    row = _post(call, "card", recipient, card, waits=True)
    if isinstance(row, Outcome):
        return row
    choices = entries(options)
    call.store.put(
        WAITING, row["id"], {"id": row["id"], "callback_url": call.callback_url, "to": recipient, "options": choices}
    )
    rule = call.store.get("settings", "answers")
    if rule is not None:
        store, around, ident, now = call.store, call.around, row["id"], call.now
        data, by, after_s = rule.get("data", {}), rule.get("by"), float(rule.get("after_s", 0))
        at = now + round(after_s * TICKS_PER_SECOND)
        call.around.later(after_s, lambda: answer_card(store, around, ident, data, at, by=by))
    return ok({"id": row["id"]}, status=201, headers={"Location": f"/subscriptions/{row['id']}"})


def answer_card(
    store: Store, around: Surroundings, ident: str, data: Any, now: int = 0, *, by: str | None = None
) -> bool:
    """Answer a waiting card with `data`, or with one of its options; return whether one waited."""
    waiting = store.get(WAITING, ident)
    if waiting is None:
        return False
    store.delete(WAITING, ident)
    mail = by or waiting["to"].get("to", "")
    responder = {
        "objectId": around.new_id(),
        "tenantId": "",
        "email": mail,
        "userPrincipalName": mail,
        "displayName": mail.split("@")[0].title(),
    }
    body: dict[str, Any] = {
        "responseTime": iso_fraction(now) if now else "",
        "responder": responder,
        "messageId": ident,
    }
    if waiting["options"]:
        body["selectedOption"] = data if isinstance(data, str) else waiting["options"][0]
    else:
        body |= {"submitActionId": data.get("submitActionId") if isinstance(data, dict) else None, "data": data}
    around.signal(waiting["callback_url"], {"headers": {}, "body": body})
    return True


# -- teams -------------------------------------------------------------------------------------------------------------------


def _team(call: Call, ident: str) -> Row:
    found = call.store.get("teams", ident)
    if found is not None:
        return found
    return {
        "id": ident,
        "displayName": ident,
        "description": "",
        "channels": [{"id": f"19:{ident}@thread.tacv2", "displayName": "General"}],
    }


def get_team(call: Call) -> Outcome:
    if call.store.rows("teams") and call.store.get("teams", call.text("teamId")) is None:
        return failure(404, "NotFound", f"No team found with Group Id '{call.text('teamId')}'.")
    row = _team(call, call.text("teamId"))
    link = f"https://teams.microsoft.com/l/team/{row['id']}"
    return ok(
        {
            "id": row["id"],
            "displayName": row["displayName"],
            "description": row["description"],
            "isArchived": False,
            "webUrl": link,
        }
    )


def get_all_teams(call: Call) -> Outcome:
    return ok(
        {
            "value": [
                {"id": r["id"], "displayName": r["displayName"], "description": r["description"]}
                for _, r in call.store.rows("teams")
            ]
        }
    )


def get_channels_for_group(call: Call) -> Outcome:
    return ok(
        {
            "value": [
                {**entry, "description": "", "membershipType": "standard"}
                for entry in _team(call, call.text("groupId"))["channels"]
            ]
        }
    )


def create_channel(call: Call) -> Outcome:
    row = _team(call, call.text("groupId"))
    name = str(call.record("body").get("displayName") or "")
    if any(entry["displayName"] == name for entry in row["channels"]):
        return failure(409, "Conflict", f"Channel name already existed: '{name}'.")
    channel = {"id": f"19:{call.around.new_id().replace('-', '')}@thread.tacv2", "displayName": name}
    call.store.put("teams", row["id"], {**row, "channels": [*row["channels"], channel]})
    more = {"description": call.record("body").get("description"), "membershipType": "standard"}
    return ok({**channel, **more}, status=201)


def get_messages_from_channel(call: Call) -> Outcome:
    found = [
        {
            "id": r["id"],
            "createdDateTime": r["createdDateTime"],
            "body": {"contentType": "html", "content": r["message"]},
            "subject": r.get("subject"),
        }
        for _, r in call.store.rows(POSTS)
        if r["recipient"].get("groupId") == call.text("groupId")
        and r["recipient"].get("channelId") == call.text("channelId")
    ]
    return ok({"value": list(reversed(found))})


def http_request(call: Call) -> Outcome:
    """Send a request to Graph: teams, channels and messages; other resources are refused by name."""
    method, uri = call.text("Method", "GET").upper(), call.text("Uri")
    parts = uri.split("?")[0].replace("https://graph.microsoft.com", "").strip("/").split("/")
    parts = parts[1:] if parts[0] in ("v1.0", "beta") else parts
    match (method, *parts):
        case ("GET", "teams", team):
            call.arguments["teamId"] = team
            return get_team(call)
        case ("GET", "teams", team, "channels"):
            call.arguments["groupId"] = team
            return get_channels_for_group(call)
        case ("GET", "teams", team, "channels", channel, "messages"):
            call.arguments |= {"groupId": team, "channelId": channel}
            return get_messages_from_channel(call)
        case ("POST", "teams", team, "channels", channel, "messages"):
            body = call.arguments.get("Body")
            try:
                parsed = json.loads(body) if isinstance(body, str) else body
            except ValueError:
                return failure(400, "BadRequest", "The body is no JSON.")
            call.arguments |= {"groupId": team, "channelId": channel, "body": parsed}
            return post_to_channel(call)
        case _:
            return graph_request(call)


def reply_in_conversation(call: Call) -> Outcome:
    """Reply with a message or a card in the place that the parent was posted in."""
    body = call.record("body")
    parent = call.store.get(POSTS, chats.parent_of(body, body.get("recipient")))
    if parent is None:
        return failure(404, "NotFound", "The message to reply to is not found.")
    message = body.get("messageBody")
    if "card" in call.operation.id.lower():
        try:
            message = _card(message)
        except ValueError:
            return failure(400, "BadRequest", "The specified card is not valid JSON.")
    row = _post(call, "reply", parent["recipient"], message, reply_to=parent["id"])
    return row if isinstance(row, Outcome) else _posted(row)


def post_message_to_self(call: Call) -> Outcome:
    inner = call.record("body").get("body")
    row = _post(
        call,
        "message",
        {"to": call.user, "chatId": "48:notes"},
        inner.get("content") if isinstance(inner, dict) else inner,
    )
    return row if isinstance(row, Outcome) else ok(chats.shown(row), status=201)


def post_feed_notification(call: Call) -> Outcome:
    body = call.record("body")
    row = _post(call, "feed", body.get("recipient"), body.get("notificationText") or body.get("messageBody"))
    return row if isinstance(row, Outcome) else no_content()


def get_channel(call: Call) -> Outcome:
    for entry in _team(call, call.text("groupId"))["channels"]:
        if call.text("channelId") in (entry["id"], entry["displayName"]):
            return ok({**entry, "description": "", "membershipType": "standard"})
    return failure(404, "NotFound", f"No channel '{call.text('channelId')}'.")


create_chat = chats.create_chat
get_chats = chats.get_chats
get_messages_from_chat = chats.get_messages_from_chat
add_member_to_chat = chats.add_member_to_chat
get_message_details = chats.get_message_details
list_replies_to_message = chats.list_replies_to_message
update_card_in_conversation = chats.update_card_in_conversation
add_member = chats.add_member
remove_member = chats.remove_member
list_members = chats.list_members
membership_changed = chats.membership_changed
at_mention_user = chats.at_mention_user
create_ateam = chats.create_a_team
create_teams_meeting = chats.create_teams_meeting
subscribe_to_messages = chats.subscribe_to_messages
messages_mentioning = chats.messages_mentioning


SEED = {
    "teams": [
        {
            "id": SCALAR,
            "displayName": TEXT,
            "description": TEXT,
            "channels": [({"id!": TEXT, "displayName": TEXT}, TEXT)],
            "members": [TEXT],
        }
    ],
    "answers": {"data": ANY, "by": TEXT, "after_s": NUMBER},
}


def seed(store: Store, value: Any, around: Surroundings, now: int) -> None:
    """Fill `teams: [{id, displayName, channels: [name], members}]` and `answers: {data, by, after_s}` for cards that wait."""
    for entry in value.get("teams") or []:
        ident = str(entry.get("id") or around.new_id())
        channels = [
            c if isinstance(c, dict) else {"id": f"19:{c}@thread.tacv2", "displayName": c}
            for c in entry.get("channels") or ["General"]
        ]
        store.put(
            "teams",
            ident,
            {
                "id": ident,
                "displayName": entry.get("displayName", ident),
                "description": entry.get("description", ""),
                "channels": channels,
                "members": entry.get("members") or [],
            },
        )
    if value.get("answers"):
        store.put("settings", "answers", value["answers"])
