"""Outcomes as services give them: a success with a body, or a failure in the service's error shape."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from runafter.protocol.events import Outcome

JSON_TYPE = "application/json; charset=utf-8"


class Refused(Exception):
    """An emulated service says no; carries the answer. Never leaves the tenant."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.message or str(outcome.status_code))
        self.outcome = outcome


def ok(body: Any = None, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Outcome:
    """Return a success; without a body its content type is left out."""
    sent: dict[str, Any] = dict(headers or {})
    if body is not None:
        sent.setdefault("Content-Type", "text/plain; charset=utf-8" if isinstance(body, str) else JSON_TYPE)
    return Outcome(status_code=status, headers=sent, body=body, has_body=body is not None)


def no_content(headers: Mapping[str, str] | None = None) -> Outcome:
    return ok(None, status=204, headers=headers)


def failure(status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None) -> Outcome:
    """Return `{"error": {"code", "message"}}`, the shape of OData services and Azure Resource Manager."""
    return Outcome(
        status_code=status,
        headers={"Content-Type": JSON_TYPE, **(headers or {})},
        body={"error": {"code": code, "message": message}},
        code=code,
        message=message,
    )


def refuse(status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None) -> Refused:
    """Return the exception for `failure(...)`, to be raised."""
    return Refused(failure(status, code, message, headers=headers))


def connector_failure(status: int, message: str, *, source: str, headers: Mapping[str, str] | None = None) -> Outcome:
    """Return `{"status", "message", "source"}`, the shape in which managed connectors wrap most errors."""
    return Outcome(
        status_code=status,
        headers={"Content-Type": JSON_TYPE, **(headers or {})},
        body={"status": status, "message": message, "source": source},
        message=message,
    )


def entries(value: Any) -> list[Any]:
    """Return a list argument; one value alone is a list of it, none an empty one."""
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def content(data: bytes, content_type: str = "application/octet-stream") -> dict[str, str]:
    """Return binary content as the platform's envelope."""
    return {"$content-type": content_type, "$content": base64.b64encode(data).decode("ascii")}


def data_of(value: Any) -> bytes:
    """Return the bytes of a content value: an envelope, text (UTF-8), or JSON."""
    if value is None:
        return b""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, dict) and isinstance(value.get("$content"), str):
        return base64.b64decode(value["$content"])
    import json

    return json.dumps(value, ensure_ascii=False).encode()


def content_type_of(value: Any, default: str = "application/octet-stream") -> str:
    if isinstance(value, dict) and "$content-type" in value:
        return str(value["$content-type"])
    return "text/plain; charset=utf-8" if isinstance(value, str) else default
