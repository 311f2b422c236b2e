"""Rows of the tables as frozen data."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from runafter.protocol.commands import Attempt, RecordAction, Repetition


class RunHeader(Struct, frozen=True, kw_only=True):
    """One run as lists show it. `position` is the length of its journal; times are ticks.

    `owner` is the host that drives it now; a run without one that is not over
    waits for `wake_at`, a signal, or a host.
    """

    id: str
    flow: str
    program: str
    status: str
    position: int
    owner: str | None
    wake_at: int | None
    started_at: int
    ended_at: int | None
    code: str | None
    error: Any
    outputs: Any
    start_key: str | None
    parent: str | None
    client_tracking_id: str

    @property
    def is_finished(self) -> bool:
        return self.ended_at is not None


class ActionDetail(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What history keeps of an action besides its columns."""

    loops: tuple[str, ...] = ()
    error: Any = None
    failure: Any = None
    tracking_id: str = ""
    attempts: tuple[Attempt, ...] = ()
    iterations: int | None = None
    tracked: Any = None
    because: tuple[str, str, str] | None = None
    secure_inputs: bool = False
    secure_outputs: bool = False


class ActionRow(Struct, frozen=True, kw_only=True):
    """One settled action, or one repetition of it. Without values asked for, `inputs` and `outputs` are None."""

    run_id: str
    action: str
    repetition: Repetition
    order: int
    type: str
    status: str
    code: str | None
    started_at: int
    ended_at: int
    has_inputs: bool
    has_outputs: bool
    inputs: Any = None
    outputs: Any = None
    detail: ActionDetail = ActionDetail()

    def record(self) -> RecordAction:
        """Return the record that this row keeps; a row read without values has none."""
        detail = self.detail
        return RecordAction(
            action=self.action,
            type=self.type,
            status=self.status,  # type: ignore[arg-type]  # the column holds what the engine wrote
            order=self.order,
            repetition=self.repetition,
            loops=detail.loops,
            code=self.code,
            error=detail.error,
            failure=detail.failure,
            inputs=self.inputs,
            outputs=self.outputs,
            has_inputs=self.has_inputs,
            has_outputs=self.has_outputs,
            started_at=self.started_at,
            ended_at=self.ended_at,
            tracking_id=detail.tracking_id,
            attempts=detail.attempts,
            iterations=detail.iterations,
            tracked=detail.tracked,
            secure_inputs=detail.secure_inputs,
            secure_outputs=detail.secure_outputs,
            because=detail.because,
        )
