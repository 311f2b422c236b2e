"""Chats, members and meetings of Teams, and who is told of new messages.

Shapes after learn.microsoft.com/connectors/teams and Microsoft's `azure-connectors` client; where a body's fields are
dynamic there (the message that is replied to, for example), their names are from experience of the platform.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from runafter.connectors import odata
from runafter.connectors.answers import entries, failure, no_content, ok
from runafter.connectors.directory import Directory
from runafter.connectors.instants import iso, iso_fraction
from runafter.connectors.spec import Call, Row, Store, Surroundings
from runafter.protocol.events import Outcome

POSTS = "posts"
CHATS = "chats"
SUBSCRIPTIONS = "subscriptions"
_PARENTS = ("messageId", "parentMessageId", "replyToId", "message", "id")


def parent_of(body: Mapping[str, Any], recipient: Any) -> str:
    """Return the id of the message that a reply or an update is for."""
    places = (body, recipient if isinstance(recipient, Mapping) else {})
    return next((str(place[name]) for place in places for name in _PARENTS if place.get(name)), "")


def shown(row: Row) -> dict[str, Any]:
    """Return a message as Graph's `chatMessage`."""
    text = row["message"] if isinstance(row["message"], str) else ""
    kind = (
        {}
        if text
        else {"attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": row["message"]}]}
    )
    to = row["recipient"]
    return {
        "id": row["id"],
        "replyToId": row.get("reply_to"),
        "messageType": "message",
        "createdDateTime": row["createdDateTime"],
        "lastModifiedDateTime": row.get("lastModifiedDateTime", row["createdDateTime"]),
        "subject": row.get("subject"),
        "importance": "normal",
        "from": {"user": {"id": row["from"], "displayName": row["from"].split("@")[0]}},
        "body": {"contentType": "html", "content": text},
        "channelIdentity": {"teamId": to.get("groupId"), "channelId": to.get("channelId")}
        if to.get("groupId")
        else None,
        "chatId": _chat_of(to) or None,
        "attachments": kind.get("attachments", []),
        "mentions": [],
        "reactions": [],
    }


def _chat_of(recipient: Mapping[str, Any]) -> str:
    return str(recipient.get("chatId") or recipient.get("to") or "") if not recipient.get("groupId") else ""


# -- chats -------------------------------------------------------------------------------------------------------------


def create_chat(call: Call) -> Outcome:
    """Make a chat of the caller and others; one of two people is found again."""
    body = call.record("body")
    members = [part.strip() for part in str(body.get("members") or "").split(";") if part.strip()]
    if not members:
        return failure(400, "BadRequest", "A chat needs at least one other member.")
    people = list(dict.fromkeys([call.user, *members]))
    kind = "oneOnOne" if len(people) == 2 and not body.get("topic") else "group"
    for _, row in call.store.rows(CHATS):
        if kind == "oneOnOne" == row["chatType"] and set(row["members"]) == set(people):
            return ok(_chat(row), status=201)
    ident = f"19:{call.around.new_id().replace('-', '')}@thread.v2"
    row = {
        "id": ident,
        "topic": body.get("topic"),
        "chatType": kind,
        "members": people,
        "createdDateTime": iso(call.now),
    }
    call.store.put(CHATS, ident, row)
    return ok(_chat(row), status=201)


def _chat(row: Row) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "members"}


def get_chats(call: Call) -> Outcome:
    kind, topic = call.text("chatType", "all").lower(), call.text("topic", "all").lower()
    rows = [row for _, row in call.store.rows(CHATS) if kind == "all" or row["chatType"].lower() == kind]
    named = {"all": rows, "true": [r for r in rows if r["topic"]], "false": [r for r in rows if not r["topic"]]}
    return ok({"value": [_chat(row) for row in named.get(topic, rows)]})


def get_messages_from_chat(call: Call) -> Outcome:
    chat = call.text("chatId")
    rows = [shown(row) for _, row in call.store.rows(POSTS) if _chat_of(row["recipient"]) == chat]
    page = odata.page(list(reversed(rows)), odata.query_of(call.arguments), page_size=20)
    return ok({"value": page.rows})


