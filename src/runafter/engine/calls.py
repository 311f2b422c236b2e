"""Calls to the outside: slots, attempts, waits before a retry, the 202 pattern, webhooks, time limits.

A call holds one of the run's slots while it is outside; waiting for a retry,
for a poll or for a signal holds none. Calls that find no free slot queue in
the order in which they became ready, and none waits while a slot is free.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

from runafter.engine.failing import fail, fail_inputs
from runafter.engine.faults import FAULTS, message_of
from runafter.engine.instants import ticks
from runafter.engine.loops import keep_records
from runafter.engine.machine import Machine
from runafter.engine.outcome import HIDDEN, status_name, timed_out_error
from runafter.engine.plan import Node
from runafter.engine.sizes import input_limit_message
from runafter.engine.state import Activity, CallActivity, Frame, Record
from runafter.engine.static import settle_reused, settle_static
from runafter.program.retry import RetryFault, is_retriable, parse_policy, wait_bounds_s
from runafter.program.steps import CallStep
from runafter.protocol.commands import Attempt, CallOperation, CancelCall, NoteStarted
from runafter.protocol.events import CallFinished, Outcome, SignalReceived
from runafter.protocol.ids import call_id, idempotency_key, repetition_name

CONNECTION_CODES = frozenset(
    {
        "ConnectionFailed",
        "ConnectionReset",
        "ConnectionTimedOut",
        "RequestTimedOut",
        "UnresolvableHostName",
        "ServiceUnavailable",
        "BadGateway",
        "GatewayTimeout",
        "ServerTimeout",
        "SecureConnectionFailed",
    }
)
"""Codes of an outcome that no service gave: worth another call."""

POLL_WAIT_S = 15.0
"""Wait before a poll of the 202 pattern when the service names none."""

_SANITIZED = "*sanitized*"


def start_call(machine: Machine, frame: Frame, node: Node) -> None:
    if settle_static(machine, frame, node) or settle_reused(machine, frame, node):
        return
    if len(machine.calls) < machine.slots:
        _begin(machine, frame, node)
    else:
        frame.statuses[node.index] = "Waiting"
        machine.queue.append((frame, node))


def fill_slots(machine: Machine) -> None:
    """Start queued calls while slots are free."""
    queue = machine.queue
    while queue and len(machine.calls) < machine.slots and not machine.is_finished:
        waiting = queue.popleft()
        if isinstance(waiting, CallActivity):
            if waiting.serial in machine.live:
                _send(machine, waiting)
        elif not waiting[0].is_dead:
            _begin(machine, *waiting)


def _begin(machine: Machine, frame: Frame, node: Node) -> None:
    step = node.step
    assert isinstance(step, CallStep)
    machine.budget -= 1
    scope = machine.scope.enter(frame.env, node.name)
    try:
        inputs = step.inputs.evaluate(scope)
        policy = step.retry
        if step.retry_template is not None:
            policy = parse_policy(step.retry_template.evaluate(scope), machine.program.profile)
    except RetryFault as fault:
        error = {"code": "InvalidTemplate", "message": f"The retry policy of action '{node.name}' is invalid: {fault}."}
        fail(machine, frame, node, "BadRequest", error)
        return
    except FAULTS as fault:
        fail_inputs(machine, frame, node, fault)
        return
    if not step.chunked and (too_large := input_limit_message(machine.program.profile, inputs)) is not None:
        error = {"code": "RequestEntityTooLarge", "message": too_large}
        fail(machine, frame, node, "RequestEntityTooLarge", error)
        return
    tracking = machine.tracking_id()
    activity = CallActivity(machine.serial, frame, node, machine.now, tracking)
    activity.inputs, activity.has_inputs = inputs, True
    activity.is_secure = scope.is_tainted
    activity.policy = policy
    if step.timeout_s is not None:
        activity.due = machine.now + ticks(step.timeout_s)
    machine.begin(activity)
    if step.waits_for_signal:
        machine.signals[node.name, frame.env.repetition] = activity
    _send(machine, activity)


_HTTP_TYPES = {"http", "httpwebhook"}


def _send(machine: Machine, activity: CallActivity) -> None:
    """Send the next attempt, or the next poll of the attempt that was accepted with 202."""
    node = activity.node
    step = node.step
    assert isinstance(step, CallStep)
    repetition = activity.frame.env.repetition
    activity.note = "Running"
    activity.sent_at = machine.now
    inputs = activity.inputs
    if activity.location is not None:
        activity.polls += 1
        name = f"{call_id(machine.run_id, node.name, repetition, max(activity.attempt, 1))}/poll{activity.polls}"
        purpose: Any = "poll"
        inputs = {"method": "GET", "uri": activity.location}
        if isinstance(activity.inputs, dict):
            inputs |= {key: activity.inputs[key] for key in ("headers", "authentication") if key in activity.inputs}
    else:
        activity.attempt += 1
        name = call_id(machine.run_id, node.name, repetition, activity.attempt)
        purpose = "subscribe" if step.waits_for_signal else "call"
    activity.call_id = name
    machine.calls[name] = activity
    machine.commands.append(
        CallOperation(
            id=name,
            run_id=machine.run_id,
            action=node.name,
            repetition=repetition,
            attempt=activity.attempt,
            target=step.target,
            inputs=inputs,
            idempotency_key=idempotency_key(machine.run_id, node.name, repetition),
            purpose=purpose,
            due=activity.due,
            callback_url=machine.callback_url(node.name, repetition) if step.waits_for_signal else None,
            secure_inputs=step.secure_inputs or activity.is_secure,
            secure_outputs=step.secure_outputs,
            options=_options(step, machine.key_headers),
        )
    )


def _options(step: CallStep, key_headers: Mapping[str, str]) -> dict[str, Any]:
    header = key_headers.get(step.name.casefold()) if key_headers else None
    if header is None and key_headers and step.type.casefold() in _HTTP_TYPES:
        header = key_headers.get("*")
    if step.minimum_items is None and not step.chunked and header is None:
        return step.options if isinstance(step.options, dict) else dict(step.options)
    options = dict(step.options)
    if header is not None:
        options["key_header"] = header
    if step.minimum_items is not None:
        options["minimum_items"] = step.minimum_items
    if step.chunked:
        options["chunked"] = True
    return options


# -- answers ---------------------------------------------------------------------------------------------------


def call_finished(machine: Machine, event: CallFinished) -> None:
    """Take a call's answer: retry it, poll on, wait for its signal, or settle. A late or unknown one is ignored."""
    activity = machine.calls.pop(event.id, None)
    if activity is None:
        return
    activity.call_id = None
    outcome = event.outcome
    step = activity.node.step
    assert isinstance(step, CallStep)
    if not (_is_failure(outcome) and _retry(machine, activity, step, event)):
        location = _location(activity, outcome) if outcome.status_code == 202 else None
        if location is not None and step.async_pattern and not step.waits_for_signal:
            activity.location = location
            wait = POLL_WAIT_S if outcome.retry_after_s is None else outcome.retry_after_s
            _wait(machine, activity, "poll", wait)
        elif step.waits_for_signal and not _is_failure(outcome):
            _await_signal(machine, activity)
        else:
            _settle(machine, activity, outcome)
    fill_slots(machine)


