"""What happened to a run: frozen data, past tense, the journal's content.

A new field needs a default. A changed one needs a new version and an upcaster
in `journal.codec`. Times are 100 ns ticks since 0001-01-01 UTC.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from runafter.protocol.commands import Repetition


class Outcome(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a call ended. A failed call is a value, not an exception.

    With `status_code`, something answered: the action's outputs are
    `{statusCode, headers, body}`. Without it nothing did, and `code`
    (`UnresolvableHostName`, `ConnectionFailed`, `ActionTimedOut`, ...) and
    `message` say why. `retry_after_s` is Retry-After as seconds from the
    answer. `retriable` overrules the rule by status code where a connector
    knows better. `outputs` replaces the usual outputs object where the
    operation's are of another shape.
    """

    status_code: int | None = None
    headers: dict[str, Any] = {}
    body: Any = None
    has_body: bool = True
    code: str | None = None
    message: str | None = None
    retry_after_s: float | None = None
    retriable: bool | None = None
    outputs: Any = None
    has_outputs: bool = False


class RunStarted(Struct, frozen=True, kw_only=True, tag=True, tag_field="e", omit_defaults=True):
    """A run began, with everything that decides it besides later events.

    `program` is the hash of the definition; `seed` feeds `rand`, `guid` and
    racy variables; `settings` are the host's choices that the engine must know
    (`variables`: atomic or racy, `variable_window_s`: 0, `in_flight`: 50, `duration_limit_s`,
    `key_headers`: header of the idempotency key by action, `*` for all HTTP ones);
    `flags` record engine behaviour that was current; `trigger` is the trigger's
    record (`name, inputs, outputs, startTime, ...`); `workflow` what
    `workflow()` returns; `callback_base` prefixes callback URLs of this run, `base#SEED` one that signs each.
    A run that `was_cancelled` while it waited for its turn ends without having done anything.
    """

    at: int
    run_id: str
    program: str
    seed: int = 0
    trigger: dict[str, Any] = {}
    parameters: dict[str, Any] = {}
    app_settings: dict[str, str] = {}
    workflow: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    flags: tuple[str, ...] = ()
    zones: str = ""
    client_tracking_id: str = ""
    callback_base: str = ""
    caller_waits: bool = False
    reuse: dict[str, Any] = {}
    was_cancelled: bool = False


class CallFinished(Struct, frozen=True, kw_only=True, tag=True, tag_field="e", omit_defaults=True):
    """A call's answer arrived. `draw` in [0, 1) is the host's draw for the wait before a retry."""

    id: str
    at: int
    action: str
    repetition: Repetition = ()
    attempt: int = 1
    outcome: Outcome
    draw: float = 0.5


class TimerFired(Struct, frozen=True, kw_only=True, tag=True, tag_field="e", omit_defaults=True):
    """A timer that the engine started is due."""

    id: str
    at: int


class SignalReceived(Struct, frozen=True, kw_only=True, tag=True, tag_field="e", omit_defaults=True):
    """Somebody called an action's callback URL, or answered it by hand: `outputs` become the action's."""

    action: str
    at: int
    repetition: Repetition = ()
    outputs: Any = None


class CancelRequested(Struct, frozen=True, kw_only=True, tag=True, tag_field="e", omit_defaults=True):
    """Somebody cancelled the run."""

    at: int
    reason: str | None = None


class CallerLeft(Struct, frozen=True, kw_only=True, tag=True, tag_field="e", omit_defaults=True):
    """The client of a synchronous Request trigger no longer waits."""

    at: int


class Proceeded(Struct, frozen=True, kw_only=True, tag=True, tag_field="e", omit_defaults=True):
    """The host lets a long evaluation go on."""

    id: int
    at: int


Event = RunStarted | CallFinished | TimerFired | SignalReceived | CancelRequested | CallerLeft | Proceeded
