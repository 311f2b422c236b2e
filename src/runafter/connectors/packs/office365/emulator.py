"""Outlook: an outbox, mailboxes with folders, answers to invitations, and mails that wait for an option.

Shapes after learn.microsoft.com/connectors/office365 (GraphClientReceiveMessage).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from runafter.connectors.answers import content, data_of, entries, failure, ok
from runafter.connectors.carried import graph_request
from runafter.connectors.instants import iso
from runafter.connectors.packs.office365 import calendars, contacts, drafts
from runafter.connectors.seedshape import ANY, NUMBER, SCALAR, TEXT, YES_NO
from runafter.connectors.spec import Call, Row, Store, Surroundings
from runafter.protocol.events import Outcome

OUTBOX = "outbox"
MESSAGES = "messages"
WAITING = "waiting"


def addresses(value: Any) -> list[str]:
    """Return the addresses of `a@x; b@y`, of a list, or of nothing."""
    if isinstance(value, list):
        return [str(item).strip() for item in value if str(item).strip()]
    return [part.strip() for part in str(value or "").replace(",", ";").split(";") if part.strip()]


def _not_found() -> Outcome:
    return failure(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def deliver(store: Store, around: Surroundings, now: int, mail: Mapping[str, Any], sender: str) -> Row:
    """Put a mail into the outbox and into the mailbox of each recipient."""
    ident = f"AAMk{around.new_id().replace('-', '')}"
    attachments = [
        {
            "id": f"{ident}-{index}",
            "name": entry.get("Name") or entry.get("name") or f"attachment{index}",
            "contentBytes": content(data_of(_bytes(entry)))["$content"],
            "size": len(data_of(_bytes(entry))),
            "contentType": entry.get("ContentType", "application/octet-stream"),
            "isInline": False,
        }
        for index, entry in enumerate(entries(mail.get("Attachments") or mail.get("attachments")))
        if isinstance(entry, dict)
    ]
    row: Row = {
        "id": ident,
        "from": sender,
        "to": addresses(mail.get("To") or mail.get("to")),
        "cc": addresses(mail.get("Cc") or mail.get("cc")),
        "bcc": addresses(mail.get("Bcc") or mail.get("bcc")),
        "replyTo": addresses(mail.get("ReplyTo") or mail.get("replyTo")),
        "subject": str(mail.get("Subject") or mail.get("subject") or ""),
        "body": str(mail.get("Body") or mail.get("text") or ""),
        "importance": str(mail.get("Importance") or "Normal").lower(),
        "attachments": attachments,
        "sentAt": iso(now),
    }
    store.put(OUTBOX, ident, row)
    for recipient in (*row["to"], *row["cc"], *row["bcc"]):
        key = f"{recipient.lower()}|{ident}"
        store.put(
            MESSAGES,
            key,
            {**row, "mailbox": recipient.lower(), "folder": "Inbox", "isRead": False, "flag": "notFlagged"},
        )
    return row


def _bytes(entry: Mapping[str, Any]) -> Any:
    raw = entry.get("ContentBytes") or entry.get("contentBytes") or entry.get("Content") or ""
    if isinstance(raw, str):
        return {"$content-type": "application/octet-stream", "$content": raw} if _is_base64(raw) else raw
    return raw


def _is_base64(text: str) -> bool:
    import base64
    import binascii

    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def send_email_v2(call: Call) -> Outcome:
    mail = call.record(call.operation.body or "emailMessage")
    if not addresses(mail.get("To") or mail.get("to")):
        return failure(400, "ErrorInvalidRecipients", "At least one recipient is not valid.")
    bad = [a for a in addresses(mail.get("To") or mail.get("to")) if "@" not in a]
    if bad:
        return failure(400, "ErrorInvalidRecipients", f"At least one recipient is not valid: '{bad[0]}'.")
    sender = str(mail.get("MailboxAddress") or mail.get("From") or call.user)
    deliver(call.store, call.around, call.now, mail, sender)
    return ok(None)


shared_mailbox_send_email_v2 = send_email_v2


# -- mailboxes -------------------------------------------------------------------------------------------------------------


def _mailbox(call: Call) -> str:
    return call.text("mailboxAddress", call.user).lower()


def shown(row: Row, *, attachments: bool = True) -> dict[str, Any]:
    """Return a message as `GraphClientReceiveMessage`."""
    return {
        "id": row["id"],
        "receivedDateTime": row["sentAt"],
        "hasAttachments": bool(row["attachments"]),
        "internetMessageId": f"<{row['id']}@contoso.example>",
        "subject": row["subject"],
        "bodyPreview": row["body"][:255],
        "importance": row["importance"],
        "conversationId": row.get("conversation", row["id"]),
        "isRead": row["isRead"],
        "isHtml": True,
        "body": row["body"],
        "from": row["from"],
        "toRecipients": ";".join(row["to"]),
        "ccRecipients": ";".join(row["cc"]) or None,
        "replyTo": ";".join(row["replyTo"]) or None,
        "attachments": row["attachments"] if attachments else [],
    }


def _message(call: Call) -> tuple[str, Row] | None:
    ident = call.text("messageId") or call.text("message_id")
    for key, row in call.store.rows(MESSAGES):
        if row["id"] == ident and row["mailbox"] == _mailbox(call):
            return key, row
    return None


def get_emails_v3(call: Call) -> Outcome:
    """Return mails of a folder, newest first; only unread ones where that is asked for."""
    return _mails(call, lambda row: not (_is_set(call, "fetchOnlyUnread") and row["isRead"]))


def on_new_email(call: Call) -> Outcome:
    return _mails(call, lambda row: not row["isRead"])


def on_flagged_email(call: Call) -> Outcome:
    """Return the flagged mails of a folder, read or not: a flag is set on mails that were read, too."""
    return _mails(call, lambda row: row["flag"] == "flagged")


def on_new_mention_me_email(call: Call) -> Outcome:
    """Return unread mails whose body addresses the mailbox: by `@name`, or by its address."""
    name = re.split(r"[.@]", _mailbox(call))[0]
    pattern = re.compile(rf"@{re.escape(name)}\b|{re.escape(_mailbox(call))}", re.IGNORECASE)
    return _mails(call, lambda row: not row["isRead"] and pattern.search(row["body"]) is not None)


def _is_set(call: Call, name: str) -> bool:
    return call.text(name).lower() == "true"


def _mails(call: Call, is_meant: Callable[[Row], bool]) -> Outcome:
    folder = call.text("folderPath", "Inbox").lower()
    found = [
        row
        for _, row in call.store.rows(MESSAGES)
        if row["mailbox"] == _mailbox(call) and row["folder"].lower() == folder and is_meant(row)
    ]
    if _is_set(call, "fetchOnlyWithAttachment"):
        found = [row for row in found if row["attachments"]]
    if _is_set(call, "fetchOnlyFlagged"):
        found = [row for row in found if row["flag"] == "flagged"]
    for name, part in (("subjectFilter", "subject"), ("from", "from")):
        if call.text(name):
            found = [row for row in found if call.text(name).lower() in row[part].lower()]
    for name, parts in (("to", ("to",)), ("cc", ("cc",)), ("toOrCc", ("to", "cc"))):
        people = {address.lower() for address in addresses(call.text(name))}
        if people:
            found = [row for row in found if people & {a.lower() for part in parts for a in row[part]}]
    if call.text("importance", "Any").lower() != "any":
        found = [row for row in found if row["importance"] == call.text("importance").lower()]
    if call.text("searchQuery"):
        wanted = call.text("searchQuery").lower()
        found = [row for row in found if wanted in f"{row['subject']} {row['body']} {row['from']}".lower()]
    found = list(reversed(found))[: call.number("top") or 10]
    attachments = _is_set(call, "includeAttachments")
    return ok({"value": [shown(row, attachments=attachments) for row in found]})


def get_email_v2(call: Call) -> Outcome:
    found = _message(call)
    return _not_found() if found is None else ok(shown(found[1]))


def get_attachment_v2(call: Call) -> Outcome:
    found = _message(call)
    for attachment in [] if found is None else found[1]["attachments"]:
        if attachment["id"] == call.text("attachmentId"):
            return ok(attachment)
    return _not_found()


def _changed(call: Call, **fields: Any) -> Outcome:
    found = _message(call)
    if found is None:
        return _not_found()
    key, row = found
    call.store.put(MESSAGES, key, {**row, **fields})
    return ok(shown({**row, **fields}))


def move_v2(call: Call) -> Outcome:
    return _changed(call, folder=call.text("folderPath"))


def flag_v2(call: Call) -> Outcome:
    flag = call.record("body").get("flag")
    return _changed(call, flag=flag.get("flagStatus", "flagged") if isinstance(flag, dict) else "flagged")


def mark_as_read_v3(call: Call) -> Outcome:
    return _changed(call, isRead=bool(call.record("body").get("isRead", True)))


def delete_email_v2(call: Call) -> Outcome:
    found = _message(call)
    if found is None:
        return _not_found()
    call.store.delete(MESSAGES, found[0])
    return ok(None)


def reply_to_v3(call: Call) -> Outcome:
    found = _message(call)
    if found is None:
        return _not_found()
    row, given = found[1], call.record("replyParameters")
    to = [row["from"], *(row["to"] if given.get("ReplyAll") else []), *addresses(given.get("To"))]
    subject = given.get("Subject") or f"RE: {row['subject']}"
    deliver(call.store, call.around, call.now, {**given, "To": to, "Subject": subject}, call.user)
    return ok(None)


def forward_email_v2(call: Call) -> Outcome:
    found = _message(call)
    if found is None:
        return _not_found()
    row, given = found[1], call.record("body")
    mail = {
        "To": given.get("ToRecipients"),
        "Subject": f"FW: {row['subject']}",
        "Body": f"{given.get('Comment', '')}\n{row['body']}",
    }
    deliver(call.store, call.around, call.now, mail, call.user)
    return ok(None)


def get_mail_tips_v2(call: Call) -> Outcome:
    def tip(address: str) -> dict[str, Any]:
        settings = call.store.get("mailboxes", address.lower()) or {}
        reply = settings.get("automatic_reply", "")
        return {
            "emailAddress": {"name": "", "address": address},
            "automaticReplies": {"message": reply, "messageLanguage": {"locale": "en-US", "displayName": "English"}}
            if reply
            else {"message": ""},
            "mailboxFull": bool(settings.get("full", False)),
        }

    found = call.record("body").get("EmailAddresses")
    return ok({"value": [tip(address) for address in addresses(found)]})


# -- waiting for an option ---------------------------------------------------------------------------------------------------


def send_mail_with_options(call: Call) -> Outcome:
    """Send the mail and wait; the seed's `options` rule answers by itself, else `choose` does."""
    message = call.record(call.operation.body or "").get("Message") or {}
    row = deliver(call.store, call.around, call.now, message, call.user)
    options = [part.strip() for part in str(message.get("Options") or "Approve, Reject").split(",")]
    waiting = {"id": row["id"], "callback_url": call.callback_url, "options": options, "to": row["to"]}
    call.store.put(WAITING, row["id"], waiting)
    rule = call.store.get("settings", "options")
    if rule is not None:
        answer = rule.get("answer") or options[0]
        store, around, ident = call.store, call.around, row["id"]
        call.around.later(float(rule.get("after_s", 0)), lambda: choose(store, around, ident, answer))
    return ok({"id": row["id"]}, status=201, headers={"Location": f"/subscriptions/{row['id']}"})