def add_member_to_chat(call: Call) -> Outcome:
    row = call.store.get(CHATS, call.text("chatId"))
    if row is None:
        return failure(404, "NotFound", f"No chat '{call.text('chatId')}'.")
    person = str(call.record("body").get("userId") or "")
    call.store.put(CHATS, row["id"], {**row, "members": list(dict.fromkeys([*row["members"], person]))})
    return ok(_member(call, person), status=201)


# -- messages ----------------------------------------------------------------------------------------------------------


def get_message_details(call: Call) -> Outcome:
    row = call.store.get(POSTS, call.text("messageId"))
    return failure(404, "NotFound", f"No message '{call.text('messageId')}'.") if row is None else ok(shown(row))


def list_replies_to_message(call: Call) -> Outcome:
    rows = [shown(row) for _, row in call.store.rows(POSTS) if row.get("reply_to") == call.text("messageId")]
    return ok({"value": list(reversed(rows))[: call.number("$top") or 20]})


def update_card_in_conversation(call: Call) -> Outcome:
    body = call.record("body")
    row = call.store.get(POSTS, parent_of(body, body.get("recipient")))
    if row is None:
        return failure(404, "NotFound", "The card to update is not found.")
    card = body.get("messageBody") or body.get("updatedCard")
    call.store.put(POSTS, row["id"], {**row, "message": card, "lastModifiedDateTime": iso_fraction(call.now)})
    return ok({"id": row["id"], "conversationId": row["recipient"].get("channelId", "")}, status=201)


# -- members -----------------------------------------------------------------------------------------------------------


def _members(call: Call, thread: str) -> list[str]:
    seeded = (call.store.get("teams", thread) or call.store.get(CHATS, thread) or {}).get("members") or []
    row = call.store.get("members", thread)
    return list((row or {"people": seeded})["people"])


def _member(call: Call, person: str, roles: tuple[str, ...] = ()) -> dict[str, Any]:
    found = Directory(call.around, call.now).user(person)
    mail = str(found["userPrincipalName"]) if found else person
    ident = str(found["id"]) if found else person
    return {"id": f"member-{person.lower()}", "userId": ident, "email": mail, "roles": list(roles),
            "displayName": found["displayName"] if found else mail.split("@")[0]}  # fmt: skip


def _thread(call: Call) -> str:
    given = call.record("body").get("recipient", call.arguments.get("body"))
    fields = given if isinstance(given, Mapping) else {"chatId": given}
    names = ("teamId", "groupId", "chatId", "channelId")
    own = next((call.text(name) for name in names if call.text(name)), "")
    return own or next((str(fields[name]) for name in names if fields.get(name)), "")


def add_member(call: Call) -> Outcome:
    body = call.record("body")
    person, thread = str(body.get("userId") or ""), call.text("channelId") or _thread(call)
    if not person:
        return failure(400, "BadRequest", "The user to add is missing.")
    people = [each for each in _members(call, thread) if each.lower() != person.lower()]
    call.store.put("members", thread, {"people": [*people, person]})
    tell_membership(call, thread, person, "added")
    return ok(_member(call, person, ("owner",) if str(body.get("owner")).lower() == "true" else ()), status=201)


def remove_member(call: Call) -> Outcome:
    thread, wanted = call.text("channelId") or _thread(call), call.text("membershipId").lower()
    people = _members(call, thread)
    gone = [each for each in people if wanted in (each.lower(), f"member-{each.lower()}")]
    if not gone:
        return failure(404, "NotFound", f"No member '{call.text('membershipId')}'.")
    call.store.put("members", thread, {"people": [each for each in people if each not in gone]})
    tell_membership(call, thread, gone[0], "removed")
    return no_content()


def list_members(call: Call) -> Outcome:
    return ok({"value": [_member(call, person) for person in _members(call, _thread(call))]})


def tell_membership(call: Call, thread: str, person: str, what: str) -> None:
    call.store.put(
        "membership", str(call.store.next_number("membership")), {"thread": thread, "id": person, "what": what}
    )


def membership_changed(call: Call) -> Outcome:
    """Answer a poll for members who joined (or left, by the operation's name) a group."""
    what = "removed" if "removal" in call.operation.id.lower() else "added"
    rows = [
        row for _, row in call.store.rows("membership") if (row["thread"], row["what"]) == (call.text("groupId"), what)
    ]
    return ok([{"id": row["id"]} for row in reversed(rows)])


