"""The Blob service's REST interface: containers, block blobs, and leases by `?comp=lease`.

The account is the host (`account.blob.core.windows.net`) or, on loopback, the first path segment as in Azurite.
After learn.microsoft.com/rest/api/storageservices/blob-service-rest-api.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any
from xml.sax.saxutils import escape

from runafter.connectors.answers import Refused, content, ok
from runafter.connectors.instants import http_date
from runafter.connectors.packs.azureblob.blobs import CONTAINERS, Blobs, blob_headers, lease_headers, no
from runafter.connectors.spec import Face, FaceCall, Request
from runafter.protocol.events import Outcome

_VERSION = {"x-ms-version": "2021-12-02", "Server": "Runafter"}


def handle(call: FaceCall) -> Outcome:
    request = call.request
    path = request.path.lstrip("/")
    if not request.host.lower().endswith(".blob.core.windows.net"):
        path = path.partition("/")[2]
    container, _, blob = path.partition("/")
    blobs = Blobs(call.store, call.around, call.now)
    try:
        outcome = _blob(blobs, request, f"{container}/{blob}") if blob else _container(blobs, request, container)
    except Refused as refused:
        outcome = _error(request, refused.outcome)
    common = {**_VERSION, "x-ms-request-id": call.around.new_id(), "Date": http_date(call.now)}
    return Outcome(
        status_code=outcome.status_code,
        headers={**common, **outcome.headers},
        body=outcome.body,
        has_body=outcome.has_body,
        code=outcome.code,
        message=outcome.message,
    )


def _error(request: Request, outcome: Outcome) -> Outcome:
    code = outcome.code or "InternalError"
    xml = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{escape(outcome.message or "")}</Message></Error>'
    headers = {"x-ms-error-code": code, "Content-Type": "application/xml"}
    head = request.method == "HEAD"
    return Outcome(
        status_code=outcome.status_code,
        headers=headers,
        body=None if head else xml,
        has_body=not head,
        code=code,
        message=outcome.message,
    )


def _container(blobs: Blobs, request: Request, name: str) -> Outcome:
    if request.query.get("restype") != "container":
        if request.query.get("comp") == "list":
            return _containers(blobs, request)
        raise no("UnsupportedQueryParameter")
    match request.method:
        case "PUT":
            blobs.create_container(name)
            row = blobs.store.get(CONTAINERS, name) or {}
            return ok(None, status=201, headers={"ETag": str(row.get("etag")), "Last-Modified": http_date(blobs.now)})
        case "DELETE":
            if not blobs.store.delete(CONTAINERS, name):
                raise no("ContainerNotFound")
            for row in blobs.listed(f"{name}/"):
                blobs.store.delete("blobs", row["name"])
            return ok(None, status=202)
        case "GET" if request.query.get("comp") == "list":
            blobs.need_container(name)
            return _listing(blobs, request, name)
        case "GET" | "HEAD":
            if blobs.store.get(CONTAINERS, name) is None:
                raise no("ContainerNotFound")
            row = blobs.store.get(CONTAINERS, name) or {}
            return ok(None, headers={"ETag": str(row.get("etag")), "Last-Modified": http_date(int(row["created"]))})
        case _:
            raise no("UnsupportedQueryParameter")


def _containers(blobs: Blobs, request: Request) -> Outcome:
    prefix = request.query.get("prefix", "")
    out = ""
    for key, row in blobs.store.rows(CONTAINERS):
        if key.startswith(prefix):
            out += (
                f"<Container><Name>{escape(key)}</Name><Properties><Last-Modified>{http_date(int(row['created']))}"
                f"</Last-Modified><Etag>{escape(str(row['etag']))}</Etag><LeaseStatus>unlocked</LeaseStatus>"
                "<LeaseState>available</LeaseState></Properties></Container>"
            )
    xml = f'<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Containers>{out}</Containers><NextMarker/></EnumerationResults>'
    return ok(xml, headers={"Content-Type": "application/xml"})


def _listing(blobs: Blobs, request: Request, name: str) -> Outcome:
    prefix = request.query.get("prefix", "")
    out = ""
    for row in blobs.listed(f"{name}/{prefix}"):
        held = lease_headers(blobs.lease_of(row))
        data = base64.b64decode(row["content"]["$content"])
        out += (
            f"<Blob><Name>{escape(str(row['name']).partition('/')[2])}</Name><Properties>"
            f"<Last-Modified>{http_date(row['modified'])}</Last-Modified><Etag>{escape(row['etag'].strip(chr(34)))}</Etag>"
            f"<Content-Length>{len(data)}</Content-Length><Content-Type>{escape(row['content']['$content-type'])}</Content-Type>"
            f"<BlobType>BlockBlob</BlobType><LeaseStatus>{held['x-ms-lease-status']}</LeaseStatus>"
            f"<LeaseState>{held['x-ms-lease-state']}</LeaseState></Properties></Blob>"
        )
    xml = f'<?xml version="1.0" encoding="utf-8"?><EnumerationResults ContainerName="{escape(name)}"><Blobs>{out}</Blobs><NextMarker/></EnumerationResults>'
    return ok(xml, headers={"Content-Type": "application/xml"})


def _blob(blobs: Blobs, request: Request, path: str) -> Outcome:
    comp = request.query.get("comp")
    if comp == "lease":
        return _lease(blobs, request, path)
    if comp == "metadata" and request.method == "PUT":
        row = blobs.get(path)
        blobs.may_write(row, request.headers.get("x-ms-lease-id"))
        meta = {
            name.removeprefix("x-ms-meta-"): value
            for name, value in request.headers.items()
            if name.startswith("x-ms-meta-")
        }
        blobs.store.put("blobs", path, {**row, "metadata": meta})
        return ok(None, headers=blob_headers({**row, "metadata": {}}))
    if comp is not None and not (comp == "metadata" and request.method in ("GET", "HEAD")):
        raise no("UnsupportedQueryParameter", f"comp={comp}")
    lease = request.headers.get("x-ms-lease-id")
    match request.method:
        case "PUT":
            return _put(blobs, request, path, lease)
        case "GET" | "HEAD":
            return _get(blobs, request, path)
        case "DELETE":
            blobs.delete(path, lease=lease, conditions=request.headers)
            return ok(None, status=202)
        case _:
            raise no("UnsupportedQueryParameter")


def _put(blobs: Blobs, request: Request, path: str, lease: str | None) -> Outcome:
    if request.headers.get("x-ms-blob-type", "") != "BlockBlob":
        raise no(
            "MissingRequiredHeader" if "x-ms-blob-type" not in request.headers else "InvalidHeaderValue",
            "x-ms-blob-type",
        )
    kind = request.headers.get("x-ms-blob-content-type") or request.headers.get("content-type")
    meta = {
        name.removeprefix("x-ms-meta-"): value
        for name, value in request.headers.items()
        if name.startswith("x-ms-meta-")
    }
    row = blobs.put(path, request.body, kind=kind, lease=lease, conditions=request.headers, metadata=meta)
    digest = base64.b64encode(hashlib.md5(request.body, usedforsecurity=False).digest()).decode()
    headers = {"ETag": row["etag"], "Last-Modified": http_date(row["modified"]), "Content-MD5": digest}
    return ok(None, status=201, headers={**headers, "x-ms-request-server-encrypted": "true"})


def _get(blobs: Blobs, request: Request, path: str) -> Outcome:
    row = blobs.get(path)
    if request.headers.get("if-none-match") == row["etag"]:
        return ok(None, status=304)
    data = base64.b64decode(row["content"]["$content"])
    headers = {
        **blob_headers(row),
        **lease_headers(blobs.lease_of(row)),
        "Content-Type": row["content"]["$content-type"],
    }
    if request.method == "HEAD":
        return ok(None, headers={**headers, "Content-Length": str(len(data))})
    wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("x-ms-range") or request.headers.get("range") or "")
    body: Any = content(data, row["content"]["$content-type"])
    if wanted is not None and data:
        first = int(wanted[1])
        last = min(int(wanted[2]) if wanted[2] else len(data) - 1, len(data) - 1)
        headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
        return ok(content(data[first : last + 1], row["content"]["$content-type"]), status=206, headers=headers)
    return ok(body, headers=headers)


def _lease(blobs: Blobs, request: Request, path: str) -> Outcome:
    if request.method != "PUT":
        raise no("UnsupportedQueryParameter", "Leases are changed by PUT.")
    action = request.headers.get("x-ms-lease-action", "").lower()
    ident = request.headers.get("x-ms-lease-id")
    proposed = request.headers.get("x-ms-proposed-lease-id")
    row = blobs.get(path)
    blobs.check(row, request.headers)
    base = {"ETag": row["etag"], "Last-Modified": http_date(row["modified"])}
    if action == "acquire":
        try:
            duration = int(request.headers.get("x-ms-lease-duration", "-1"))
        except ValueError:
            raise no("InvalidHeaderValue", "x-ms-lease-duration") from None
        return ok(None, status=201, headers={**base, "x-ms-lease-id": blobs.acquire(path, duration, proposed)})
    if action == "break":
        period = request.headers.get("x-ms-lease-break-period")
        if period is not None and not (period.isdigit() and int(period) <= 60):
            raise no("InvalidHeaderValue", "x-ms-lease-break-period")
        left = blobs.break_(path, None if period is None else int(period))
        return ok(None, status=202, headers={**base, "x-ms-lease-time": str(left)})
    if not ident:
        raise no("MissingRequiredHeader", "x-ms-lease-id")
    match action:
        case "renew":
            return ok(None, headers={**base, "x-ms-lease-id": blobs.renew(path, ident)})
        case "change":
            if not proposed:
                raise no("MissingRequiredHeader", "x-ms-proposed-lease-id")
            return ok(None, headers={**base, "x-ms-lease-id": blobs.change(path, ident, proposed)})
        case "release":
            blobs.release(path, ident)
            return ok(None, headers=base)
        case _:
            raise no("InvalidHeaderValue", "x-ms-lease-action")


FACES = (Face(hosts=(r"[\w-]+\.blob\.core\.windows\.net",), mount="blob", handle=handle),)
