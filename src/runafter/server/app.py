"""The web application, and `serve`: a project on a database, a port, and a token."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import logging
import os
import secrets
import signal
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp

from runafter.errors import DefinitionError, EnvironmentFault, RunafterError
from runafter.hosts.embedded.host import Host
from runafter.local.http import RealHttp
from runafter.local.outside import Flows, LocalOutside
from runafter.local.package import load_program
from runafter.local.read import read
from runafter.project.project import read_project
from runafter.server.alone import be_alone, server_name
from runafter.server.answers import answer, error_answer, guarded
from runafter.server.api import Api
from runafter.server.connections import ServedConnections, project_connections, tell_unused
from runafter.server.direct import Direct
from runafter.server.guard import Doors, Guard
from runafter.server.invoke import Invocations
from runafter.server.management import Management
from runafter.server.openapi import document
from runafter.server.operation import Operating
from runafter.server.pages import Pages
from runafter.server.reference import page as reference_page
from runafter.server.runtime import Runtime
from runafter.server.settings import ServerSettings
from runafter.server.watching import Watching
from runafter.storage.faults import StorageFault
from runafter.storage.open import open_storage
from runafter.tenant.tenant import Tenant

_log = logging.getLogger("runafter.server")
_WATCH_S = 2.0
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Unprotected(EnvironmentFault):
    """The server would be open to other machines without anybody having set up a token."""

    code = "SRV005"


class NoAddress(EnvironmentFault):
    """The server cannot listen at its address."""

    code = "SRV008"


def make_app(runtime: Runtime, doors: Doors) -> ASGIApp:
    """Return the whole application: every request passes the guard first."""
    pages = Pages()

    async def openapi(request: Request) -> Response:
        return answer(document(runtime.settings.public_url))

    async def docs(request: Request) -> Response:
        return HTMLResponse(reference_page(document(runtime.settings.public_url)), headers=_HEADERS)

    async def page(request: Request) -> Response:
        methods = {
            method
            for route in routes[:-1]
            if route.matches(request.scope)[0] is Match.PARTIAL
            for method in route.methods or ()
        }
        if methods:
            return _wrong_method(", ".join(sorted(methods)))
        return pages.at(request.url.path)

    signed = Invocations(runtime).routes()
    routes = [
        Route("/openapi.json", guarded(openapi), methods=["GET"]),
        Route("/docs", guarded(docs), methods=["GET"]),
        *Operating(runtime).routes(),
        *signed,
        *Api(runtime).routes(),
        *Watching(runtime).routes(),
        *Management(runtime).routes(),
        Route("/{path:path}", guarded(page), methods=["GET"]),
    ]
    handlers: dict[Any, Any] = {
        404: lambda request, fault: error_answer(404, "NotFound", "There is nothing at this address."),
        405: lambda request, fault: _wrong_method((fault.headers or {}).get("Allow", "")),
    }
    rest = Starlette(routes=routes, exception_handlers=handlers)
    return Guard(Direct(signed, rest, prefix="/workflows/"), runtime.settings, doors)  # type: ignore[arg-type, return-value]  # ASGI types differ in form only


def _wrong_method(allowed: str) -> Response:
    refused = error_answer(405, "MethodNotAllowed", "The address does not take this method.")
    refused.headers["Allow"] = ", ".join(sorted(allowed.replace(" ", "").split(",")))
    return refused


def check_bind(host: str, token: str | None) -> None:
    """Refuse an address that other machines reach unless a token was configured.

    Raises:
        Unprotected: nobody configured one.
    """
    try:
        is_local = host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        is_local = False
    if not is_local and not token:
        raise Unprotected(
            f"{host} can be reached from other machines, and no token is configured",
            hint="Set RUNAFTER_TOKEN (at least 20 characters), or bind to 127.0.0.1.",
        )
    if token is not None and len(token) < 20:
        raise Unprotected("the configured token is shorter than 20 characters", hint="Use a long random one.")


def check_port(host: str, port: int) -> None:
    """Refuse an address that nobody can listen at, before anything of the project begins.

    Raises:
        NoAddress: the name is not known here, or the port is taken.
    """
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in found:
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
    except OSError as fault:
        raise NoAddress(
            f"nobody can listen at {host}, port {port}: {fault.strerror or fault}",
            hint="Choose another with --port or --host, or stop what listens there.",
        ) from fault


def public_address(host: str, port: int, host_names: Sequence[str] = ()) -> str:
    """Return the address that callers are told: a name they can use, where the server is bound to all addresses."""
    name = host.strip("[]")
    try:
        is_any = ipaddress.ip_address(name).is_unspecified
    except ValueError:
        is_any = False
    if is_any:
        name = host_names[0] if host_names else "127.0.0.1"
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


async def serve(
    path: Path | None,
    *,
    db: str,
    host: str = "127.0.0.1",
    port: int = 7071,
    token: str | None = None,
    host_names: tuple[str, ...] = (),
    public_url: str | None = None,
    tenant: Tenant | None = None,
    watch: bool = True,
    started: Callable[[str, str], None] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT. `started(url, token)` is called when the port answers.

    Raises:
        Unprotected: bound to other machines without a configured token.
        NoAddress: the port is taken.
        RunafterError: the project or the database cannot be used.
    """
    import uvicorn

    from runafter.server.wire import wire

    check_bind(host, token)
    check_port(host, port)
    project = read_project(path, read) if path is not None else None
    settings_by_name = project_connections(path, environ=os.environ) if path is not None else {}
    settings = ServerSettings(public_url=public_url or public_address(host, port, host_names), hosts=host_names)
    http = RealHttp()
    definitions = tuple(flow.definition for flow in project.flows) if project is not None else ()
    outside = LocalOutside(flows=Flows(definitions), http=http, tenant=tenant)
    connections = ServedConnections(outside)
    await connections.take_over(settings_by_name)
    if project is not None:
        tell_unused(settings_by_name, project.flows)
    storage = await open_storage(db)
    runtime = Runtime(
        storage,
        outside,
        lambda inbox, respond: Host(storage, inbox, load_program=load_program, responder=respond, owner=server_name()),
        settings=settings,
        tenant=tenant,
    )
    doors = Doors(runtime.catalog, runtime.host.clock)
    door_token = token or secrets.token_urlsafe(32)
    doors.admit(door_token)
    config = uvicorn.Config(
        make_app(runtime, doors),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,
        h11_max_incomplete_event_size=settings.most_header_bytes,
        http=wire(settings),
        ws="none",
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]  # ours end the streams first
    tasks: list[asyncio.Task[Any]] = []
    open_port = server.startup

    async def startup(sockets: list[socket.socket] | None = None) -> None:
        await open_port(sockets)
        if started is not None and server.started:
            started(f"{settings.public_url}/", door_token)

    server.startup = startup  # type: ignore[method-assign]  # who is told the address may use it at once

    def stop() -> None:
        runtime.is_ready = False
        runtime.news.close()
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # loops of Windows take no signals
            loop.add_signal_handler(number, stop)
    try:
        await be_alone(runtime.host)
        await runtime.start(project)
        tasks.append(loop.create_task(_follow(runtime)))
        if watch and path is not None:
            tasks.append(loop.create_task(_watch(path, runtime, outside, connections)))
        await server._serve()  # noqa: SLF001 - `serve` would take over the signals
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await runtime.stop()
        await outside.close()
        await http.close()
        if tenant is not None:
            await tenant.close()
        await storage.close()


