"""Key Vault: seeded secrets; a key 'encrypts' by a reversible stream of its name. No secrecy is promised."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from runafter.connectors.answers import failure, ok
from runafter.connectors.instants import iso
from runafter.connectors.seedshape import SCALAR
from runafter.connectors.spec import Call, Row, Store, Surroundings
from runafter.protocol.events import Outcome


def _shown(row: Row, *, value: bool) -> dict[str, Any]:
    out = {"name": row["name"], "version": row["version"], "contentType": row.get("contentType"), "isEnabled": True}
    out |= {
        "createdTime": row["created"],
        "lastUpdatedTime": row["created"],
        "validityStartTime": None,
        "validityEndTime": None,
    }
    return {"value": row["value"], **out} if value else out


def get_secret(call: Call) -> Outcome:
    versions = call.store.rows(f"secret|{call.text('secretName').lower()}")
    wanted = call.text("secretVersion")
    found = [row for key, row in versions if not wanted or key == wanted]
    if not found:
        name = call.text("secretName")
        text = f"A secret with (name/id) {name} was not found in this key vault. If you recently deleted this secret you may be able to recover it using the correct recovery command."
        return failure(404, "SecretNotFound", text)
    return ok(_shown(found[-1], value=True))


def list_secrets(call: Call) -> Outcome:
    names = [table for table in call.store.tables() if table.startswith("secret|")]
    return ok(
        {"value": [_shown(call.store.rows(name)[-1][1], value=False) for name in names], "continuationToken": None}
    )


def list_secret_versions(call: Call) -> Outcome:
    rows = call.store.rows(f"secret|{call.text('secretName').lower()}")
    return ok({"value": [_shown(row, value=False) for _, row in rows]})


def _stream(key: str, data: bytes) -> bytes:
    out = bytearray()
    for index in range(0, len(data), 32):
        block = hashlib.sha256(f"{key}/{index}".encode()).digest()
        out += bytes(a ^ b for a, b in zip(data[index : index + 32], block, strict=False))
    return bytes(out)


def _argument(call: Call, name: str) -> str:
    return str(call.record("input").get(name) or call.text(name))


def encrypt_data(call: Call) -> Outcome:
    data = _argument(call, "rawData").encode()
    return ok({"encryptedData": base64.b64encode(_stream(call.text("keyName"), data)).decode()})


def decrypt_data(call: Call) -> Outcome:
    try:
        data = base64.b64decode(_argument(call, "encryptedData"), validate=True)
        text = _stream(call.text("keyName"), data).decode()
    except (ValueError, UnicodeDecodeError):
        return failure(400, "BadParameter", "The encrypted data cannot be decrypted with this key.")
    return ok({"rawData": text})


SEED = {"secrets": {"*": ([SCALAR], SCALAR)}}


def seed(store: Store, value: Any, around: Surroundings, now: int) -> None:
    """Fill `secrets: {name: value or [versions]}`."""
    for name, entry in (value.get("secrets") or {}).items():
        for secret in entry if isinstance(entry, list) else [entry]:
            version = around.new_id().replace("-", "")
            store.put(
                f"secret|{name.lower()}",
                version,
                {"name": name, "version": version, "value": str(secret), "created": iso(now)},
            )
