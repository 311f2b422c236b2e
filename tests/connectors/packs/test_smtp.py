"""SMTP live, against a server that others wrote."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from runafter.connectors.packs.smtp.transport import SmtpTransport
from runafter.connectors.registry import default_registry
from runafter.connectors.spec import LiveCall
from runafter.protocol.commands import Target
from runafter.protocol.events import Outcome

smtp = pytest.importorskip("aiosmtpd.smtp", reason="aiosmtpd is not installed")


class _Handler:
    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.port = 0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if address.startswith("gone@"):
            return "550 no such user"
        if address.startswith("busy@"):
            return "451 come again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(envelope)
        return "250 OK"


@pytest.fixture
async def server():
    handler = _Handler()
    loop = asyncio.get_running_loop()
    running = await loop.create_server(lambda: smtp.SMTP(handler, enable_SMTPUTF8=True, loop=loop), "127.0.0.1", 0)
    handler.port = running.sockets[0].getsockname()[1]
    yield handler
    running.close()
    await running.wait_closed()


async def _send(port: int, **parameters: Any) -> Outcome:
    target = Target(type="ServiceProvider", api="/serviceProviders/Smtp", operation="sendEmail")
    given = {
        "from": "ada@contoso.example",
        "to": "grace@contoso.example",
        "subject": "Hi",
        "body": "Text",
        **parameters,
    }
    resolved = default_registry().resolve(target, {"parameters": given})
    transport = SmtpTransport("127.0.0.1", port, security="none")
    return await transport(LiveCall(resolved=resolved, inputs={}, base_url="", timeout_s=5))


async def test_a_mail_arrives_with_its_attachment_and_hides_blind_copies(server) -> None:
    attachment = [{"fileName": "a.csv", "ContentType": "text/csv", "content": "x,y"}]

    outcome = await _send(server.port, isHTML=True, bcc="eve@contoso.example", subject="Grüße", attachments=attachment)

    (mail,) = server.mails
    text = mail.content.decode()
    assert outcome.status_code == 200
    assert mail.rcpt_tos == ["grace@contoso.example", "eve@contoso.example"]
    assert "eve@" not in text
    assert 'filename="a.csv"' in text
    assert "text/html" in text


@pytest.mark.parametrize(("to", "status"), [("gone@contoso.example", 400), ("nobody", 400)])
async def test_a_refused_recipient_is_400(server, to: str, status: int) -> None:
    assert (await _send(server.port, to=to)).status_code == status


async def test_a_line_break_in_the_subject_injects_no_header(server) -> None:
    outcome = await _send(server.port, subject="Hi\r\nBcc: eve@contoso.example")

    assert outcome.status_code == 400
    assert server.mails == []


async def test_no_server_is_a_failed_connection() -> None:
    outcome = await _send(1)

    assert (outcome.status_code, outcome.code) == (None, "ConnectionFailed")
