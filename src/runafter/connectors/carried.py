"""Raw requests that a connector carries on to another service: "Send an HTTP request" and its like."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from runafter.connectors.answers import data_of, failure
from runafter.connectors.spec import Call, Request
from runafter.protocol.events import Outcome

GRAPH = "https://graph.microsoft.com"


def carried(call: Call, method: str, address: str, headers: Mapping[str, Any], body: Any) -> Outcome | None:
    """Return what the service at an address answers, None when none of the tenant's serves its host."""
    parts = urlsplit(address)
    data = data_of(body)
    try:
        parsed = json.loads(data) if data else None
    except ValueError:
        parsed = None
    request = Request(
        method=method.upper(),
        host=parts.hostname or "",
        path=unquote(parts.path) or "/",
        raw_path=parts.path or "/",
        query=dict(parse_qsl(parts.query, keep_blank_values=True)),
        headers={str(name).lower(): str(value) for name, value in headers.items() if value is not None},
        body=data,
        json=parsed,
    )
    return call.around.ask(request, call.user)


def graph_request(call: Call) -> Outcome:
    """Carry out "Send an HTTP request" of a Microsoft 365 connector: `Uri`, `Method`, `Body` and up to five headers."""
    uri = call.text("Uri")
    if not uri:
        return failure(400, "BadRequest", "URI path is not a valid Graph endpoint, the path is empty.")
    address = uri if "://" in uri else f"{GRAPH}/{uri.lstrip('/')}"
    headers: dict[str, Any] = {"Content-Type": call.text("ContentType", "application/json")}
    for number in range(1, 6):
        name, colon, value = call.text(f"CustomHeader{number}").partition(":")
        if colon:
            headers[name.strip()] = value.strip()
    answer = carried(call, call.text("Method", "GET"), address, headers, call.arguments.get("Body"))
    host = urlsplit(address).hostname or address
    return answer or failure(400, "BadRequest", f"'{host}' is no endpoint of Microsoft Graph.")
