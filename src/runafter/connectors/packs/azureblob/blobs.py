"""Blobs and their leases.

Lease rules: a lease lasts 15 to 60 seconds or for ever (-1); while it holds,
writes and deletes need its id. Acquiring a leased blob with another id is 409;
so are renewing, changing and releasing with an id that does not hold.
After learn.microsoft.com/rest/api/storageservices/lease-blob, outcomes of lease operations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runafter.connectors.answers import Refused, content, data_of
from runafter.connectors.folders import media_type
from runafter.connectors.instants import TICKS_PER_SECOND, http_date
from runafter.connectors.spec import Row, Store, Surroundings
from runafter.protocol.events import Outcome

BLOBS = "blobs"
CONTAINERS = "containers"

MESSAGES = {
    "BlobNotFound": (404, "The specified blob does not exist."),
    "ContainerNotFound": (404, "The specified container does not exist."),
    "ContainerAlreadyExists": (409, "The specified container already exists."),
    "BlobAlreadyExists": (409, "The specified blob already exists."),
    "LeaseAlreadyPresent": (409, "There is already a lease present."),
    "LeaseIdMissing": (412, "There is currently a lease on the blob and no lease ID was specified in the request."),
    "LeaseIdMismatchWithBlobOperation": (412, "The lease ID specified did not match the lease ID for the blob."),
    "LeaseIdMismatchWithLeaseOperation": (409, "The lease ID specified did not match the lease ID for the blob."),
    "LeaseNotPresentWithBlobOperation": (412, "There is currently no lease on the blob."),
    "LeaseNotPresentWithLeaseOperation": (409, "There is currently no lease on the blob."),
    "LeaseLost": (412, "A lease ID was specified, but the lease for the blob has expired."),
    "LeaseIsBrokenAndCannotBeRenewed": (409, "The lease ID matched, but the lease has been broken explicitly and cannot be renewed."),
    "LeaseIsBreakingAndCannotBeAcquired": (409, "The lease ID matched, but the lease is currently in breaking state and cannot be acquired until it is broken."),
    "LeaseIsBreakingAndCannotBeChanged": (409, "The lease ID matched, but the lease is currently in breaking state and cannot be changed."),
    "InvalidHeaderValue": (400, "The value for one of the HTTP headers is not in the correct format."),
    "MissingRequiredHeader": (400, "An HTTP header that's mandatory for this request is not specified."),
    "ConditionNotMet": (412, "The condition specified using HTTP conditional header(s) is not met."),
    "UnsupportedQueryParameter": (400, "One of the query parameters specified in the request URI is not supported."),
}  # fmt: skip


def no(code: str, detail: str = "") -> Refused:
    """Return the refusal with the service's status and code."""
    status, message = MESSAGES[code]
    text = f"{message} {detail}".strip()
    return Refused(
        Outcome(status_code=status, code=code, message=text, body={"error": {"code": code, "message": text}})
    )


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease as it is at one moment: available, leased, expired, breaking or broken."""

    state: str
    ident: str | None = None
    infinite: bool = False

    @property
    def holds(self) -> bool:
        return self.state in ("leased", "breaking")


class Blobs:
    """The blobs of one account at one moment."""

    def __init__(self, store: Store, around: Surroundings, now: int) -> None:
        self.store = store
        self.around = around
        self.now = now

    # -- containers and blobs --------------------------------------------------------------------------------------

    def create_container(self, name: str) -> None:
        if self.store.get(CONTAINERS, name) is not None:
            raise no("ContainerAlreadyExists")
        self.store.put(CONTAINERS, name, {"name": name, "created": self.now, "etag": self._etag()})

    def need_container(self, name: str) -> None:
        """Refuse a container that does not exist; without any seeded container each exists."""
        if self.store.rows(CONTAINERS) and self.store.get(CONTAINERS, name) is None:
            raise no("ContainerNotFound")

    def get(self, path: str) -> Row:
        row = self.store.get(BLOBS, path)
        if row is None:
            self.need_container(path.split("/", 1)[0])
            raise no("BlobNotFound")
        return row

    def _etag(self) -> str:
        return f'"0x8D{self.store.next_number("etag"):013X}"'

    def put(self, path: str, value: Any, *, kind: str | None = None, lease: str | None = None, conditions: Mapping[str, str] | None = None, metadata: Mapping[str, str] | None = None) -> Row:  # fmt: skip
        """Create or replace a blob; a held lease needs its id, and conditional headers must hold."""
        self.need_container(path.split("/", 1)[0])
        before = self.store.get(BLOBS, path)
        self.check(before, conditions or {})
        if before is not None:
            self.may_write(before, lease)
        elif lease:
            raise no("LeaseNotPresentWithBlobOperation")
        kept = {} if before is None else {key: before[key] for key in before if key.startswith("lease")}
        row = {
            **kept,
            "name": path,
            "content": content(data_of(value), kind or media_type(path)),
            "etag": self._etag(),
            "modified": self.now,
            "created": self.now if before is None else before["created"],
            "metadata": dict(metadata or {}),
        }
        self.store.put(BLOBS, path, row)
        return row

    def delete(self, path: str, *, lease: str | None = None, conditions: Mapping[str, str] | None = None) -> None:
        row = self.get(path)
        self.check(row, conditions or {})
        self.may_write(row, lease)
        self.store.delete(BLOBS, path)

    def check(self, row: Row | None, conditions: Mapping[str, str]) -> None:
        """Refuse with 412 unless If-Match and If-None-Match hold (409 for a create that must not replace)."""
        match_tag, none = conditions.get("if-match"), conditions.get("if-none-match")
        if match_tag and (row is None or (match_tag != "*" and match_tag != row["etag"])):
            raise no("ConditionNotMet")
        if none == "*" and row is not None:
            raise no("BlobAlreadyExists")
        if none and none != "*" and row is not None and none == row["etag"]:
            raise no("ConditionNotMet")

    def may_write(self, row: Row, lease: str | None) -> None:
        held = self.lease_of(row)
        if held.holds:
            if not lease:
                raise no("LeaseIdMissing")
            if lease.lower() != held.ident:
                raise no("LeaseIdMismatchWithBlobOperation")
        elif lease:
            raise no("LeaseLost" if lease.lower() == held.ident else "LeaseNotPresentWithBlobOperation")

    def listed(self, prefix: str) -> list[Row]:
        return sorted(
            (row for key, row in self.store.rows(BLOBS) if key.startswith(prefix)), key=lambda row: str(row["name"])
        )

    # -- leases ----------------------------------------------------------------------------------------------------

    def lease_of(self, row: Row) -> Lease:
        """Return the blob's lease as it is now."""
        ident = row.get("lease_id")
        if ident is None:
            return Lease("available")
        broken_at, until = row.get("lease_broken_at"), row.get("lease_until")
        if broken_at is not None:
            return Lease("breaking" if self.now < broken_at else "broken", ident)
        if until is None:
            return Lease("leased", ident, infinite=True)
        return Lease("leased" if self.now < until else "expired", ident)

    def _set(self, path: str, row: Row, **fields: Any) -> None:
        kept = {key: value for key, value in row.items() if not key.startswith("lease")}
        self.store.put(BLOBS, path, {**kept, **fields})

    def acquire(self, path: str, duration: int, proposed: str | None = None) -> str:
        """Take the lease for 15..60 seconds or -1 for ever; return its id.

        Raises:
            Refused: 400 for another duration, 409 LeaseAlreadyPresent when another id holds it.
        """
        row = self.get(path)
        if duration != -1 and not 15 <= duration <= 60:
            raise no("InvalidHeaderValue", "x-ms-lease-duration must be 15 to 60 or -1.")
        held = self.lease_of(row)
        ident = (proposed or self.around.new_id()).lower()
        if held.state == "breaking":
            raise no("LeaseIsBreakingAndCannotBeAcquired" if ident == held.ident else "LeaseAlreadyPresent")
        if held.state == "leased" and ident != held.ident:
            raise no("LeaseAlreadyPresent")
        until = None if duration == -1 else self.now + duration * TICKS_PER_SECOND
        self._set(path, row, lease_id=ident, lease_until=until, lease_duration=duration)
        return ident

    def renew(self, path: str, ident: str) -> str:
        row = self.get(path)
        held = self.lease_of(row)
        if held.state == "available":
            raise no("LeaseNotPresentWithLeaseOperation")
        if held.ident != ident.lower():
            raise no("LeaseIdMismatchWithLeaseOperation")
        if held.state in ("breaking", "broken"):
            raise no("LeaseIsBrokenAndCannotBeRenewed")
        duration = row["lease_duration"]
        until = None if duration == -1 else self.now + duration * TICKS_PER_SECOND
        self._set(path, row, lease_id=held.ident, lease_until=until, lease_duration=duration)
        return str(held.ident)

    def change(self, path: str, ident: str, proposed: str) -> str:
        row = self.get(path)
        held = self.lease_of(row)
        if held.state in ("available", "expired", "broken"):
            raise no("LeaseNotPresentWithLeaseOperation")
        if held.state == "breaking":
            raise no("LeaseIsBreakingAndCannotBeChanged")
        if held.ident not in (ident.lower(), proposed.lower()):
            raise no("LeaseIdMismatchWithLeaseOperation")
        self._set(
            path, row, lease_id=proposed.lower(), lease_until=row["lease_until"], lease_duration=row["lease_duration"]
        )
        return proposed.lower()

    def release(self, path: str, ident: str) -> None:
        row = self.get(path)
        held = self.lease_of(row)
        if held.state == "available":
            raise no("LeaseNotPresentWithLeaseOperation")
        if held.ident != ident.lower():
            raise no("LeaseIdMismatchWithLeaseOperation")
        self._set(path, row)

    def break_(self, path: str, period: int | None) -> int:
        """End the lease after at most `period` seconds; return the seconds left until it is broken."""
        row = self.get(path)
        held = self.lease_of(row)
        if held.state == "available":
            raise no("LeaseNotPresentWithLeaseOperation")
        if held.state in ("expired", "broken"):
            left = 0
        else:
            end = row.get("lease_broken_at") if held.state == "breaking" else row["lease_until"]
            rest = 0 if end is None else max(0, -(-(end - self.now) // TICKS_PER_SECOND))
            left = (0 if period is None else period) if end is None else rest if period is None else min(period, rest)
        fields = {
            "lease_id": held.ident,
            "lease_until": row.get("lease_until"),
            "lease_duration": row.get("lease_duration"),
        }
        self._set(path, row, **fields, lease_broken_at=self.now + left * TICKS_PER_SECOND)
        return left


def lease_headers(lease: Lease) -> dict[str, str]:
    headers = {"x-ms-lease-status": "locked" if lease.holds else "unlocked", "x-ms-lease-state": lease.state}
    if lease.state == "leased":
        headers["x-ms-lease-duration"] = "infinite" if lease.infinite else "fixed"
    return headers


def blob_headers(row: Row) -> dict[str, str]:
    return {
        "ETag": row["etag"],
        "Last-Modified": http_date(row["modified"]),
        "x-ms-creation-time": http_date(row["created"]),
        "x-ms-blob-type": "BlockBlob",
        "x-ms-server-encrypted": "true",
        "Accept-Ranges": "bytes",
        **{f"x-ms-meta-{key}": value for key, value in row.get("metadata", {}).items()},
    }


def seed_account(store: Store, value: Mapping[str, Any], around: Surroundings, now: int) -> None:
    """Fill `containers: {name: {blob: text}}`."""
    blobs = Blobs(store, around, now)
    for name, entries in (value.get("containers") or {}).items():
        blobs.create_container(name)
        for path, text in (entries or {}).items():
            blobs.put(f"{name}/{path}", text)