def at_mention_user(call: Call) -> Outcome:
    """Return a token that a message body shows as a mention."""
    person = _member(call, call.text("userId"))
    return ok({"atMention": f'<at id="{person["userId"]}">{person["displayName"]}</at>'})


def create_a_team(call: Call) -> Outcome:
    body = call.record("body")
    ident = call.around.new_id()
    row = {"id": ident, "displayName": body.get("displayName", ""), "description": body.get("description", ""),
           "visibility": body.get("visibility", "Private"), "members": [call.user],
           "channels": [{"id": f"19:{ident}@thread.tacv2", "displayName": "General"}]}  # fmt: skip
    call.store.put("teams", ident, row)
    return ok({"newTeamId": ident}, status=202)


def create_teams_meeting(call: Call) -> Outcome:
    """Put a meeting with a link into the caller's calendar."""
    item = call.record("item") or call.record("body")
    ident = f"AAMkEvent{call.around.new_id().replace('-', '')}"
    link = f"https://teams.microsoft.com/l/meetup-join/{quote(ident)}"
    people = [a.strip() for a in str(item.get("requiredAttendees") or "").split(";") if a.strip()]
    row = {**item, "id": ident, "isOnlineMeeting": True, "onlineMeetingProvider": "teamsForBusiness",
           "onlineMeeting": {"joinUrl": link}, "webLink": f"https://outlook.office365.com/calendar/{ident}",
           "createdDateTime": iso(call.now), "organizer": {"emailAddress": {"address": call.user}},
           "attendees": [{"type": "required", "emailAddress": {"address": address}} for address in people]}  # fmt: skip
    sides = {side: (item.get(side) or {}).get("dateTime") if isinstance(item.get(side), dict) else item.get(side)
             for side in ("start", "end")}  # fmt: skip
    calendar = {"id": ident, "calendar": call.text("calendarid", "Calendar"), "organizer": call.user,
                "subject": item.get("subject"), "requiredAttendees": ";".join(people), **sides}  # fmt: skip
    call.around.store_of("office365").put("events", ident, calendar)
    return ok(row, status=201)


# -- who is told -------------------------------------------------------------------------------------------------------


def subscribe_to_messages(call: Call) -> Outcome:
    """Subscribe to new messages of a channel or chat; with keywords or mentions, to those that have one."""
    ident, body = call.around.new_id(), call.record("body")
    row = {
        "callback_url": call.callback_url or str(body.get("notificationUrl") or f"subscription:{ident}"),
        "thread": _thread(call),
        "words": [word for word in re.split(r"[,;]\s*", call.text("$search").replace('"', "")) if word],
        "mentions": call.user if "mention" in call.operation.id.lower() else "",
    }
    call.store.put(SUBSCRIPTIONS, ident, row)
    return ok({"id": ident}, status=201, headers={"Location": f"/subscriptions/{ident}"})


def tell(store: Store, around: Surroundings, row: Row) -> None:
    """Tell the subscribers of the place that a message was posted in."""
    to, text = row["recipient"], row["message"] if isinstance(row["message"], str) else ""
    places = {str(to.get(name)) for name in ("groupId", "channelId", "chatId", "to") if to.get(name)}
    for _, subscription in store.rows(SUBSCRIPTIONS):
        if subscription["thread"] and subscription["thread"] not in places:
            continue
        if subscription["words"] and not any(word.lower() in text.lower() for word in subscription["words"]):
            continue
        if subscription["mentions"] and subscription["mentions"].split("@")[0].lower() not in text.lower():
            continue
        event = {"messageId": row["id"], "conversationId": to.get("channelId") or _chat_of(to),
                 "teamId": to.get("groupId"), "channelId": to.get("channelId"), "replyToId": row.get("reply_to"),
                 "subscriptionId": ""}  # fmt: skip
        around.signal(subscription["callback_url"], {"headers": {}, "body": {"value": [event]}})


def messages_mentioning(call: Call) -> Outcome:
    """Answer a poll for channel messages that mention the caller."""
    name = call.user.split("@")[0].lower()
    rows = [
        shown(row)
        for _, row in call.store.rows(POSTS)
        if (row["recipient"].get("groupId"), row["recipient"].get("channelId"))
        == (call.text("groupId"), call.text("channelId"))
        and name in str(row["message"]).lower()
    ]
    return ok(entries(list(reversed(rows))))
