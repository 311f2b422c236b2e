"""SMTP emulated: what was sent stands in the outbox."""

from __future__ import annotations

from runafter.connectors.answers import failure, ok
from runafter.connectors.instants import iso
from runafter.connectors.packs.smtp.mail import mail_of
from runafter.connectors.spec import Call
from runafter.protocol.events import Outcome


def send_email(call: Call) -> Outcome:
    try:
        mail = mail_of(call.arguments)
        mail.message()
    except ValueError as error:
        return failure(400, "InvalidAddress", str(error))
    row = {
        "from": mail.sender,
        "to": list(mail.to),
        "cc": list(mail.cc),
        "bcc": list(mail.bcc),
        "subject": mail.subject,
        "body": mail.body,
        "isHtml": mail.is_html,
        "attachments": [{"name": name, "size": len(data)} for name, data, _ in mail.attachments],
        "sentAt": iso(call.now),
    }
    call.store.put("outbox", call.around.new_id(), row)
    return ok(None)
