"""What happened at the tenant: one line per call, for inspection and assertions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One call as the tenant saw it. Times in ticks; `committed` says whether the service carried it out."""

    call_id: str
    run_id: str
    action: str
    connector: str
    operation: str
    connection: str
    started_at: int
    ended_at: int
    status: int | None
    code: str | None
    committed: bool
    throttled_by: str | None = None
    fault: str | None = None
    replayed: bool = False
    arguments: Any = None
