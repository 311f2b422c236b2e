"""Answers given in place of the outside: the mock file, which is the `given` part of a flow test.

```yaml
trigger: {body: {orderId: 7}}          # what the trigger brought, optional
parameters: {Region: west}
app_settings: {QUEUE: orders}
actions:                               # by action name
  Get_order: {status: 200, body: {id: 7}}
  Create_row:                          # one answer per call; the last one stays
    - {status: 503, headers: {Retry-After: "2"}}
    - {body: {id: 1}}
  Charge: {items: [{body: {ok: true}}, {status: 402}]}   # by index of the innermost loop
  Slow: {delay: PT2S, body: {}}        # answers after two seconds
  Hang: {never: true}                  # never answers: for time-outs
  Ask: {signal: {body: {outcome: Approve}}, delay: P1D}  # a webhook action's callback
operations:                            # by connector and operation, or by method and URL
  shared_office365/SendEmailV2: {status: 200}
  "POST https://example.com/*": {body: {}}
```

An answer: `status` (200), `headers`, `body`, `delay` (ISO 8601 or seconds), `never`,
`code` and `message` (no answer came: `ConnectionFailed`, ...), `outputs` (the whole outputs
object), `signal`. A list is a sequence over the calls of one action repetition, attempts included.

The mock file of a unit test of Logic Apps Standard (`triggerMocks`, `actionMocks`) is read as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from runafter.connectors.instants import TICKS_PER_SECOND, retry_after_s
from runafter.errors import RunafterError
from runafter.local.unit_test_mocks import UnreadableMock, from_unit_test, is_of_unit_test
from runafter.protocol.commands import CallOperation
from runafter.protocol.events import Outcome

_ANSWER_KEYS = {"status", "headers", "body", "delay", "never", "code", "message", "outputs", "signal", "items"}
_FILE_KEYS = {"trigger", "parameters", "app_settings", "actions", "operations", "flows"}


class MockError(RunafterError):
    """A mock file is wrong, or a call found no mock."""

    code = "MCK001"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer: the outcome, when it comes (seconds), and for webhooks the signal that follows."""

    outcome: Outcome | None
    delay_s: float = 0.0
    signal: Any = None
    has_signal: bool = False


@dataclass(slots=True)
class Mocks:
    """A mock file, read. `answer` counts calls per action repetition, so use one object a run."""

    trigger: Any = None
    parameters: dict[str, Any] = field(default_factory=dict)
    app_settings: dict[str, str] = field(default_factory=dict)
    actions: dict[str, Any] = field(default_factory=dict)
    operations: dict[str, Any] = field(default_factory=dict)
    flows: dict[str, Any] = field(default_factory=dict)
    _calls: dict[tuple[str, tuple[int, ...], str], int] = field(default_factory=dict)

    def answer(self, call: CallOperation, now: int) -> Answer | None:
        """Return the answer for this call at `now` (ticks), None where nothing was given for it.

        An action's own entry comes before an operation's. The position in a
        sequence follows the attempts, so that a replayed call gets the same answer;
        the polls of a 202 go on in the sequence of their call.
        """
        entry = self.actions.get(call.action.casefold())
        if entry is None:
            entry = self._by_operation(call)
        if entry is None:
            return None
        if isinstance(entry, dict) and "items" in entry:
            items = entry["items"]
            index = call.repetition[-1] if call.repetition else 0
            entry = items[min(index, len(items) - 1)]
        if isinstance(entry, list):
            key = (call.action.casefold(), call.repetition, "call" if call.purpose == "poll" else call.purpose)
            position = self._calls.get(key, 0)
            if call.purpose != "poll":
                position = max(position, call.attempt - 1)
            self._calls[key] = position + 1
            entry = entry[min(position, len(entry) - 1)]
        return _answer(entry, call.purpose, now)

    def _by_operation(self, call: CallOperation) -> Any:
        for name in operation_names(call) if self.operations else ():
            for pattern, entry in self.operations.items():
                if pattern == name or fnmatchcase(name.casefold(), pattern.casefold()):
                    return entry
        return None


def operation_names(call: CallOperation) -> list[str]:
    """Return how a mock file may name this call's operation, the most exact first."""
    names = []
    target, inputs = call.target, call.inputs if isinstance(call.inputs, dict) else {}
    api = (target.api or "").rsplit("/", 1)[-1]
    if target.operation:
        names.append(f"{api}/{target.operation}" if api else target.operation)
    method = str(inputs.get("method", "GET")).upper()
    if inputs.get("uri"):
        names.append(f"{method} {inputs['uri']}")
    if inputs.get("path"):
        names.append(f"{api}/{method} {inputs['path']}")
    if api:
        names.append(api)
    names.append(target.type)
    return names