def choose(store: Store, around: Surroundings, ident: str, option: str) -> None:
    """Answer a waiting mail with one of its options."""
    waiting = store.get(WAITING, ident)
    if waiting is None:
        return
    store.delete(WAITING, ident)
    responder = (waiting["to"] or [""])[0]
    body = {"SelectedOption": option, "UserEmailAddress": responder, "UserId": around.new_id(), "UserTenantId": ""}
    around.signal(waiting["callback_url"], {"headers": {}, "body": body})


# -- answers to invitations -------------------------------------------------------------------------------------------


def respond_to_event_v2(call: Call) -> Outcome:
    row = calendars.event_of(call, "event_id")
    if row is None:
        return _not_found()
    response = call.text("response").lower()
    call.store.put(
        calendars.EVENTS,
        row["id"],
        {**row, "responseType": {"accept": "accepted", "decline": "declined"}.get(response, "tentativelyAccepted")},
    )
    if call.record("body").get("SendResponse", True):
        mail = {
            "To": row["organizer"],
            "Subject": f"{response}: {row.get('subject') or ''}",
            "Body": call.record("body").get("Comment", ""),
        }
        deliver(call.store, call.around, call.now, mail, call.user)
    return ok(None, status=202)


# -- drafts and files ----------------------------------------------------------------------------------------------------------------