async def _follow(runtime: Runtime) -> None:
    """Take over what others do to the flows in the database, as `runafter flows disable` does."""
    while True:
        await asyncio.sleep(_WATCH_S)
        try:
            for name in await runtime.follow():
                _log.info("flow %s was changed in the database", name)
        except StorageFault as fault:
            _log.warning("the flows in the database are looked at again: %s", fault)
        except Exception:  # noqa: BLE001 - the next change is looked at whatever this one was
            _log.exception("a change of the flows in the database is not taken over")


async def _watch(path: Path, runtime: Runtime, outside: LocalOutside, connections: ServedConnections) -> None:
    """Install changed files as new versions; a file that cannot be read leaves the old version in place."""
    known = await asyncio.to_thread(_stamps, path)
    while True:
        await asyncio.sleep(_WATCH_S)
        stamps = await asyncio.to_thread(_stamps, path)
        if stamps == known:
            continue
        try:
            project = await asyncio.to_thread(read_project, path, read)
            settings = await asyncio.to_thread(project_connections, path, environ=os.environ)
            outside.flows = Flows(tuple(flow.definition for flow in project.flows))
            await connections.take_over(settings)
            tell_unused(settings, project.flows)
            for name in await runtime.load(project):
                _log.info("flow %s has a new version", name)
        except StorageFault as fault:
            _log.warning("the project's change is tried again: %s", fault)
            continue
        except RunafterError as fault:
            told = fault.finding() if isinstance(fault, DefinitionError) else fault
            _log.warning("the project's change is not taken over: %s", told)
        except Exception:  # noqa: BLE001 - the next change is looked at whatever this one was
            _log.exception("the project's change is not taken over")
        known = stamps


def _stamps(path: Path) -> dict[str, tuple[int, int]]:
    files = (
        [path]
        if path.is_file()
        else [file for file in path.rglob("*") if file.suffix in {".json", ".toml", ".zip", ".xml"}]
    )
    found = {}
    for file in files[:20_000]:
        with contextlib.suppress(OSError):
            stat = file.stat()
            found[str(file)] = (stat.st_mtime_ns, stat.st_size)
    return found


class JsonLines(logging.Formatter):
    """One JSON object a line; the message only, so that no header or query gets in."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
