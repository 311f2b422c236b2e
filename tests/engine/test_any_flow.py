"""Whatever the flow and whatever happens to it: it ends, leaves nothing behind, and can be replayed."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.driver import NEVER, Driver, compose, http, program_of, replay

from runafter.program.steps import STATUSES
from runafter.protocol.commands import CallOperation, CancelCall, CancelTimer, StartTimer
from runafter.protocol.events import (
    CallerLeft,
    CallFinished,
    CancelRequested,
    Outcome,
    Proceeded,
    SignalReceived,
    TimerFired,
)

ANSWERS = [
    Outcome(status_code=200, body={"a": 1}),
    Outcome(status_code=404),
    Outcome(status_code=503, retry_after_s=3.0),
    Outcome(status_code=202, headers={"Location": "https://example.test/job"}),
    Outcome(code="ConnectionFailed", message="broken"),
    Outcome(code="ActionTimedOut"),
    NEVER,
]


class Flows:
    """Makes random flows of every shape that needs no trigger."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.count = 0

    def block(self, depth: int, loops: int = 0) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for _ in range(self.random.randint(0 if depth else 1, 4)):
            self.count += 1
            name = f"A{self.count}"
            action = self.action(depth, loops)
            before = [other for other in made if self.random.random() < 0.4]
            action["runAfter"] = {n: self.random.sample(STATUSES, self.random.randint(1, 4)) for n in before}
            made[name] = action
        return made

    def action(self, depth: int, loops: int) -> dict[str, Any]:
        kinds = ["compose", "bad", "http", "http", "wait", "set"]
        if depth < 3:
            kinds += ["scope", "if", "switch", "foreach", "until"]
        if not loops and self.random.random() < 0.1:
            return {
                "type": "Terminate",
                "inputs": {"runStatus": self.random.choice(["Succeeded", "Failed", "Cancelled"])},
            }
        kind = self.random.choice(kinds)
        limit = {"limit": {"timeout": "PT20S"}} if self.random.random() < 0.3 else {}
        retry = {"type": "fixed", "count": 2, "interval": "PT5S"} if self.random.random() < 0.5 else None
        match kind:
            case "compose":
                return compose("@outputs('Start')")
            case "bad":
                return compose("@div(1, 0)")
            case "http":
                return http(retry=retry, limit={"timeout": "PT20S"})
            case "wait":
                return {"type": "Wait", "inputs": {"interval": {"count": 7, "unit": "Second"}}, **limit}
            case "set":
                return {"type": "IncrementVariable", "inputs": {"name": "n", "value": 1}}
            case "scope":
                return {"type": "Scope", "actions": self.block(depth + 1, loops), **limit}
            case "if":
                inner = {"actions": self.block(depth + 1, loops), "else": {"actions": self.block(depth + 1, loops)}}
                return {
                    "type": "If",
                    "expression": self.random.choice(["@equals(1, 1)", "@equals(1, 2)", "@add(1, 1)"]),
                    **inner,
                }
            case "switch":
                cases = {f"C{self.count}": {"case": 2, "actions": self.block(depth + 1, loops)}}
                rest = {"default": {"actions": self.block(depth + 1, loops)}}
                return {
                    "type": "Switch",
                    "expression": self.random.choice(["@add(1, 1)", "@add(1, 2)", "@concat('2')"]),
                    "cases": cases,
                    **rest,
                }
            case "foreach":
                rows = self.random.choice(["@range(0, 3)", "@skip(range(0, 1), 1)", "@add(1, 1)"])
                window = {"runtimeConfiguration": {"concurrency": {"repetitions": self.random.randint(1, 4)}}}
                return {
                    "type": "Foreach",
                    "foreach": rows,
                    "actions": self.block(depth + 1, loops + 1),
                    **window,
                    **limit,
                }
            case _:
                until = self.random.choice(["@equals(1, 1)", "@equals(1, 2)", "@add(1, 1)"])
                return {
                    "type": "Until",
                    "expression": until,
                    "limit": {"count": 2, "timeout": "PT1H"},
                    "actions": self.block(depth + 1, loops + 1),
                }

    def flow(self) -> dict[str, Any]:
        init = {"type": "InitializeVariable", "inputs": {"variables": [{"name": "n", "type": "integer", "value": 0}]}}
        inner = {name: dict(action) for name, action in self.block(0).items()}
        for action in inner.values():
            if not action["runAfter"]:
                action["runAfter"] = {"Start": ["Succeeded"]}
        return {"Init": {**init, "runAfter": {}}, "Start": compose(5, after={"Init": ["Succeeded"]}), **inner}


