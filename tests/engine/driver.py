"""A synchronous host for tests: virtual time, calls answered from a dict or a function, no journal."""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from runafter.definition.nodes import Definition
from runafter.definition.source import parse_bytes
from runafter.engine.step import Run
from runafter.program.build import build
from runafter.program.steps import Program
from runafter.protocol.commands import (
    CallOperation,
    CancelCall,
    CancelTimer,
    Command,
    FinishRun,
    Proceed,
    RecordAction,
    SendResponse,
    StartTimer,
)
from runafter.protocol.events import CallFinished, Event, Outcome, Proceeded, RunStarted, TimerFired

SECOND = 10_000_000
START = 638_000_000_000_000_000
OK = Outcome(status_code=200, body={"ok": True})
NEVER = Outcome(code="Never")
"""An answer that never comes."""

_SCHEMA = "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#"

Answer = Outcome | tuple[Outcome, float]
Answers = Callable[[CallOperation], Answer] | Mapping[str, Any] | None


def program_of(
    actions: dict[str, Any], *, profile: str = "logic-apps-consumption", triggers: Any = None, **more: Any
) -> Program:
    """Build a flow of these actions; findings are left to the tests of the program room."""
    value = {
        "$schema": _SCHEMA,
        "contentVersion": "1.0.0.0",
        "triggers": {"manual": {"type": "Request", "kind": "Http", "inputs": {}}} if triggers is None else triggers,
        "actions": actions,
        **more,
    }
    node = parse_bytes(json.dumps(value).encode(), "flow.json")
    return build(
        Definition(name="flow", node=node, document=node, file="flow.json", container="definition", profile=profile)
    )


def compose(inputs: Any = 1, *, after: dict[str, list[str]] | None = None, **more: Any) -> dict[str, Any]:
    return {"type": "Compose", "inputs": inputs, "runAfter": after or {}, **more}


def http(*, after: dict[str, list[str]] | None = None, retry: Any = None, **more: Any) -> dict[str, Any]:
    inputs = {"method": "POST", "uri": "https://example.test/x", "retryPolicy": retry or {"type": "none"}}
    inputs |= more.pop("inputs", {})
    return {"type": "Http", "inputs": inputs, "runAfter": after or {}, **more}


def scope(actions: dict[str, Any], *, after: dict[str, list[str]] | None = None, **more: Any) -> dict[str, Any]:
    return {"type": "Scope", "actions": actions, "runAfter": after or {}, **more}


