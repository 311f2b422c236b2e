"""Live connections of a project: found in any letter case, kept open until the last call has ended."""

from __future__ import annotations

import asyncio

from runafter.connectors.live import LiveConnection
from runafter.local.connected import Connected
from runafter.project.connections import ConnectionSetting
from runafter.protocol.commands import CallOperation, Target

ANSWER = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n{"value":[]}'


def call(connection: str) -> CallOperation:
    return CallOperation(
        id="r/Get_mails/1",
        run_id="r",
        action="Get_mails",
        target=Target(type="OpenApiConnection", api="shared_office365", operation="GetEmailsV3", connection=connection),
        inputs={"parameters": {}},
    )


async def test_a_call_under_way_ends_on_the_connections_it_began_with() -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await go_on.wait()
        writer.write(ANSWER)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        live = LiveConnection(base_url=f"http://127.0.0.1:{port}")
        connected = Connected({"shared_Mail": ConnectionSetting(name="shared_Mail", live=live)}, is_real=True)
        under_way = asyncio.create_task(connected.perform(call("SHARED_mail")))
        await asked.wait()
        await connected.retire()
        go_on.set()
        outcome = await under_way

    assert connected.serves(call("shared_mail"))
    assert (outcome.status_code, outcome.body) == (200, {"value": []})


async def test_virtual_time_waits_for_no_real_service() -> None:
    live = LiveConnection(base_url="https://service.example")
    connected = Connected({"mail": ConnectionSetting(name="mail", live=live)}, is_real=False)

    outcome = await connected.perform(call("mail"))

    assert outcome.code == "LiveConnection"
    assert "'mail' is live" in str(outcome.message)
