"""What happens at a trigger, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from runafter.protocol.commands import Attempt

MOST_TRACKING = 128
"""Characters of a client tracking id: it goes back in a header, and into every list of runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerEvent:
    """What happened at a trigger. `origin` names the history row that is fired again.

    `run_id` is the name of the run to be, for callers that must know it first.
    `key` is by what the event is known again where the flow names no key of its own.
    `attempts` are the failed ones of the poll that brought it.
    """

    outputs: Mapping[str, Any] = field(default_factory=dict)
    inputs: Any = None
    client_tracking_id: str = ""
    scheduled_at: int | None = None
    origin: str | None = None
    caller_waits: bool = False
    unconditional: bool = False
    reuse: Mapping[str, Any] = field(default_factory=dict)
    run_id: str | None = None
    key: str | None = None
    attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """What became of one event, or of one item of a split one. `run_id` of a duplicate is the run that has the key."""

    status: Literal["Started", "Waiting", "Skipped", "Failed", "Duplicate", "Full"]
    history: str
    run_id: str | None = None
    client_tracking_id: str = ""
    code: str | None = None
    error: Any = None
