"""JSON answers and the one shape of errors: {"error": {"code", "message", "hint"}}."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from runafter.errors import InvalidDefinition, RunafterError
from runafter.hosts.embedded.host import UnknownRun
from runafter.server.firing import FlowDisabled
from runafter.server.flows import UnknownFlow
from runafter.server.runtime import NotAnswerable
from runafter.server.signatures import NotSigned, shown_path
from runafter.storage.faults import StorageFault

_log = logging.getLogger("runafter.server")
_encode = msgspec.json.Encoder(enc_hook=str).encode
Endpoint = Callable[[Request], Awaitable[Response]]


class BadRequest(RunafterError):
    """What was asked makes no sense; `status` is the HTTP status that says so."""

    code = "BadRequest"

    def __init__(self, message: str, *, status: int = 400, code: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, code=code, hint=hint)
        self.status = status


def not_found(what: str) -> BadRequest:
    return BadRequest(f"{what} was not found.", status=404, code="NotFound")


def encoded(value: Any) -> bytes:
    """Return JSON. Lone surrogates, which WDL strings may hold, become escapes."""
    try:
        return _encode(value)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(value, enc_hook=str), separators=(",", ":")).encode()


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(encoded(value), status, headers, media_type="application/json")


def error_answer(status: int, code: str, message: str, hint: str | None = None) -> Response:
    return answer({"error": {"code": code, "message": message, "hint": hint}}, status)


def status_of(fault: RunafterError) -> int:
    match fault:
        case BadRequest():
            return fault.status
        case NotSigned():
            return 401
        case UnknownFlow() | UnknownRun():
            return 404
        case FlowDisabled() | NotAnswerable():
            return 409
        case InvalidDefinition():
            return 422
        case StorageFault():
            return 503
        case _:
            return 404 if fault.code == "SRV004" else 400


def guarded(endpoint: Endpoint) -> Endpoint:
    """Turn what an endpoint raises into the one shape; our own bugs show no text of theirs."""

    async def call(request: Request) -> Response:
        try:
            return await endpoint(request)
        except RunafterError as fault:
            if isinstance(fault, NotSigned):
                _log.warning("refused %s %s: %s", request.method, shown_path(request.url.path), fault.code)
            return error_answer(status_of(fault), fault.code, fault.message, fault.hint)
        except msgspec.ValidationError as fault:
            return error_answer(400, "BadRequest", f"The body is wrong: {fault}")
        except msgspec.DecodeError as fault:
            return error_answer(400, "BadRequest", f"The body is no JSON: {fault}")
        except Exception:  # noqa: BLE001 - the caller gets an answer, the log the cause
            _log.exception("%s %s failed", request.method, shown_path(request.url.path))
            return error_answer(500, "InternalError", "Something went wrong here; the server's log says what.")

    return call


async def body_of(request: Request) -> Any:
    """Return the request's JSON; None for an empty body."""
    data = await request.body()
    return _decoded(data, Any) if data.strip() else None


async def body_as(request: Request, kind: Any) -> Any:
    """Return the request's JSON as a `kind`; an empty body is an empty object.

    Raises:
        msgspec.DecodeError: it is no JSON, or not of this kind.
    """
    data = await request.body()
    return _decoded(data if data.strip() else b"{}", kind)


def _decoded(data: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(data, type=kind)
    except RecursionError as fault:
        raise BadRequest("The body is nested too deeply.", code="JsonTooDeep") from fault


def number_of(request: Request, name: str, default: int, most: int) -> int:
    """Return a whole number from the query.

    Raises:
        BadRequest: it is none, or out of range.
    """
    text = request.query_params.get(name)
    if text is None:
        return default
    if not text.isdecimal() or len(text) > 9 or not 1 <= int(text) <= most:
        raise BadRequest(f"{name!r} is a whole number from 1 to {most}")
    return int(text)