@dataclass
class Driver:
    """Drives one run to its end. `seconds` is virtual time since the start."""

    program: Program
    answers: Answers = None
    seed: int = 0
    settings: dict[str, Any] = field(default_factory=dict)
    draw: float = 0.5
    started: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.run = Run(self.program)
        self.now = START
        self.events: list[Event] = []
        self.commands: list[Command] = []
        self.records: list[RecordAction] = []
        self.calls: list[tuple[float, CallOperation]] = []
        self.ended_calls: list[tuple[float, str]] = []
        self.responses: list[SendResponse] = []
        self.finished: FinishRun | None = None
        self.most_in_flight = 0
        self.most_frames = 0
        self.timers: list[tuple[float, str]] = []
        self._cancelled: set[str] = set()
        self._due: list[tuple[int, int, Event]] = []
        self._counter = 0

    @property
    def seconds(self) -> float:
        return (self.now - START) / SECOND

    def start(self) -> Driver:
        self.feed(
            RunStarted(
                at=self.now,
                run_id="R1",
                program=self.program.hash,
                seed=self.seed,
                settings=self.settings,
                **self.started,
            )
        )
        return self

    def feed(self, event: Event) -> list[Command]:
        self.events.append(event)
        commands = self.run.step(event)
        self.commands += commands
        for command in commands:
            self._carry_out(command)
        self.most_in_flight = max(self.most_in_flight, self.run.in_flight)
        self.most_frames = max(self.most_frames, self.run.frames)
        return commands

    def later(self, seconds: float, make: Callable[[int], Event]) -> None:
        """Send an event at this virtual time after now."""
        at = self.now + round(seconds * SECOND)
        self._push(at, make(at))

    def until_done(self) -> Driver:
        """Let virtual time pass until nothing more is due."""
        for _ in range(1_000_000):
            if not self._due:
                return self
            at, _, event = heapq.heappop(self._due)
            if isinstance(event, CallFinished | TimerFired) and event.id in self._cancelled:
                continue
            self.now = max(self.now, at)
            if isinstance(event, CallFinished):
                self.ended_calls.append((self.seconds, event.id))
            self.feed(event)
        raise AssertionError("the run does not end")

    # -- what came of it --

    def record(self, action: str, *repetition: int) -> RecordAction:
        found = [r for r in self.records if r.action == action and r.repetition == repetition]
        assert len(found) == 1, f"{action}{repetition}: {len(found)} records"
        return found[0]

    def statuses(self) -> dict[str, str]:
        return {r.action: r.status for r in self.records if not r.repetition}

    @property
    def status(self) -> str:
        assert self.finished is not None, f"the run is {self.run.status}: {self.run.progress()}"
        return self.finished.status

    # -- carrying out --

    def _carry_out(self, command: Command) -> None:
        match command:
            case CallOperation():
                self.calls.append((self.seconds, command))
                self._answer(command)
            case StartTimer():
                self.timers.append(((command.due - START) / SECOND, command.id))
                self._push(command.due, TimerFired(id=command.id, at=command.due))
            case CancelTimer() | CancelCall():
                self._cancelled.add(command.id)
            case RecordAction():
                self.records.append(command)
            case SendResponse():
                self.responses.append(command)
            case FinishRun():
                self.finished = command
            case Proceed():
                self._push(self.now, Proceeded(id=command.id, at=self.now))
            case _:
                pass

    def _answer(self, call: CallOperation) -> None:
        if call.purpose == "unsubscribe":
            return
        answer: Any = OK
        if callable(self.answers):
            answer = self.answers(call)
        elif self.answers is not None:
            answer = self.answers.get(call.action, OK)
            if isinstance(answer, list):
                answer = answer[min(call.attempt, len(answer)) - 1]
        outcome, latency = answer if isinstance(answer, tuple) else (answer, 1.0)
        if outcome is NEVER:
            return
        at = self.now + round(latency * SECOND)
        finished = CallFinished(
            id=call.id,
            at=at,
            action=call.action,
            repetition=call.repetition,
            attempt=call.attempt,
            outcome=outcome,
            draw=self.draw,
        )
        self._push(at, finished)

    def _push(self, at: int, event: Event) -> None:
        self._counter += 1
        heapq.heappush(self._due, (at, self._counter, event))


def drive(actions: dict[str, Any] | Program, answers: Answers = None, **more: Any) -> Driver:
    """Run a flow to its end; keywords of `Driver`, others go to the definition."""
    of_driver = {name: more.pop(name) for name in ("seed", "settings", "draw", "started") if name in more}
    program = actions if isinstance(actions, Program) else program_of(actions, **more)
    return Driver(program, answers, **of_driver).start().until_done()


def replay(program: Program, events: Iterable[Event]) -> tuple[list[Command], str]:
    """Feed recorded events to a fresh run; return all commands and the digest."""
    run = Run(program)
    commands = [command for event in events for command in run.step(event)]
    return commands, run.digest()


def result_shape(record: RecordAction) -> dict[str, Any]:
    """Return a record with its absent members left out, as `actions()` shows it."""
    shape: dict[str, Any] = {"name": record.action, "status": record.status}
    if record.code is not None:
        shape["code"] = record.code
    if record.error is not None:
        shape["error"] = record.error
    if record.has_inputs:
        shape["inputs"] = record.inputs
    if record.has_outputs:
        shape["outputs"] = record.outputs
    return shape