def load(data: Any, *, file: str = "<mocks>") -> Mocks:
    """Check a mock file's content and return it as `Mocks`.

    Raises:
        MockError: an unknown key or a wrong shape, named with its place.
    """
    if isinstance(data, Mapping) and set(data) == {"given"}:
        data = data["given"]
    if not isinstance(data, Mapping):
        raise MockError(f"{file}: a mock file is a mapping with the keys {', '.join(sorted(_FILE_KEYS))}")
    if is_of_unit_test(data):
        try:
            data = from_unit_test(data)
        except UnreadableMock as fault:
            raise MockError(f"{file}: {fault}") from fault
    for key in data:
        if key not in _FILE_KEYS:
            raise MockError(f"{file}: unknown key {key!r}", hint=f"Known keys: {', '.join(sorted(_FILE_KEYS))}.")
    mocks = Mocks(
        trigger=data.get("trigger"),
        parameters=_mapping(data, "parameters", file),
        app_settings=_mapping(data, "app_settings", file),
        operations=_mapping(data, "operations", file),
        flows=_mapping(data, "flows", file),
    )
    for name, entry in _mapping(data, "actions", file).items():
        mocks.actions[str(name).casefold()] = entry
        _check(entry, f"{file}: actions/{name}")
    for name, entry in mocks.operations.items():
        _check(entry, f"{file}: operations/{name}")
    return mocks


def _mapping(data: Mapping[str, Any], key: str, file: str) -> dict[str, Any]:
    value = data.get(key)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise MockError(f"{file}: {key!r} must be a mapping, not {type(value).__name__}")
    return dict(value)


def _check(entry: Any, place: str) -> None:
    if isinstance(entry, list):
        if not entry:
            raise MockError(f"{place}: a sequence needs at least one answer")
        for index, answer in enumerate(entry):
            _check(answer, f"{place}/{index}")
        return
    if not isinstance(entry, Mapping):
        raise MockError(
            f"{place}: an answer is a mapping, not {type(entry).__name__}", hint="Write {status: 200, body: ...}."
        )
    for key in entry:
        if key not in _ANSWER_KEYS:
            raise MockError(f"{place}: unknown key {key!r}", hint=f"Known keys: {', '.join(sorted(_ANSWER_KEYS))}.")
    if "items" in entry:
        if not isinstance(entry["items"], list) or len(entry) > 1:
            raise MockError(f"{place}: 'items' is a list of answers and stands alone")
        _check(entry["items"], f"{place}/items")
    if "delay" in entry:
        _seconds(entry["delay"], place)
    status = entry.get("status", 200)
    if not isinstance(status, int) or isinstance(status, bool) or not 100 <= status <= 599:
        raise MockError(f"{place}: 'status' must be an HTTP status, not {status!r}")


def _answer(entry: Mapping[str, Any], purpose: str, now: int) -> Answer:
    delay_s = _seconds(entry["delay"], "delay") if "delay" in entry else 0.0
    if "signal" in entry and purpose == "subscribe":
        subscribed = Outcome(status_code=int(entry.get("status", 200)), body=entry.get("body"))
        return Answer(outcome=subscribed, delay_s=delay_s, signal=entry["signal"], has_signal=True)
    if entry.get("never"):
        return Answer(outcome=None)
    if "code" in entry and "status" not in entry:
        return Answer(outcome=Outcome(code=str(entry["code"]), message=entry.get("message")), delay_s=delay_s)
    headers = {str(key): value for key, value in (entry.get("headers") or {}).items()}
    after = next((value for name, value in headers.items() if name.casefold() == "retry-after"), None)
    answered_at = now + round(delay_s * TICKS_PER_SECOND)
    outcome = Outcome(
        status_code=int(entry.get("status", 200)),
        headers=headers,
        body=entry.get("body"),
        has_body="body" in entry,
        code=entry.get("code"),
        message=entry.get("message"),
        retry_after_s=None if after is None else retry_after_s(str(after), answered_at),
        outputs=entry.get("outputs"),
        has_outputs="outputs" in entry,
    )
    return Answer(outcome=outcome, delay_s=delay_s)


def _seconds(value: Any, place: str) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0:
        return float(value)
    if isinstance(value, str):
        from runafter.values.time import duration_s

        try:
            return float(duration_s(value))
        except ValueError as fault:
            raise MockError(
                f"{place}: {value!r} is no ISO 8601 duration", hint="Write PT2S, PT5M, P1D or seconds."
            ) from fault
    raise MockError(f"{place}: 'delay' must be seconds or an ISO 8601 duration, not {value!r}")
