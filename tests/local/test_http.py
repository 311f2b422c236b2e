"""HTTP actions sent for real, to a server on this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from runafter.local.http import RealHttp
from runafter.protocol.commands import CallOperation, Target
from runafter.protocol.events import Outcome

Sent = list[tuple[str, str]]


@pytest.fixture
async def echo() -> AsyncIterator[tuple[str, Sent]]:
    """A server's address, and what it was sent: method and path with query."""
    sent: Sent = []

    async def answer(request: web.Request) -> web.Response:
        sent.append((request.method, request.path_qs))
        return web.json_response({"ok": True})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    server = TestServer(app)
    await server.start_server()
    yield str(server.make_url("/")), sent
    await server.close()


async def _perform(**inputs: Any) -> Outcome:
    http = RealHttp(private=True)
    call = CallOperation(
        id="R/Get//1", run_id="R", action="Get", target=Target(type="Http"), inputs=inputs, idempotency_key="k"
    )
    try:
        return await http.perform(call)
    finally:
        await http.close()


@pytest.mark.parametrize(
    ("given", "path"), [({"q": "a", "n": 5, "none": None}, "/x?q=a&n=5"), ({}, "/x?own=1"), (None, "/x?own=1")]
)
async def test_queries_stand_in_place_of_the_addresss_own(echo: tuple[str, Sent], given: Any, path: str) -> None:
    address, sent = echo

    answer = await _perform(method="POST", uri=f"{address}x?own=1", queries=given)

    assert answer.status_code == 200
    assert sent == [("POST", path)]


@pytest.mark.parametrize(
    ("inputs", "code", "named"),
    [
        ({"method": "B AD"}, "InvalidMethod", "'B AD'"),
        ({"method": "GET", "headers": {"X-Two": "a\nb"}}, "InvalidHeader", "'X-Two'"),
        ({"method": "GET", "uri": None}, "InvalidUri", "None"),
    ],
)
async def test_what_cannot_be_sent_is_named(
    echo: tuple[str, Sent], inputs: dict[str, Any], code: str, named: str
) -> None:
    address, sent = echo

    answer = await _perform(**{"uri": address, **inputs})

    assert (answer.code, answer.retriable, sent) == (code, False, [])
    assert named in str(answer.message)
