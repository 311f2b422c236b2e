"""The ingestion endpoint of Application Insights: `POST /v2/track` (and v2.1), one envelope, an array, or lines."""

from __future__ import annotations

import gzip
import json
from typing import Any

from runafter.connectors.answers import failure, ok
from runafter.connectors.packs.applicationinsights.emulator import track
from runafter.connectors.spec import Face, FaceCall
from runafter.protocol.events import Outcome


def _items(data: bytes) -> list[Any]:
    try:
        found = json.loads(data)
        return found if isinstance(found, list) else [found]
    except ValueError:
        return [json.loads(line) for line in data.splitlines() if line.strip()]


def handle(call: FaceCall) -> Outcome:
    request = call.request
    if request.path not in ("/v2/track", "/v2.1/track") or request.method != "POST":
        return failure(404, "NotFound", f"There is no {request.method} {request.path}.")
    data = gzip.decompress(request.body) if request.body[:2] == b"\x1f\x8b" else request.body
    try:
        items = _items(data)
    except ValueError:
        return failure(400, "BadRequest", "The body is no JSON.")
    errors = list[dict[str, Any]]()
    for index, item in enumerate(items):
        wrong = track(call.store, item) if isinstance(item, dict) else "An item is no object"
        if wrong:
            errors.append({"index": index, "statusCode": 400, "message": f"109: {wrong}"})
    accepted = len(items) - len(errors)
    status = 200 if not errors else 206 if accepted else 400
    return ok({"itemsReceived": len(items), "itemsAccepted": accepted, "errors": errors}, status=status)


FACES = (
    Face(
        hosts=(
            r"dc\.services\.visualstudio\.com",
            r".*\.in\.applicationinsights\.azure\.com",
            r"dc\.applicationinsights\.azure\.com",
        ),
        mount="insights",
        handle=handle,
    ),
)
