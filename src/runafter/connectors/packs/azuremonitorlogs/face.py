"""Azure Monitor's own REST interfaces: the Logs Ingestion API and the query API."""

from __future__ import annotations

import gzip
import json
import re
from typing import Any

from runafter.connectors.answers import failure, no_content, ok
from runafter.connectors.packs.azuremonitorlogs.emulator import ingest
from runafter.connectors.packs.azuremonitorlogs.kql import UnsupportedQuery, run
from runafter.connectors.spec import Face, FaceCall
from runafter.protocol.events import Outcome

_INGEST = re.compile(r"/dataCollectionRules/(?P<rule>[^/]+)/streams/(?P<stream>[^/]+)")
_QUERY = re.compile(r"/v1/workspaces/(?P<workspace>[^/]+)/query")
MAXIMUM_BYTES = 1_000_000
"""Size of one ingestion call, uncompressed (learn.microsoft.com/azure/azure-monitor/service-limits, logs ingestion API)."""


def handle(call: FaceCall) -> Outcome:
    request = call.request
    if (found := _INGEST.fullmatch(request.path)) is not None and request.method == "POST":
        data = request.body
        if data[:2] == b"\x1f\x8b":  # aiohttp's server unpacks gzip itself, an in-process call does not
            try:
                data = gzip.decompress(data)
            except (OSError, EOFError):
                return failure(400, "InvalidContent", "The body is no gzip.")
        if len(data) > MAXIMUM_BYTES:
            return failure(413, "ContentLengthLimitExceeded", "Maximum allowed content length: 1048576 bytes.")
        try:
            rows: Any = json.loads(data)
        except ValueError:
            return failure(400, "InvalidContent", "The body is no JSON.")
        if not isinstance(rows, list):
            return failure(400, "InvalidPayload", "The body must be an array of records.")
        stream = found["stream"]
        ingest(call.store, stream.removeprefix("Custom-").removeprefix("Microsoft-"), rows)
        return no_content()
    if (_QUERY.fullmatch(request.path)) is not None:
        body = request.json if isinstance(request.json, dict) else {}
        text = str(body.get("query") or request.query.get("query") or "")
        try:
            rows = run(text, lambda name: [row for _, row in call.store.rows(f"table|{name}")], call.now)
        except UnsupportedQuery as error:
            return failure(400, "BadArgumentError", str(error))
        names = list(dict.fromkeys(name for row in rows for name in row))
        table = {
            "name": "PrimaryResult",
            "columns": [{"name": name, "type": _type(rows, name)} for name in names],
            "rows": [[row.get(name) for name in names] for row in rows],
        }
        return ok({"tables": [table]})
    return failure(404, "PathNotFoundError", f"The requested path does not exist: {request.path}")


def _type(rows: list[dict[str, Any]], name: str) -> str:
    value = next((row[name] for row in rows if row.get(name) is not None), "")
    match value:
        case bool():
            return "bool"
        case int():
            return "long"
        case float():
            return "real"
        case dict() | list():
            return "dynamic"
    return "string"


FACES = (
    Face(
        hosts=(r".*\.ingest\.monitor\.azure\.com", r"api\.loganalytics\.(io|azure\.com)"),
        mount="monitor",
        handle=handle,
    ),
)
