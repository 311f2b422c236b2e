"""The one entry of the engine: a live run, changed by `step` alone.

Equal event lists give equal commands and an equal digest on every machine, so
a host may replay a journal to rebuild a run. `step` is total: for any state
and event it returns; ids that are unknown or late are ignored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, assert_never

from runafter.engine.blocks import start_if, start_scope, start_switch
from runafter.engine.calls import call_finished, give_up, signal_received, start_call, time_is_up
from runafter.engine.calls import wait_is_over as call_wait_is_over
from runafter.engine.data import start_evaluate
from runafter.engine.ending import cancel, finish, root_ended, run_out_of_time, start_response, start_terminate
from runafter.engine.flags import CURRENT
from runafter.engine.instants import ticks, timestamp
from runafter.engine.loops import start_foreach, start_until
from runafter.engine.machine import Machine
from runafter.engine.plan import Starter, plan_of
from runafter.engine.progress import frame_count, progress
from runafter.engine.settings import prepared
from runafter.engine.state import Activity, CallActivity, Collected, Env, Frame, Kept, LoopActivity
from runafter.engine.variables import start_variable, window_is_over
from runafter.engine.waits import start_wait
from runafter.engine.waits import wait_is_over as pause_is_over
from runafter.program.steps import (
    CallStep,
    EvaluateStep,
    ForeachStep,
    IfStep,
    Program,
    RespondStep,
    ScopeStep,
    SwitchStep,
    TerminateStep,
    UntilStep,
    VariableStep,
    WaitStep,
)
from runafter.protocol.commands import Command, RunStatus, StartTimer
from runafter.protocol.events import (
    CallerLeft,
    CallFinished,
    CancelRequested,
    Event,
    Proceeded,
    RunStarted,
    SignalReceived,
    TimerFired,
)

_STARTERS: Mapping[type, Starter] = {
    EvaluateStep: start_evaluate,
    VariableStep: start_variable,
    CallStep: start_call,
    ScopeStep: start_scope,
    IfStep: start_if,
    SwitchStep: start_switch,
    ForeachStep: start_foreach,
    UntilStep: start_until,
    WaitStep: start_wait,
    RespondStep: start_response,
    TerminateStep: start_terminate,
}

_GIVEN_BY_HOST = ("$connections", "$authentication")
"""Parameters that every export declares and that a host fills where it has something to fill in."""


class Run:
    """A live run of a program."""

    __slots__ = ("_events", "_machine", "flags")

    def __init__(self, program: Program, *, flags: Iterable[str] = CURRENT) -> None:
        self.flags = tuple(flags)
        self._events = 0
        self._machine = Machine(program, plan_of(program, _STARTERS))
        self._machine.on_root_end = root_ended
        self._machine.on_give_up = give_up

    @property
    def program(self) -> Program:
        return self._machine.program

    @property
    def run_id(self) -> str:
        return self._machine.run_id

    @property
    def status(self) -> RunStatus:
        """`Waiting` while only timers and signals are outstanding."""
        machine = self._machine
        if machine.is_finished or machine.calls or machine.work or machine.writes or not machine.is_started:
            return machine.status
        return "Waiting" if machine.live else machine.status

    @property
    def is_finished(self) -> bool:
        return self._machine.is_finished

    @property
    def in_flight(self) -> int:
        """How many calls are outside at this moment."""
        return len(self._machine.calls)

    @property
    def frames(self) -> int:
        """How many blocks are open: a loop holds those of its window."""
        return frame_count(self._machine)

    @property
    def variables(self) -> dict[str, Any]:
        """The variables by name; secured ones are left out."""
        return {each.name: each.value for each in self._machine.variables.values() if not each.is_secure}

    def progress(self) -> list[dict[str, Any]]:
        """Return what is under way, for live views; not part of what is replayed."""
        return progress(self._machine)

    def close(self) -> None:
        """Let go of a run that takes no event any more: it is freed at once, not when Python looks for cycles."""
        self._machine.close()

    def step(self, event: Event) -> list[Command]:
        """Apply one event; return what the host must do, in order.

        Costs the successors of what finished, never a scan.
        """
        machine = self._machine
        self._events += 1
        commands: list[Command] = []
        if machine.is_finished:
            return commands
        machine.commands = commands
        if isinstance(event, RunStarted):
            if not machine.is_started:
                self._start(event)
        elif machine.is_started:
            machine.now = max(machine.now, event.at)
            match event:
                case CallFinished():
                    call_finished(machine, event)
                case TimerFired():
                    self._timer_fired(event.id)
                case SignalReceived():
                    signal_received(machine, event)
                case CancelRequested():
                    cancel(machine, event.reason)
                case CallerLeft():
                    machine.caller_waits = False
                case Proceeded():
                    if event.id == machine.proceeds:
                        machine.is_proceeding = False
                case _:
                    assert_never(event)
        if not machine.is_proceeding and (machine.work or machine.writes) and not machine.is_finished:
            machine.drain()
        return commands

    def _start(self, event: RunStarted) -> None:
        machine = self._machine
        machine.is_started = True
        self.flags = tuple(event.flags)  # what the journal recorded decides, not what is current
        machine.now = machine.started_at = event.at
        machine.identify(event.run_id, event.seed)
        machine.caller_waits = event.caller_waits
        machine.callback_base = event.callback_base
        machine.client_tracking_id = event.client_tracking_id
        machine.reuse = event.reuse
        machine.is_racy = event.settings.get("variables") == "racy"
        machine.variable_window_s = float(event.settings.get("variable_window_s") or 0.0)
        machine.slots = max(1, int(event.settings.get("in_flight", 50)))
        machine.app_settings = {name.casefold(): value for name, value in event.app_settings.items()}
        machine.workflow = {**event.workflow, "run": {"name": event.run_id, **(event.workflow.get("run") or {})}}
        machine.trigger = {"clientTrackingId": event.client_tracking_id, **event.trigger}
        machine.trigger.setdefault("startTime", timestamp(event.at))
        trigger = machine.program.triggers.get(str(event.trigger.get("name", "")))
        if trigger is None and len(machine.program.triggers) == 1:
            trigger = next(iter(machine.program.triggers.values()))
        machine.has_secure_trigger = trigger is not None and trigger.secure_outputs
        if event.was_cancelled:
            cancel(machine, None)
            return
        missing = self._read_parameters(event.parameters)
        if missing:
            names = ", ".join(f"'{name}'" for name in missing)
            message = f"The workflow parameters without a value and without a default: {names}."
            finish(machine, "Failed", "InvalidTemplate", {"code": "InvalidTemplate", "message": message})
            return
        machine.key_headers = {
            name.casefold(): header for name, header in dict(event.settings.get("key_headers") or {}).items()
        }
        if (limit_s := event.settings.get("duration_limit_s")) is not None:
            timer = f"{event.run_id}/duration"
            machine.timers[timer] = ("duration", None)
            machine.commands.append(StartTimer(id=timer, due=event.at + ticks(float(limit_s))))
        machine.root_frame = machine.open_frame(machine.plan.root, machine.root, None)

    def _read_parameters(self, given: Mapping[str, Any]) -> list[str]:
        """Lay the given values over the declared defaults; return the declared names that have neither."""
        machine = self._machine
        values = machine.parameters
        folded = {name.casefold(): value for name, value in given.items()}
        missing = []
        for name, parameter in machine.program.parameters.items():
            key = name.casefold()
            if key in folded:
                values[key] = prepared(folded[key])
            elif parameter.schema_name is not None and parameter.schema_name.casefold() in folded:
                values[key] = prepared(folded[parameter.schema_name.casefold()])
            elif parameter.has_default:
                values[key] = prepared(parameter.default)
            elif key in _GIVEN_BY_HOST:
                values[key] = {}
            else:
                missing.append(name)
        for key, value in folded.items():
            if key not in values:
                values[key] = prepared(value)
        return missing

    def _timer_fired(self, timer: str) -> None:
        machine = self._machine
        found = machine.timers.pop(timer, None)
        if found is None:
            return
        kind, activity = found
        if activity is None:
            run_out_of_time(machine)
            return
        activity.timers.pop(kind, None)
        if kind == "timeout":
            time_is_up(machine, activity)
        elif kind == "wait":
            pause_is_over(machine, activity)
        elif kind in ("read", "write", "written"):
            window_is_over(machine, activity, kind)
        elif isinstance(activity, CallActivity):
            call_wait_is_over(machine, activity)

    # -- digest ------------------------------------------------------------------------------------------------

    def digest(self) -> str:
        """Return a hash of the whole state: equal after equal events, on every machine."""
        machine = self._machine
        made = hashlib.blake2b(digest_size=16)

        def add(*parts: Any) -> None:
            made.update(repr(parts).encode("utf-8", "surrogatepass"))

        add(self._events, machine.run_id, machine.seed, machine.now, machine.status, machine.is_finished)
        add(machine.serial, machine.settled_actions, machine.proceeds, machine.is_proceeding, machine.caller_waits)
        for variable in machine.variables.values():
            add(variable.name, variable.type, variable.value, variable.is_secure)
        _add_env(add, machine.root)
        if machine.root_frame is not None:
            _add_frame(add, machine.root_frame)
        for activity in machine.live.values():
            _add_activity(add, activity)
        add(list(machine.calls), list(machine.timers), len(machine.queue), len(machine.work), len(machine.writes))
        for function, first, second in machine.work:
            add(function.__name__, _name(first), second if isinstance(second, int) else _name(second))
        return made.hexdigest()


def _name(value: Any) -> str:
    if isinstance(value, Frame):
        return repr((value.env.repetition, [node.name for node in value.plan.nodes[:1]]))
    return repr(value.serial) if isinstance(value, Activity) else type(value).__name__


def _add_frame(add: Any, frame: Frame) -> None:
    add(frame.env.repetition, frame.left, frame.unmet, frame.statuses, frame.codes, frame.is_dead)


def _add_activity(add: Any, activity: Activity) -> None:
    add(activity.serial, activity.node.name, activity.started_at, activity.inputs, activity.note, activity.timers)
    if isinstance(activity, CallActivity):
        add(activity.call_id, activity.attempt, activity.polls, activity.location, activity.attempts)
    for frame in activity.frames:
        _add_frame(add, frame)
    if isinstance(activity, LoopActivity):
        add(activity.next_index, activity.running, activity.finished, activity.worst, len(activity.items))
        for frame in activity.frames:
            _add_env(add, frame.env)
        for name, entries in activity.collected.items():
            for entry in entries:
                add(name, *_kept(entry))


def _add_env(add: Any, env: Env) -> None:
    add(env.repetition, env.item)
    for name, kept in env.records.items():
        add(name, *_kept(kept))


def _kept(kept: Kept | None) -> list[Any]:
    if kept is None:
        return [None]
    if isinstance(kept, Collected):
        return [_kept(entry) for entry in kept.entries]
    return [kept.status, kept.code, kept.outputs, kept.error, kept.started_at, kept.ended_at, kept.tracking_id]