def send_draft_email(call: Call) -> Outcome:
    """Send a draft; it is a draft no more."""
    draft = drafts.discard(call, call.text("messageId"))
    if draft is None:
        return _not_found()
    if not addresses(draft["mail"].get("To")):
        return failure(400, "ErrorInvalidRecipients", "At least one recipient is not valid.")
    deliver(call.store, call.around, call.now, draft["mail"], call.user)
    return ok(None, status=202)


def export_email_v2(call: Call) -> Outcome:
    found = _message(call)
    return _not_found() if found is None else drafts.exported(found[1])


http_request = graph_request
calendar_delete_item_v2 = calendars.calendar_delete_item_v2
calendar_get_tables_v2 = calendars.calendar_get_tables_v2
find_meeting_times_v2 = calendars.find_meeting_times_v2
get_events_calendar_view_v3 = calendars.get_events_calendar_view_v3
on_upcoming_events = calendars.on_upcoming_events
v3_calendar_get_item = calendars.v3_calendar_get_item
v4_calendar_get_items = calendars.v4_calendar_get_items
v4_calendar_patch_item = calendars.v4_calendar_patch_item
v4_calendar_post_item = calendars.v4_calendar_post_item
contact_delete_item_v2 = contacts.contact_delete_item_v2
contact_get_item_v2 = contacts.contact_get_item_v2
contact_get_items_v2 = contacts.contact_get_items_v2
contact_get_tables_v2 = contacts.contact_get_tables_v2
contact_patch_item_v2 = contacts.contact_patch_item_v2
contact_post_item_v2 = contacts.contact_post_item_v2
assign_category = drafts.assign_category
assign_category_bulk = drafts.assign_category_bulk
draft_email = drafts.draft_email
get_outlook_category_names = drafts.get_outlook_category_names
get_room_lists_v2 = drafts.get_room_lists_v2
get_rooms_v2 = drafts.get_rooms_v2
set_automatic_replies_setting_v2 = drafts.set_automatic_replies_setting_v2
update_draft_email = drafts.update_draft_email