def _await_signal(machine: Machine, activity: CallActivity) -> None:
    activity.note = "Waiting"
    activity.is_subscribed = True
    repetition = activity.frame.env.repetition
    machine.commands.append(
        NoteStarted(action=activity.node.name, at=activity.started_at, repetition=repetition, status="Waiting")
    )


def _is_failure(outcome: Outcome) -> bool:
    return outcome.status_code >= 400 if outcome.status_code is not None else outcome.code is not None


def _location(activity: CallActivity, outcome: Outcome) -> str | None:
    found = next((value for name, value in outcome.headers.items() if name.casefold() == "location"), None)
    if found is None and activity.location is not None:
        return activity.location
    if not isinstance(found, str) or not found:
        return None
    base = activity.location
    if base is None and isinstance(activity.inputs, dict):
        base = activity.inputs.get("uri")
    return urljoin(base, found) if isinstance(base, str) else found


def _retry(machine: Machine, activity: CallActivity, step: CallStep, event: CallFinished) -> bool:
    """Note a failed attempt and wait before the next one; False when there is none."""
    outcome, policy = event.outcome, activity.policy
    if outcome.retriable is not None:
        again = outcome.retriable
    elif outcome.status_code is not None:
        again = is_retriable(outcome.status_code)
    else:
        again = outcome.code in CONNECTION_CODES
    number = len(activity.attempts) + 1
    wait = None
    if again and number <= policy.count:
        low, high = wait_bounds_s(policy, number)
        wait = low + event.draw * (high - low)
        if outcome.retry_after_s is not None:
            wait = max(wait, outcome.retry_after_s)
    elif not activity.attempts:
        return False
    code = outcome.code if outcome.status_code is None else status_name(outcome.status_code)
    activity.attempts.append(
        Attempt(
            started_at=activity.sent_at,
            ended_at=machine.now,
            code=code,
            status_code=outcome.status_code,
            error=_error(step, activity, outcome) if outcome.status_code is None else None,
            retry_after_s=outcome.retry_after_s,
            wait_s=wait,
        )
    )
    if wait is None:
        return False
    _wait(machine, activity, "retry", wait)
    return True


