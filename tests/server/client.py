"""A server in process, on the real loop: requests go through every layer but the socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from tests.server.world import Answers, project

from runafter.hosts.embedded.host import Host
from runafter.local.package import load_program
from runafter.server.app import make_app
from runafter.server.guard import Doors
from runafter.server.runtime import Runtime
from runafter.server.settings import ServerSettings
from runafter.storage.open import open_storage

TOKEN = "a-token-for-tests-only"
BASE = "http://127.0.0.1:7071"


class Answer:
    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return self.json["error"]["code"]


class Client:
    def __init__(self, runtime: Runtime, app) -> None:
        self.runtime = runtime
        self.app = app

    async def __call__(
        self,
        method: str,
        url: str,
        given: Any = None,
        *,
        headers: dict[str, str] | None = None,
        token: str | None = TOKEN,
        body: bytes | None = None,
        receive=None,
    ) -> Answer:
        parts = urlsplit(url)
        sent = {"host": "127.0.0.1:7071", **(headers or {})}
        if token is not None:
            sent.setdefault("authorization", f"Bearer {token}")
        data = body if body is not None else b""
        if given is not None:
            data = json.dumps(given).encode()
            sent.setdefault("content-type", "application/json")
        from urllib.parse import unquote

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(parts.path),
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in sent.items()],
            "server": ("127.0.0.1", 7071),
            "client": ("127.0.0.1", 1),
            "root_path": "",
        }
        is_sent = False

        async def give() -> dict[str, Any]:
            nonlocal is_sent
            if is_sent:
                await asyncio.get_running_loop().create_future()
            is_sent = True
            return {"type": "http.request", "body": data, "more_body": False}

        status, back, parts_back = 0, {}, []

        async def take(message: dict[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                back.update({name.decode(): value.decode() for name, value in message["headers"]})
            else:
                parts_back.append(message.get("body", b""))

        await asyncio.sleep(0)  # as a socket does, let others run too
        await self.app(scope, receive or give, take)
        return Answer(status, back, b"".join(parts_back))

    async def callback_url(self, flow: str = "flow", **given: Any) -> str:
        found = await self(
            "POST",
            f"/runtime/webhooks/workflow/api/management/workflows/{flow}/triggers/start/listCallbackUrl",
            given or None,
        )
        return found.json["value"]


@asynccontextmanager
async def client(
    *flows, db: str = "memory:", outside=None, settings: ServerSettings | None = None
) -> AsyncIterator[Client]:
    storage = await open_storage(db)
    runtime = Runtime(
        storage,
        outside or Answers(),
        lambda inbox, respond: Host(storage, inbox, load_program=load_program, responder=respond),
        settings=settings or ServerSettings(),
    )
    doors = Doors(runtime.catalog, runtime.host.clock)
    doors.admit(TOKEN)
    await runtime.start(project(*flows) if flows else None)
    try:
        yield Client(runtime, make_app(runtime, doors))
    finally:
        await runtime.stop()
        await storage.close()
