"""A mail as its connector describes it, and as the bytes that SMTP carries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Any

from runafter.connectors.answers import content_type_of, data_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    sender: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    bcc: tuple[str, ...]
    subject: str
    body: str
    is_html: bool
    importance: str
    attachments: tuple[tuple[str, bytes, str], ...]

    @property
    def recipients(self) -> tuple[str, ...]:
        return (*self.to, *self.cc, *self.bcc)

    def message(self) -> EmailMessage:
        """Return the mail in MIME; blind copies stand only in the envelope.

        Raises:
            ValueError: an address or the subject cannot stand in a header.
        """
        message = EmailMessage()
        message["From"] = self.sender
        message["To"] = ", ".join(self.to)
        if self.cc:
            message["Cc"] = ", ".join(self.cc)
        message["Subject"] = self.subject
        if self.importance in ("high", "low"):
            message["Importance"] = self.importance
        message.set_content(self.body, subtype="html" if self.is_html else "plain")
        for name, data, kind in self.attachments:
            main, _, sub = kind.split(";", 1)[0].partition("/")
            message.add_attachment(data, maintype=main or "application", subtype=sub or "octet-stream", filename=name)
        return message


def addresses(value: Any) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(str(item).strip() for item in value if str(item).strip())
    return tuple(part.strip() for part in str(value or "").replace(",", ";").split(";") if part.strip())


def is_address(text: str) -> bool:
    try:
        return bool(Address(addr_spec=text).domain)
    except (ValueError, IndexError, MessageError):
        return False


def mail_of(arguments: Mapping[str, Any]) -> Mail:
    """Return the mail of a call in either form: below `mail/`, or the built-in operation's plain fields.

    Raises:
        ValueError: a sender or recipient is missing or no address.
    """
    inner = arguments.get("mail")
    given = {str(k).lower(): v for k, v in (inner if isinstance(inner, Mapping) else arguments).items()}
    listed = given.get("attachments") or given.get("attachment") or []
    attachments = tuple(
        (
            str(entry.get("FileName") or entry.get("fileName") or entry.get("Name") or f"attachment{index}"),
            data_of(_content(entry)),
            str(entry.get("ContentType") or content_type_of(_content(entry))),
        )
        for index, entry in enumerate(listed if isinstance(listed, list) else [listed])
        if isinstance(entry, Mapping)
    )
    html = given.get("ishtml")
    mail = Mail(
        sender=str(given.get("from") or ""),
        to=addresses(given.get("to")),
        cc=addresses(given.get("cc")),
        bcc=addresses(given.get("bcc")),
        subject=str(given.get("subject") or ""),
        body=str(given.get("body") or ""),
        is_html=html is True or str(html).lower() == "true",
        importance=str(given.get("importance") or "normal").lower(),
        attachments=attachments,
    )
    wrong = [text for text in (mail.sender, *mail.recipients) if not is_address(text)]
    if wrong or not mail.to:
        raise ValueError(f"'{wrong[0] if wrong else ''}' is no mail address")
    return mail


def _content(entry: Mapping[str, Any]) -> Any:
    for name in ("ContentData", "contentData", "ContentBytes", "content", "Content"):
        if name in entry:
            value = entry[name]
            if isinstance(value, str) and name != "content":
                return {"$content-type": entry.get("ContentType", "application/octet-stream"), "$content": value}
            return value
    return ""