def _wait(machine: Machine, activity: CallActivity, kind: str, seconds: float) -> None:
    activity.note = "Waiting"
    machine.start_timer(activity, kind, machine.now + ticks(seconds))


def wait_is_over(machine: Machine, activity: CallActivity) -> None:
    """A retry or poll is due: send it, or queue for a slot."""
    machine.queue.append(activity)
    fill_slots(machine)


def _settle(machine: Machine, activity: CallActivity, outcome: Outcome) -> None:
    step = activity.node.step
    assert isinstance(step, CallStep)
    number = outcome.status_code
    if number is not None:
        status, code, error = ("Failed" if number >= 400 else "Succeeded"), status_name(number), None
    elif outcome.code is not None:
        status = "TimedOut" if outcome.code == "ActionTimedOut" else "Failed"
        code, error = outcome.code, _error(step, activity, outcome)
    else:
        status, code, error = "Succeeded", "OK", None
    record = _record(machine, activity, status, code, error)
    if outcome.has_outputs:
        record.outputs, record.has_outputs = outcome.outputs, True
    elif number is not None:
        outputs: dict[str, Any] = {"statusCode": number, "headers": outcome.headers}
        if outcome.has_body:
            outputs["body"] = outcome.body
        record.outputs, record.has_outputs = outputs, True
    machine.signals.pop((activity.node.name, activity.frame.env.repetition), None)
    machine.complete(activity, record)


def _error(step: CallStep, activity: CallActivity, outcome: Outcome) -> dict[str, Any]:
    is_hidden = step.secure_inputs or step.secure_outputs or activity.is_secure
    message = HIDDEN if is_hidden else (outcome.message or f"The action failed with code '{outcome.code}'.")
    return {"code": outcome.code, "message": message}


def _record(machine: Machine, activity: CallActivity, status: str, code: str, error: Any = None) -> Record:
    record = machine.record_of(activity, status, code, error)
    record.inputs = sanitized(record.inputs)
    record.attempts = tuple(activity.attempts)
    return record


