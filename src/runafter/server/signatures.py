"""Shared access signatures: addresses that carry their own permission.

A signature is an HMAC-SHA256 by the flow's key over what the address permits
(`sp`), the version (`sv`) and the end (`se`). A flow has two keys, so that one
can be replaced (which revokes all that it signed) while the other still holds.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from urllib.parse import quote, urlencode

from runafter.catalog.catalog import Catalog
from runafter.errors import RunafterError
from runafter.hosts.clock import TICKS_PER_S, Clock
from runafter.protocol.commands import Repetition
from runafter.protocol.ids import callback_signature

VERSION = "1.0"
_UNIX_EPOCH = 621_355_968_000_000_000
KEYS = ("Primary", "Secondary")
_MOST_EXPECTED = 1000


class NotSigned(RunafterError):
    """An address lacks a signature, or has a wrong, revoked or expired one."""

    code = "AuthorizationFailed"


class Signer:
    """Signs and checks the addresses of every flow."""

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        public_url: str,
        fresh: Callable[[], bytes] = lambda: secrets.token_bytes(32),
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._fresh = fresh
        self.public_url = public_url.rstrip("/")
        self._keys: dict[tuple[str, str], bytes] = {}
        self._expected: dict[tuple[str, str], tuple[bytes, ...]] = {}

    async def key(self, flow: str, name: str = "Primary") -> bytes:
        known = self._keys.get((flow, name))
        if known is None:
            known = await self._catalog.secret(f"sas/{flow}/{name}", self._fresh(), self._clock())
            self._keys[flow, name] = known
        return known

    async def revoke(self, flow: str, name: str = "Primary") -> None:
        """Replace a key: every address signed with it stops to work."""
        key = self._fresh()
        await self._catalog.replace_secret(f"sas/{flow}/{name}", key, self._clock())
        self._keys[flow, name] = key
        self._expected.clear()

    async def sign(
        self, flow: str, permission: str, *, until: int | None = None, key: str = "Primary"
    ) -> dict[str, str]:
        """Return the query fields that permit `permission`; `until` in ticks."""
        fields = {"sp": permission, "sv": VERSION}
        if until is not None:
            fields["se"] = str((until - _UNIX_EPOCH) // TICKS_PER_S)
        return {**fields, "sig": _signature(await self.key(flow, key), flow, fields)}

    async def check(self, flow: str, permission: str, query: Mapping[str, str]) -> None:
        """Return when the query permits it; compared in constant time.

        Raises:
            NotSigned: a field is missing, the signature is wrong or revoked, or its time is over.
        """
        if not all(query.get(name) for name in ("sp", "sv", "sig")):
            raise NotSigned(
                "Required parameters for shared access URL are permissions ('sp'), version ('sv'), and signature ('sig')."
            )
        fields = {name: query[name] for name in ("sp", "sv", "se") if query.get(name)}
        given = query["sig"].encode("utf-8", "replace")
        matches = False
        for expected in await self._signatures(flow, permission, fields):
            matches |= hmac.compare_digest(expected, given)
        if (
            not matches
            or not hmac.compare_digest(fields["sp"].encode(), permission.encode())
            or fields["sv"] != VERSION
        ):
            raise NotSigned("The provided signature does not permit this operation.")
        if "se" in fields and int(fields["se"]) * TICKS_PER_S + _UNIX_EPOCH <= self._clock():
            raise NotSigned("The shared access URL has expired.")

    async def _signatures(self, flow: str, permission: str, fields: Mapping[str, str]) -> tuple[bytes, ...]:
        """Return the fields' right signatures, one per key. A trigger's address without an end is called again and again."""
        is_lasting = fields == {"sp": permission, "sv": VERSION} and permission.startswith("/triggers/")
        known = self._expected.get((flow, permission)) if is_lasting else None
        if known is not None:
            return known
        found = tuple([_signature(await self.key(flow, name), flow, fields).encode() for name in KEYS])
        if is_lasting:
            if len(self._expected) >= _MOST_EXPECTED:
                self._expected.clear()
            self._expected[flow, permission] = found
        return found

    async def trigger_url(
        self, flow: str, trigger: str, *, relative_path: str = "", until: int | None = None, key: str = "Primary"
    ) -> tuple[str, str, dict[str, str]]:
        """Return (whole address, base path, query) at which a Request trigger is called."""
        queries = {
            "api-version": "2016-10-01",
            **await self.sign(flow, trigger_permission(trigger), until=until, key=key),
        }
        base = f"{self.public_url}/workflows/{quote(flow)}/triggers/{quote(trigger)}/paths/invoke"
        path = f"/{relative_path.strip('/')}" if relative_path else ""
        return f"{base}{path}?{urlencode(queries, quote_via=quote)}", base, queries

    async def callback_base(self, flow: str, run_id: str) -> str:
        """Return the prefix of a run's callback addresses, and the seed that signs each of them."""
        path = f"/workflows/{quote(flow)}/runs/{run_id}/callbacks"
        return f"{self.public_url}{path}#{await self._callback_seed(flow, run_id, 'Primary')}"

    async def _callback_seed(self, flow: str, run_id: str, key: str) -> str:
        return _signature(await self.key(flow, key), flow, {"sp": callback_permission(run_id), "sv": VERSION})

    async def check_callback(self, flow: str, run_id: str, action: str, repetition: Repetition, signature: str) -> None:
        """Return when a callback address is one of ours, and of this action; compared in constant time.

        Raises:
            NotSigned: it is not, or was revoked.
        """
        given = signature.encode("utf-8", "replace")
        matches = False
        for name in KEYS:
            expected = callback_signature(await self._callback_seed(flow, run_id, name), action, repetition)
            matches |= hmac.compare_digest(expected.encode(), given)
        if not matches:
            raise NotSigned("The provided signature does not permit this operation.")

    async def operation_url(self, flow: str, run_id: str) -> str:
        """Return the address at which a caller asks how its run goes."""
        permission = operation_permission(run_id)
        signature = _signature(await self.key(flow), flow, {"sp": permission, "sv": VERSION})
        query = f"sp={quote(permission, safe='')}&sv={VERSION}&sig={signature}"
        return f"{self.public_url}/workflows/{quote(flow)}{permission}?{query}"

    async def content_url(self, flow: str, path: str, *, until: int) -> str:
        """Return the address of a content link; `path` is what it shows."""
        query = await self.sign(flow, f"{path}/read", until=until)
        return f"{self.public_url}/workflows/{quote(flow)}/contents{quote(path)}?{urlencode(query, quote_via=quote)}"


def shown_path(path: str) -> str:
    """Return a path as logs may show it: the signature of a callback stands in its path, and is left out."""
    return re.sub(r"/callbacks/[^/]*", "/callbacks/...", path)[:200]


def trigger_permission(trigger: str) -> str:
    return f"/triggers/{trigger}/run"


def operation_permission(run_id: str) -> str:
    return f"/runs/{run_id}/operations/run"


def callback_permission(run_id: str) -> str:
    return f"/runs/{run_id}/callback"


def _signature(key: bytes, flow: str, fields: Mapping[str, str]) -> str:
    text = "\n".join((flow, fields["sp"], fields["sv"], fields.get("se", "")))
    # Not `hmac.digest`: it gives up the interpreter's lock, and getting it back takes longer than the digest.
    return base64.urlsafe_b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).decode().rstrip("=")