# -- seeds -----------------------------------------------------------------------------------------------------------------------


_PEOPLE = (TEXT, [TEXT])
SEED = {
    "messages": [
        {
            "from": TEXT,
            "to!": _PEOPLE,
            "cc": _PEOPLE,
            "bcc": _PEOPLE,
            "replyTo": _PEOPLE,
            "subject": SCALAR,
            "body": SCALAR,
            "importance": TEXT,
            "attachments": [{"name": TEXT, "content": ANY, "contentBytes": ANY, "contentType": TEXT}],
            "folder": TEXT,
            "isRead": YES_NO,
            "flag": TEXT,
        }
    ],
    "calendars": [TEXT],
    "events": [{"subject": TEXT, "start": SCALAR, "end": SCALAR, "calendar": TEXT, "organizer": TEXT, "*": ANY}],
    "contacts": [{"displayName": TEXT, "emailAddresses": [ANY], "folder": TEXT, "*": ANY}],
    "categories": [TEXT],
    "rooms": {"*": TEXT},
    "mailboxes": {"*": {"automatic_reply": TEXT}},
    "options": {"answer": TEXT, "after_s": NUMBER},
}


def seed(store: Store, value: Any, around: Surroundings, now: int) -> None:
    """Fill `messages: [{from, to, cc, subject, body, attachments, folder, isRead, flag}]`, `calendars`, `events`, `contacts`,
    `categories: [name]`, `rooms: {address: name}`, `mailboxes: {address: {automatic_reply}}`, `options: {answer, after_s}`.
    """
    for mail in value.get("messages") or []:
        fields = {name[:1].upper() + name[1:]: part for name, part in mail.items()}
        row = deliver(store, around, now, fields, str(mail.get("from", "seed@contoso.example")))
        store.delete(OUTBOX, row["id"])
        known = {name: mail[name] for name in ("folder", "isRead", "flag") if name in mail}
        for recipient in (*row["to"], *row["cc"], *row["bcc"]) if known else ():
            key = f"{recipient.lower()}|{row['id']}"
            store.put(MESSAGES, key, {**(store.get(MESSAGES, key) or {}), **known})
    for name in value.get("calendars") or []:
        store.put("calendars", name, {"name": name})
    for entry in value.get("events") or []:
        ident = str(entry.get("id") or f"AAMkEvent{around.new_id().replace('-', '')}")
        store.put(
            calendars.EVENTS, ident, {"calendar": "Calendar", "organizer": "seed@contoso.example", **entry, "id": ident}
        )
    for address, settings in (value.get("mailboxes") or {}).items():
        store.put("mailboxes", str(address).lower(), settings)
    for entry in value.get("contacts") or []:
        contacts.add(store, around, now, str(entry.get("folder", "Contacts")), entry)
    for name in value.get("categories") or []:
        store.put("categories", name, {"displayName": name})
    for address, name in (value.get("rooms") or {}).items():
        store.put("rooms", str(address), {"address": address, "name": name or address})
    if value.get("options"):
        store.put("settings", "options", value["options"])
