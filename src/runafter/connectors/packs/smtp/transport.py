"""Mail through a real SMTP server, in a thread, with STARTTLS or TLS where asked for."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from typing import Any

from runafter.connectors.answers import failure, ok
from runafter.connectors.packs.smtp.mail import Mail, mail_of
from runafter.connectors.spec import LiveCall
from runafter.protocol.events import Outcome


class SmtpTransport:
    """Sends each mail on a connection of its own. `security` is `none`, `starttls` or `tls`."""

    def __init__(
        self, host: str, port: int, *, username: str = "", password: str = "", security: str = "starttls"
    ) -> None:
        if security not in ("none", "starttls", "tls"):
            raise ValueError(f"security is none, starttls or tls, not {security!r}")
        self._host = host
        self._port = port
        self._username = username
        self._password = password
        self._security = security

    async def __call__(self, call: LiveCall) -> Outcome:
        try:
            mail = mail_of(call.resolved.arguments)
            return await asyncio.to_thread(self._send, mail, call.timeout_s)
        except ValueError as error:
            return failure(400, "InvalidAddress", str(error))

    def _send(self, mail: Mail, timeout_s: float) -> Outcome:
        message = mail.message()
        try:
            if self._security == "tls":
                client: smtplib.SMTP = smtplib.SMTP_SSL(
                    self._host, self._port, timeout=timeout_s, context=ssl.create_default_context()
                )
            else:
                client = smtplib.SMTP(self._host, self._port, timeout=timeout_s)
            with client:
                if self._security == "starttls":
                    client.starttls(context=ssl.create_default_context())
                if self._username:
                    client.login(self._username, self._password)
                client.send_message(message, from_addr=mail.sender, to_addrs=list(mail.recipients))
        except smtplib.SMTPAuthenticationError as error:
            return failure(401, "SmtpAuthenticationFailed", _words(error))
        except smtplib.SMTPRecipientsRefused as error:
            refused = "; ".join(f"{name}: {code} {text!r}" for name, (code, text) in error.recipients.items())
            return failure(400, "SmtpRecipientsRefused", refused)
        except smtplib.SMTPResponseException as error:
            # 4xx of SMTP asks to come again, 5xx is for good.
            return failure(503 if error.smtp_code < 500 else 400, f"Smtp{error.smtp_code}", _words(error))
        except (smtplib.SMTPException, OSError) as error:
            return Outcome(code="ConnectionFailed", message=f"The mail server {self._host}: {error}", retriable=True)
        return ok(None)


def _words(error: smtplib.SMTPResponseException) -> str:
    text = error.smtp_error
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)


async def connect(settings: Any) -> SmtpTransport:
    """Return a transport; `settings` has `host`, `port`, and may have `username`, `password`, `security`."""
    return SmtpTransport(
        str(settings["host"]),
        int(settings.get("port", 587)),
        username=str(settings.get("username", "")),
        password=str(settings.get("password", "")),
        security=str(settings.get("security", "starttls")),
    )
