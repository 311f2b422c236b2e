"""Azure Blob Storage as its connectors reach it. Shapes after learn.microsoft.com/connectors/azureblob."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any
from urllib.parse import unquote

from runafter.connectors.answers import Refused, connector_failure, content, ok
from runafter.connectors.folders import ident_of
from runafter.connectors.instants import iso
from runafter.connectors.packs.azureblob.blobs import Blobs, no, seed_account
from runafter.connectors.seedshape import ANY
from runafter.connectors.spec import Call, Row
from runafter.protocol.events import Outcome

SEED = {"containers": {"*": {"*": ANY}}}
seed = seed_account


def blobs_of(call: Call) -> Blobs:
    return Blobs(call.store, call.around, call.now)


def key_of(path: str) -> str:
    """Return `container/blob` of a path or of an id, which is the path in base64."""
    text = unquote(unquote(path)).strip()
    if "/" not in text.strip("/"):
        try:
            decoded = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        except (binascii.Error, UnicodeDecodeError, ValueError):
            decoded = ""
        if decoded.startswith("/") or "/" in decoded or (decoded.isprintable() and decoded):
            text = decoded
    return text.strip("/")


def shown(row: Row) -> dict[str, Any]:
    name = str(row["name"])
    data = base64.b64decode(row["content"]["$content"])
    return {
        "Id": ident_of("/" + name),
        "Name": name.rsplit("/", 1)[-1],
        "DisplayName": name.rsplit("/", 1)[-1],
        "Path": "/" + name,
        "LastModified": iso(row["modified"]),
        "Size": len(data),
        "MediaType": row["content"]["$content-type"],
        "IsFolder": False,
        "ETag": row["etag"],
        "FileLocator": ident_of("/" + name),
        "LastModifiedBy": None,
    }


def _wrapped(refused: Refused) -> Refused:
    outcome = refused.outcome
    return Refused(connector_failure(outcome.status_code or 500, outcome.message or "", source="azureblob.emulated"))


def _answer(row: Row) -> Outcome:
    kind = str(row["content"]["$content-type"])
    data = base64.b64decode(row["content"]["$content"])
    headers = {"Content-Type": kind, "ETag": row["etag"]}
    if kind.startswith("application/json"):
        try:
            return ok(json.loads(data), headers=headers)
        except ValueError:
            pass
    if kind.startswith("text/"):
        return ok(data.decode("utf-8", "replace"), headers=headers)
    return ok(content(data, kind), headers=headers)


def _path(call: Call) -> str:
    return key_of(call.text("id") or call.text("path"))


def create_file(call: Call) -> Outcome:
    path = f"{call.text('folderPath')}/{call.text('name')}".strip("/").replace("//", "/")
    try:
        row = blobs_of(call).put(path, call.arguments.get("body"), kind=call.text("Content-Type") or None)
    except Refused as refused:
        raise _wrapped(refused) from refused
    return ok(shown(row))


def update_file(call: Call) -> Outcome:
    try:
        blobs_of(call).get(_path(call))
        return ok(shown(blobs_of(call).put(_path(call), call.arguments.get("body"))))
    except Refused as refused:
        raise _wrapped(refused) from refused


def _row(call: Call) -> Row:
    try:
        return blobs_of(call).get(_path(call))
    except Refused as refused:
        raise _wrapped(refused) from refused


def get_file_content(call: Call) -> Outcome:
    return _answer(_row(call))


def get_file_metadata(call: Call) -> Outcome:
    return ok(shown(_row(call)))


def delete_file(call: Call) -> Outcome:
    try:
        blobs_of(call).delete(_path(call))
    except Refused as refused:
        if refused.outcome.status_code == 404 and call.text("SkipDeleteIfFileNotFoundOnServer") == "true":
            return ok(None)
        raise _wrapped(refused) from refused
    return ok(None)


def copy_file(call: Call) -> Outcome:
    blobs = blobs_of(call)
    source, target = key_of(call.text("source")), key_of(call.text("destination"))
    if call.store.get("blobs", target) is not None and call.text("overwrite", "false") != "true":
        raise _wrapped(no("BlobAlreadyExists"))
    try:
        row = blobs.get(source)
        return ok(shown(blobs.put(target, row["content"], kind=row["content"]["$content-type"])))
    except Refused as refused:
        raise _wrapped(refused) from refused


def list_folder(call: Call) -> Outcome:
    folder = key_of(call.text("id")) if call.text("id") else ""
    prefix = f"{folder}/" if folder else ""
    flat = call.text("useFlatListing", "true" if not folder else "false") == "true"
    rows = blobs_of(call).listed(prefix)
    out, seen = list[dict[str, Any]](), set[str]()
    for row in rows:
        rest = str(row["name"])[len(prefix) :]
        first = rest.split("/", 1)[0]
        if flat or "/" not in rest:
            out.append(shown(row))
        elif first not in seen:
            seen.add(first)
            path = f"/{prefix}{first}/"
            out.append(
                {
                    "Id": ident_of(path),
                    "Name": first,
                    "DisplayName": first,
                    "Path": path,
                    "Size": 0,
                    "IsFolder": True,
                    "MediaType": "",
                }
            )
    return ok({"value": out})


def create_share_link(call: Call) -> Outcome:
    row = _row(call)
    policy = call.record("policy")
    rights = "".join(
        letter
        for word, letter in (("Read", "r"), ("Write", "w"), ("Delete", "d"), ("List", "l"))
        if word in str(policy.get("Permissions", "Read"))
    )
    account = call.text("storageAccountName", "account").split(".")[0] or "account"
    expiry = policy.get("ExpiryTime") or iso(call.now + 24 * 3600 * 10_000_000)
    signature = ident_of(f"{row['name']}{rights}{expiry}")[:43]
    return ok(
        {
            "WebUrl": f"https://{account}.blob.core.windows.net/{row['name']}?sv=2021-08-06&sp={rights}&se={expiry}&sig={signature}"
        }
    )


def on_updated_files(call: Call) -> Outcome:
    folder = key_of(call.text("folderId") or call.text("path"))
    rows = sorted(blobs_of(call).listed(f"{folder}/" if folder else ""), key=lambda row: -int(row["modified"]))
    found = [shown(row) for row in rows][: call.number("maxFileCount") or 10]
    return ok(found) if found else ok(None, status=202)


# -- built-in ------------------------------------------------------------------------------------------------------------


def _built_in_path(call: Call) -> str:
    return f"{call.text('containerName')}/{call.text('blobName')}".strip("/")


def read_blob(call: Call) -> Outcome:
    row = blobs_of(call).get(_built_in_path(call))
    shown_content = _answer(row).body
    return ok({"content": shown_content, "properties": shown(row)}, headers={"ETag": row["etag"]})


def upload_blob(call: Call) -> Outcome:
    path = _built_in_path(call)
    if call.text("overrideIfExists", "true").lower() == "false" and call.store.get("blobs", path) is not None:
        raise no("BlobAlreadyExists")
    return ok({"properties": shown(blobs_of(call).put(path, call.arguments.get("content")))})


def delete_blob(call: Call) -> Outcome:
    blobs_of(call).delete(_built_in_path(call))
    return ok({"message": "deleted"})


def list_blobs(call: Call) -> Outcome:
    container = call.text("containerName")
    if not container:
        return ok([{"name": key} for key, _ in call.store.rows("containers")])
    return ok([shown(row) for row in blobs_of(call).listed(f"{container}/{call.text('prefix')}")])


def get_blob_metadata(call: Call) -> Outcome:
    return ok(shown(blobs_of(call).get(_built_in_path(call))))
