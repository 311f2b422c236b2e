"""OData batches: a multipart body of HTTP requests, its changesets, and the body that answers it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from runafter.connectors.answers import refuse
from runafter.protocol.events import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a multipart body."""

    headers: Mapping[str, str]
    body: str

    @property
    def is_changeset(self) -> bool:
        return self.headers.get("content-type", "").startswith("multipart/mixed")


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchedRequest:
    """The HTTP request in a part; header names in lower case, `path` without its query, still encoded."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body.strip() else None


def parts(text: str, content_type: str) -> list[Part]:
    """Return the parts of a multipart body by the boundary of its content type.

    Raises:
        Refused: 400, the content type names no boundary.
    """
    found = re.search(r'boundary="?([^";]+)"?', content_type)
    if found is None:
        raise refuse(400, "BadRequest", "A batch needs 'Content-Type: multipart/mixed; boundary=...'.")
    out = list[Part]()
    for chunk in text.replace("\r\n", "\n").split(f"--{found[1]}")[1:]:
        if chunk.startswith("--"):
            break
        head, _, body = chunk.lstrip("\n").partition("\n\n")
        out.append(Part(headers=_headers(head.splitlines()), body=body))
    return out


def request_of(part: Part) -> BatchedRequest:
    """Return the request that a part holds.

    Raises:
        Refused: 400, it holds none.
    """
    head, _, body = part.body.lstrip("\n").partition("\n\n")
    line, *rest = head.strip().splitlines() or [""]
    method, _, address = line.partition(" ")
    address = re.sub(r"\s+HTTP/[\d.]+\s*$", "", address).strip()
    if not address:
        raise refuse(400, "BadRequest", f"A part of the batch is no HTTP request: {line!r}.")
    path, _, query = address.partition("?")
    return BatchedRequest(
        method=method.upper(),
        path=path,
        query=dict(parse_qsl(query, True)),
        headers=_headers(rest),
        body=body.strip(),
    )


def _headers(lines: list[str]) -> dict[str, str]:
    return {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def written(outcome: Outcome, content_id: str | None = None) -> str:
    """Return an answer as a part."""
    status = outcome.status_code or 500
    lines = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    if content_id:
        lines.append(f"Content-ID: {content_id}")
    lines += ["", f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}" for name, value in outcome.headers.items()]
    lines += ["", json.dumps(outcome.body) if outcome.has_body and outcome.body is not None else ""]
    return "\r\n".join(lines)


def changeset(entries: list[str]) -> str:
    """Return the answers of a changeset as one part."""
    return f"Content-Type: multipart/mixed; boundary=changesetresponse\r\n\r\n{joined(entries, 'changesetresponse')}"


def joined(entries: list[str], boundary: str) -> str:
    return "".join(f"--{boundary}\r\n{entry}\r\n" for entry in entries) + f"--{boundary}--\r\n"
