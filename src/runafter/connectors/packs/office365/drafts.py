"""Drafts, categories, rooms, automatic replies and mails as files of a mailbox."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any

from runafter.connectors.answers import content, data_of, entries, failure, ok
from runafter.connectors.spec import Call, Row
from runafter.protocol.events import Outcome

CATEGORIES = "categories"
DRAFTS = "drafts"
_PRESET = ("Red category", "Orange category", "Yellow category", "Green category", "Blue category", "Purple category")
"""The names of a new mailbox's categories."""


def save(call: Call) -> Row:
    """Keep a draft, or change the one that `messageId` names, with what the call's `body` has."""
    given = call.record(call.operation.body or "emailMessage")
    known = call.store.get(DRAFTS, call.text("messageId"))
    ident = str(known["id"]) if known else f"AAMkDraft{call.around.new_id().replace('-', '')}"
    mail = {**((known or {}).get("mail") or {}), **given}
    row = {"id": ident, "by": call.user, "mail": mail}
    call.store.put(DRAFTS, ident, row)
    return row


def draft_email(call: Call) -> Outcome:
    return ok(_shown(save(call)))


def update_draft_email(call: Call) -> Outcome:
    if call.store.get(DRAFTS, call.text("messageId")) is None:
        return _missing()
    return ok(_shown(save(call)))


def _shown(row: Row) -> dict[str, Any]:
    mail = row["mail"]
    return {"id": row["id"], "subject": mail.get("Subject"), "body": mail.get("Body"), "toRecipients": mail.get("To"),
            "isDraft": True}  # fmt: skip


def _missing() -> Outcome:
    return failure(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def categories_of(call: Call) -> list[str]:
    return [str(row["displayName"]) for _, row in call.store.rows(CATEGORIES)] or list(_PRESET)


def get_outlook_category_names(call: Call) -> Outcome:
    return ok([{"id": name, "displayName": name} for name in categories_of(call)])


def _categorized(call: Call, ident: str, name: str) -> bool:
    found = [(key, row) for key, row in call.store.rows("messages") if row["id"] == ident]
    for key, row in found:
        kept = list(dict.fromkeys([*(row.get("categories") or []), name]))
        call.store.put("messages", key, {**row, "categories": kept})
    return bool(found)


def assign_category(call: Call) -> Outcome:
    return ok(None) if _categorized(call, call.text("messageId"), call.text("category")) else _missing()


def assign_category_bulk(call: Call) -> Outcome:
    results = []
    for entry in entries(call.record("body").get("messageIds")):
        ident = str(entry.get("messageId") or entry.get("id")) if isinstance(entry, dict) else str(entry)
        done = _categorized(call, ident, call.text("categoryName"))
        results.append({"id": ident, "success": done, "status": 200 if done else 404})
    return ok({"results": results})


def get_rooms_v2(call: Call) -> Outcome:
    return ok({"value": [{"address": row["address"], "name": row["name"]} for _, row in call.store.rows("rooms")]})


def get_room_lists_v2(call: Call) -> Outcome:
    return ok({"value": [{"address": "rooms@contoso.example", "name": "Rooms"}]})


def set_automatic_replies_setting_v2(call: Call) -> Outcome:
    """Set or end the out-of-office answer of the caller's mailbox; mail tips show it."""
    given = call.record("body").get("automaticRepliesSetting")
    setting = given if isinstance(given, dict) else {}
    status = str(setting.get("status") or "alwaysEnabled")
    text = (
        ""
        if status.lower() == "disabled"
        else str(setting.get("internalReplyMessage") or setting.get("externalReplyMessage") or "")
    )
    key = call.user.lower()
    call.store.put("mailboxes", key, {**(call.store.get("mailboxes", key) or {}), "automatic_reply": text})
    return ok({"automaticRepliesSetting": {"status": status, **setting}})


def exported(row: Row) -> Outcome:
    """Return a mail as the file that `Export email` gives: an EML."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = row["from"], ", ".join(row["to"]), row["subject"].replace("\n", " ")
    if row["cc"]:
        mail["Cc"] = ", ".join(row["cc"])
    mail["Date"], mail["Message-ID"] = row["sentAt"], f"<{row['id']}@contoso.example>"
    mail.set_content(row["body"], subtype="html")
    for entry in row["attachments"]:
        kind, _, part = str(entry["contentType"]).partition("/")
        data = data_of({"$content": entry["contentBytes"]})
        mail.add_attachment(
            data, maintype=kind or "application", subtype=part or "octet-stream", filename=entry["name"]
        )
    return ok(content(mail.as_bytes(), "application/octet-stream"))


def discard(call: Call, ident: str) -> Row | None:
    row = call.store.get(DRAFTS, ident)
    if row is not None:
        call.store.delete(DRAFTS, ident)
    return row