def sanitized(inputs: Any) -> Any:
    """Return inputs as history may show them: no credentials, no Authorization header."""
    if not isinstance(inputs, dict):
        return inputs
    headers = inputs.get("headers")
    has_secret = isinstance(headers, dict) and any(name.casefold() == "authorization" for name in headers)
    if not has_secret and "authentication" not in inputs:
        return inputs
    shown = {name: value for name, value in inputs.items() if name != "authentication"}
    if has_secret and isinstance(headers, dict):
        shown["headers"] = {
            name: _SANITIZED if name.casefold() == "authorization" else value for name, value in headers.items()
        }
    return shown


# -- webhooks, time limits -------------------------------------------------------------------------------------


def signal_received(machine: Machine, event: SignalReceived) -> None:
    """Complete a webhook, or any call under way that is answered by hand."""
    repetition = tuple(event.repetition)
    name = machine.program.names.get(event.action.casefold(), event.action)
    activity = machine.signals.get((name, repetition))
    if activity is None:
        activity = _under_way(machine, name, repetition)
        if activity is None:
            return
    if activity.call_id is not None and machine.calls.pop(activity.call_id, None) is not None:
        machine.commands.append(CancelCall(id=activity.call_id))
    outputs = event.outputs
    number = outputs.get("statusCode") if isinstance(outputs, dict) else None
    if isinstance(number, bool) or not isinstance(number, int):
        number = 200
    record = _record(machine, activity, "Failed" if number >= 400 else "Succeeded", status_name(number))
    record.outputs, record.has_outputs = outputs, True
    if machine.signals.pop((name, repetition), None) is not None:
        unsubscribe(machine, activity, record)
    machine.complete(activity, record)
    fill_slots(machine)


def _under_way(machine: Machine, name: str, repetition: tuple[int, ...]) -> CallActivity | None:
    for activity in machine.live.values():
        if isinstance(activity, CallActivity) and activity.node.name == name:
            if activity.frame.env.repetition == repetition:
                return activity
    return None


def give_up(machine: Machine, activity: CallActivity) -> None:
    """Close the subscription of a webhook that is cancelled or timed out."""
    unsubscribe(machine, activity, machine.record_of(activity, "Cancelled"))


def unsubscribe(machine: Machine, activity: CallActivity, record: Record) -> None:
    """Send the closing call of a webhook; nobody waits for its answer."""
    node, env = activity.node, activity.frame.env
    step = node.step
    assert isinstance(step, CallStep)
    if step.unsubscribe is None or not activity.is_subscribed:
        return
    scope = machine.scope.enter(env, node.name, "unsubscribe")
    scope.current = record
    try:
        inputs = step.unsubscribe.evaluate(scope)
    except FAULTS as fault:
        record.failure = {"unsubscribe": HIDDEN if scope.is_tainted else message_of(fault)}
        return
    repetition = env.repetition
    machine.commands.append(
        CallOperation(
            id=f"{machine.run_id}/{node.name}/{repetition_name(repetition)}/unsubscribe",
            run_id=machine.run_id,
            action=node.name,
            repetition=repetition,
            target=step.target,
            inputs=inputs,
            idempotency_key=idempotency_key(machine.run_id, f"{node.name}/unsubscribe", repetition),
            purpose="unsubscribe",
            secure_inputs=step.secure_inputs or activity.is_secure or scope.is_tainted,
            secure_outputs=step.secure_outputs,
        )
    )


def time_is_up(machine: Machine, activity: Activity) -> None:
    """An action's own limit was reached: cancel what it started, settle it as TimedOut."""
    cut_short = machine.loops_within(activity)
    machine.abort(activity, "ActionTimedOut")
    for loop in cut_short:
        keep_records(machine, loop)
    error = timed_out_error(activity.node.name)
    if isinstance(activity, CallActivity):
        record = _record(machine, activity, "TimedOut", "ActionTimedOut", error)
    else:
        record = machine.record_of(activity, "TimedOut", "ActionTimedOut", error)
        record.iterations = getattr(activity, "finished", None)
    machine.complete(activity, record)
    fill_slots(machine)