def _drive(seed: int, cancel_after: int | None, mode: str) -> Driver:
    answers = random.Random(seed)
    driver = Driver(
        program_of(Flows(seed).flow()),
        lambda call: (answers.choice(ANSWERS), float(answers.randint(1, 9))),
        seed=seed,
        settings={"variables": mode, "in_flight": answers.randint(1, 5)},
    )
    if cancel_after is not None:
        driver.later(cancel_after, lambda at: CancelRequested(at=at))
    return driver.start().until_done()


@settings(max_examples=400, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    cancel_after=st.none() | st.integers(0, 30),
    mode=st.sampled_from(["atomic", "racy"]),
)
def test_every_run_ends_and_leaves_nothing_open(seed: int, cancel_after: int | None, mode: str) -> None:
    driver = _drive(seed, cancel_after, mode)

    assert driver.finished is not None, driver.run.progress()
    assert driver.run.in_flight == 0
    assert driver.run.progress() == []
    ended = {event.id for event in driver.events if isinstance(event, CallFinished | TimerFired)}
    dropped = {c.id for c in driver.commands if isinstance(c, CancelCall | CancelTimer)}
    begun = {c.id for c in driver.commands if isinstance(c, CallOperation | StartTimer)}
    assert begun <= ended | dropped


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 10**6), cancel_after=st.none() | st.integers(0, 30))
def test_every_action_is_recorded_once_in_each_repetition(seed: int, cancel_after: int | None) -> None:
    driver = _drive(seed, cancel_after, "atomic")

    places = [(record.action, record.repetition) for record in driver.records]
    outside_loops = {name for name, step in driver.program.steps.items() if not step.loops}
    assert len(places) == len(set(places))
    assert outside_loops <= {action for action, repetition in places if not repetition}
    assert len({record.tracking_id for record in driver.records}) == len(driver.records)


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_every_run_can_be_replayed(seed: int) -> None:
    driver = _drive(seed, None, "racy")

    commands, digest = replay(driver.program, driver.events)

    assert commands == driver.commands
    assert digest == driver.run.digest()


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 10**6), noise=st.lists(st.integers(0, 6), max_size=40))
def test_any_event_at_any_time_is_taken(seed: int, noise: list[int]) -> None:
    driver = Driver(program_of(Flows(seed).flow()), lambda call: NEVER, seed=seed).start()
    chance = random.Random(seed)

    for kind in noise:
        at = driver.now + chance.randint(-(10**9), 10**9)
        calls = [command for command in driver.commands if isinstance(command, CallOperation)]
        timers = [command for command in driver.commands if isinstance(command, StartTimer)]
        action = chance.choice(sorted(driver.program.steps))
        match kind:
            case 0 | 1 if calls:
                call = chance.choice(calls)
                answer = chance.choice(ANSWERS)
                driver.feed(CallFinished(id=call.id, at=at, action=call.action, outcome=answer))
            case 2 | 3 if timers:
                driver.feed(TimerFired(id=chance.choice(timers).id, at=at))
            case 4:
                driver.feed(SignalReceived(action=action, at=at, repetition=(0,) * chance.randint(0, 2), outputs=[1]))
            case 5:
                driver.feed(CallerLeft(at=at))
            case _:
                driver.feed(Proceeded(id=chance.randint(0, 3), at=at))

    driver.feed(CancelRequested(at=driver.now))
    assert driver.run.is_finished
    assert replay(driver.program, driver.events)[1] == driver.run.digest()
