"""Rows of the catalog as frozen data. Times are 100 ns ticks since 0001-01-01 UTC."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from runafter.protocol.commands import Attempt

FlowState = Literal["Enabled", "Disabled"]
HistoryStatus = Literal["Succeeded", "Skipped", "Failed", "Waiting"]


class FlowMeta(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the flow's owner wrote beside it. `file` is where it was read."""

    owner: str | None = None
    deputy: str | None = None
    purpose: str | None = None
    criticality: str | None = None
    deduplication_key: str | None = None
    deduplication_ttl_s: float | None = None
    key_headers: dict[str, str] = {}
    review: tuple[str, ...] = ()
    file: str = ""
    sidecar: dict[str, Any] = {}


class FlowRow(Struct, frozen=True, kw_only=True):
    """An installed flow; `version` is its current one, `enabled_at` when it was last switched on."""

    name: str
    title: str
    state: FlowState
    version: str
    meta: FlowMeta
    created_at: int
    changed_at: int
    enabled_at: int

    @property
    def is_enabled(self) -> bool:
        return self.state == "Enabled"


class VersionRow(Struct, frozen=True, kw_only=True):
    """One version, never changed. `program` is the definition's hash, `digest` that of everything packed with it."""

    flow: str
    version: str
    program: str
    digest: str
    created_at: int
    source: bytes = b""


class TriggerState(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a trigger must remember. `due_at` is when it acts next by itself.

    `started_at` is when its schedule began, `window_at` where the next sliding
    window begins, `cursor` what a polling trigger has seen, `subscription` what
    unsubscribing needs, `failures` how many polls failed in a row.
    """

    due_at: int | None = None
    started_at: int = 0
    window_at: int | None = None
    schedule: str = ""
    cursor: Any = None
    subscription: Any = None
    failures: int = 0


class TriggerHistory(Struct, frozen=True, kw_only=True):
    """One event at a trigger. Of a fired one, the outputs stand in the run; `detail` has those of the others."""

    id: str
    flow: str
    trigger: str
    status: HistoryStatus
    code: str | None = None
    fired: bool = False
    run_id: str | None = None
    scheduled_at: int | None = None
    started_at: int
    ended_at: int
    client_tracking_id: str = ""
    origin: str | None = None
    detail: HistoryDetail | None = None


class HistoryDetail(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why an event did not fire, what it was, and the failed attempts of the poll that brought it."""

    error: Any = None
    outputs: Any = None
    attempts: tuple[Attempt, ...] = ()


class WaitingRun(Struct, frozen=True, kw_only=True):
    """An accepted event whose run waits for a free slot; `event` is the trigger's record, `reuse` the results it keeps."""

    run_id: str
    flow: str
    trigger: str
    version: str
    since: int
    event: dict[str, Any]
    client_tracking_id: str = ""
    caller_waits: bool = False
    reuse: dict[str, Any] = {}
    scheduled_at: int | None = None
    origin: str | None = None


class TokenRow(Struct, frozen=True, kw_only=True):
    """An API token: only its digest is kept."""

    digest: str
    name: str
    created_at: int
    until: int | None = None


class InboxItem(Struct, frozen=True, kw_only=True):
    """Something that waits for a person: an approval, a card, a callback, a review item."""

    id: str
    kind: str
    flow: str
    run_id: str
    status: str
    created_at: int
    closed_at: int | None = None
    detail: dict[str, Any] = {}
