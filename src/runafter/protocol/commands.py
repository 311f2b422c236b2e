"""What the engine asks of its host: frozen data, no behaviour.

The host makes the causing event durable first, then carries commands out in
order. Times are 100 ns ticks since 0001-01-01 UTC. A repetition is the tuple
of 0-based loop indexes around an action, outermost first.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

Repetition = tuple[int, ...]

ActionStatus = Literal["Succeeded", "Failed", "Skipped", "TimedOut", "Cancelled", "Aborted", "Running", "Waiting"]
RunStatus = Literal["Running", "Waiting", "Succeeded", "Failed", "Cancelled", "TimedOut"]


class Target(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a call goes to, as the definition names it; connectors resolve it.

    `type` is the action type (Http, ApiConnection, OpenApiConnection,
    ServiceProvider, Workflow, Function, ...). `api` is the connector
    (`shared_sharepointonline`, `/serviceProviders/serviceBus`), None for Http.
    `operation` is the operationId where the dialect has one; Consumption's
    `ApiConnection` has `method` and an evaluated `path` in the inputs instead.
    """

    type: str
    kind: str | None = None
    api: str | None = None
    operation: str | None = None
    connection: str | None = None


class CallOperation(Struct, frozen=True, kw_only=True, tag=True, tag_field="c", omit_defaults=True):
    """Call something outside, once; answer with `CallFinished` carrying the same `id`.

    `inputs` are the evaluated inputs of the action. `purpose` is `unsubscribe`
    for the closing call of a webhook action, whose outcome nobody waits for,
    and `poll` for a GET of the 202 pattern. `due` is when the engine stops
    waiting by itself. `callback_url` is where a webhook's signal must go.
    """

    id: str
    run_id: str
    action: str
    repetition: Repetition = ()
    attempt: int = 1
    target: Target
    inputs: Any = None
    idempotency_key: str = ""
    purpose: Literal["call", "subscribe", "unsubscribe", "poll"] = "call"
    due: int | None = None
    callback_url: str | None = None
    secure_inputs: bool = False
    secure_outputs: bool = False
    options: dict[str, Any] = {}


class CancelCall(Struct, frozen=True, kw_only=True, tag=True, tag_field="c", omit_defaults=True):
    """Stop waiting for the call; its late answer is dropped by the engine."""

    id: str


class StartTimer(Struct, frozen=True, kw_only=True, tag=True, tag_field="c", omit_defaults=True):
    """Send `TimerFired` with this id at `due` or as soon as possible after it."""

    id: str
    due: int


class CancelTimer(Struct, frozen=True, kw_only=True, tag=True, tag_field="c", omit_defaults=True):
    """Forget the timer; firing it all the same does no harm."""

    id: str


class Attempt(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One failed attempt in an action's retry history."""

    started_at: int
    ended_at: int
    code: str | None = None
    status_code: int | None = None
    error: Any = None
    retry_after_s: float | None = None
    wait_s: float | None = None


class RecordAction(Struct, frozen=True, kw_only=True, tag=True, tag_field="c", omit_defaults=True):
    """What history shows of one settled action (or of one repetition of it): a projection, rebuilt by replay.

    `error` and `inputs`, `outputs` have the platform's shapes; with `secure_*`
    the value is absent. `failure` is Runafter's own: the failing expression,
    the values of its parts, its place, the loop items around it.
    """

    action: str
    type: str
    status: ActionStatus
    order: int = 0
    repetition: Repetition = ()
    loops: tuple[str, ...] = ()
    code: str | None = None
    error: Any = None
    failure: Any = None
    inputs: Any = None
    outputs: Any = None
    has_inputs: bool = False
    has_outputs: bool = False
    started_at: int
    ended_at: int
    tracking_id: str = ""
    attempts: tuple[Attempt, ...] = ()
    iterations: int | None = None
    tracked: Any = None
    secure_inputs: bool = False
    secure_outputs: bool = False
    because: tuple[str, str, str] | None = None
    """Why it was skipped: (predecessor or container, its status, its code)."""


class NoteStarted(Struct, frozen=True, kw_only=True, tag=True, tag_field="c", omit_defaults=True):
    """An action began: for live views only, never durable. `of` is a loop's number of items where known."""

    action: str
    at: int
    repetition: Repetition = ()
    of: int | None = None
    status: ActionStatus = "Running"


class SendResponse(Struct, frozen=True, kw_only=True, tag=True, tag_field="c", omit_defaults=True):
    """Answer the caller of the Request trigger (or the parent flow)."""

    action: str
    status_code: int = 200
    headers: dict[str, Any] = {}
    body: Any = None


class FinishRun(Struct, frozen=True, kw_only=True, tag=True, tag_field="c", omit_defaults=True):
    """The run is over; nothing follows for it."""

    status: RunStatus
    at: int
    code: str | None = None
    error: Any = None
    outputs: Any = None


class Proceed(Struct, frozen=True, kw_only=True, tag=True, tag_field="c", omit_defaults=True):
    """The step's budget of evaluations is used up: send `Proceeded`, after other runs had their turn."""

    id: int


Command = (
    CallOperation
    | CancelCall
    | StartTimer
    | CancelTimer
    | RecordAction
    | NoteStarted
    | SendResponse
    | FinishRun
    | Proceed
)
