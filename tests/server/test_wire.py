"""Slow and greedy connections, on real sockets: cut off, told in the log, and nobody else notices."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import asynccontextmanager

import pytest
from tests.server.client import TOKEN, client
from tests.server.world import flow

from runafter.server.settings import ServerSettings
from runafter.server.wire import wire

uvicorn = pytest.importorskip("uvicorn")
PARSERS = ("uvicorn.protocols.http.h11_impl:H11Protocol", "uvicorn.protocols.http.httptools_impl:HttpToolsProtocol")
HEAD = b"GET /api/flows HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@pytest.fixture(params=PARSERS, ids=("h11", "httptools"))
def parser(request):
    from uvicorn.importer import import_from_string

    pytest.importorskip(request.param.partition(":")[0].rpartition(".")[2].removesuffix("_impl"))
    return import_from_string(request.param)


@asynccontextmanager
async def listening(parser, **limits):
    """Yield (client in process, port)."""
    settings = ServerSettings(**limits)
    async with client(flow(), settings=settings) as http:
        config = uvicorn.Config(
            http.app, port=0, log_config=None, lifespan="off", http=wire(settings, parser), ws="none"
        )
        server = uvicorn.Server(config)
        task = asyncio.ensure_future(server._serve())
        while not server.started:
            await asyncio.sleep(0.01)
        try:
            yield http, server.servers[0].sockets[0].getsockname()[1]
        finally:
            server.should_exit = True
            await task


async def said(reader: asyncio.StreamReader) -> bytes:
    """Return all that comes until the server hangs up."""
    try:
        return await asyncio.wait_for(reader.read(-1), 10)
    except ConnectionResetError:
        return b""


async def asked(port: int, *parts: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
        return await said(reader)
    finally:
        writer.close()


async def is_served(http, port: int) -> bool:
    """Whether a run is still accepted over the wire, and ends."""
    path = (await http.callback_url()).partition("7071")[2].encode()
    answered = await asked(
        port, b"POST " + path + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
    )
    run = next(line for line in answered.decode().splitlines() if line.startswith("x-ms-workflow-run-id")).split()[1]
    finish = await asyncio.wait_for(http.runtime.host.wait(run), 10)
    return answered.startswith(b"HTTP/1.1 202") and finish.status == "Succeeded"


@pytest.mark.parametrize("sent", [b"", b"G", HEAD, HEAD + b"X-Slow: "])
async def test_a_request_whose_head_does_not_end_is_cut_off(parser, sent, caplog):
    async with listening(parser, head_s=0.05) as (http, port):
        with caplog.at_level(logging.WARNING, "runafter.server"):
            assert await asked(port, sent) == b""
        assert await is_served(http, port)
    assert ("RequestTimeout" in caplog.text) == bool(sent)


async def test_a_second_request_on_a_connection_is_held_to_the_same_time(parser):
    async with listening(parser, head_s=0.05) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writer.write(b"GET /healthz HTTP/1.1\r\nHo")
        rest = await said(reader)
        writer.close()
    assert b'{"status":"ok"}' in rest


async def test_many_slow_clients_leave_room_for_others(parser, caplog):
    async with listening(parser, head_s=0.3) as (http, port):
        slow = [await asyncio.open_connection("127.0.0.1", port) for _ in range(200)]
        for _, writer in slow:
            writer.write(HEAD)
        assert await is_served(http, port)
        assert await asyncio.gather(*(said(reader) for reader, _ in slow)) == [b""] * 200
        for _, writer in slow:
            writer.close()


async def test_a_body_that_does_not_come_is_answered_and_cut_off(parser):
    async with listening(parser, body_s=0.05) as (http, port):
        path = (await http.callback_url()).partition("7071")[2].encode()
        head = b"POST " + path + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{"
        answered = await asked(port, head)
        runs = (await http("GET", "/api/runs")).json["runs"]
        assert await is_served(http, port)
    assert answered.startswith(b"HTTP/1.1 408")
    assert runs == []


async def test_headers_without_end_are_refused_while_they_come(parser, caplog):
    async with listening(parser, most_header_bytes=2000) as (http, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD)
        for _ in range(200):
            writer.write(b"X-Secret: hush" + b"x" * 100 + b"\r\n")
            await asyncio.sleep(0)
        answered = await said(reader)
        writer.close()
        whole = await asked(port, HEAD + b"X: " + b"x" * 3000 + b"\r\nConnection: close\r\n\r\n")
        assert await is_served(http, port)
    assert answered.startswith(b"HTTP/1.1 431") or answered == b""
    assert whole.startswith(b"HTTP/1.1 431")
    assert json.loads(whole.partition(b"\r\n\r\n")[2])["error"]["code"] == "HeadersTooLarge"
    assert "HeadersTooLarge" in caplog.text
    assert "hush" not in caplog.text


async def test_a_refused_body_ends_its_connection(parser):
    async with listening(parser, most_api_body_bytes=100) as (http, port):
        head = b"POST /api/flows/flow/run HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + TOKEN.encode()
        declared = await asked(port, head + b"\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 50)
        chunked = await asked(port, head + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + b"80\r\n" + b"x" * 128 + b"\r\n")
        unsigned = await asked(
            port, b"POST /api/flows/flow/run HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 900\r\n\r\nx"
        )
        assert await is_served(http, port)
    assert declared.startswith(b"HTTP/1.1 413")
    assert chunked.startswith(b"HTTP/1.1 413")
    assert unsigned.startswith(b"HTTP/1.1 401")


async def test_a_large_body_in_pieces_is_no_head(parser):
    body = json.dumps({"text": "x" * 400_000}).encode()
    async with listening(parser) as (http, port):
        path = (await http.callback_url()).partition("7071")[2].encode()
        head = (
            b"POST " + path + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\n"
        )
        pieces = [body[at : at + 30_000] for at in range(0, len(body), 30_000)]
        answered = await asked(port, head + f"Content-Length: {len(body)}\r\n\r\n".encode(), *pieces)
    assert answered.startswith(b"HTTP/1.1 202")


@pytest.mark.parametrize(
    "sent", [b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"GET / SPDY\r\n\r\n", b"\0" * 100 + b"\r\n\r\n"]
)
async def test_what_is_no_http_is_refused(parser, sent):
    async with listening(parser, head_s=0.2) as (http, port):
        answered = await asked(port, sent)
        assert await is_served(http, port)
    assert answered.startswith(b"HTTP/1.1 400") or answered == b""
