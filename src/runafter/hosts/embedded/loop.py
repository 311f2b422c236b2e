"""The one loop: step, append, and release the commands once the event is durable.

Rules:

1. `receive` never awaits, so the order of arrival is the order of the journal.
2. Nothing of an event leaves the process before the event is durable.
3. A refused append makes the live run *stale*: it is read again from the
   journal. Events that were refused with it, and those that arrive meanwhile,
   are held and given to it again where it still waits for them.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable
from typing import Protocol

import msgspec

from runafter.engine.step import Run
from runafter.hosts.clock import Clock
from runafter.hosts.embedded.outbox import Outbox
from runafter.hosts.embedded.timers import Timers
from runafter.journal import codec
from runafter.journal.journal import Journal
from runafter.protocol.commands import (
    CallOperation,
    CancelCall,
    CancelTimer,
    Command,
    FinishRun,
    NoteStarted,
    Proceed,
    RecordAction,
    SendResponse,
    StartTimer,
)
from runafter.protocol.events import CallFinished, Event, Outcome, Proceeded, TimerFired
from runafter.storage.batch import Batch
from runafter.storage.faults import StorageFault

Notice = NoteStarted | RecordAction | SendResponse | FinishRun
Durable = Callable[[StorageFault | None], None]


class LiveRun:
    """A run in memory. `unsaved` are events stepped, but not durable yet; `held` wait for a reload."""

    __slots__ = (
        "calls",
        "fault",
        "finish",
        "held",
        "id",
        "last_at",
        "machine",
        "mail",
        "position",
        "proceed",
        "retry_s",
        "stale",
        "timers",
        "unsaved",
    )

    def __init__(self, run_id: str, machine: Run) -> None:
        self.id = run_id
        self.machine = machine
        self.position = 0
        self.last_at = 0
        self.calls: dict[str, CallOperation] = {}
        self.timers: dict[str, int] = {}
        self.proceed: Proceed | None = None
        self.unsaved: deque[Event] = deque()
        self.held: list[tuple[Event, Durable | None, int | None]] = []
        self.mail: set[int] = set()
        self.stale = False
        self.fault: StorageFault | None = None
        self.finish: FinishRun | None = None
        self.retry_s = 0.0

    def track(self, event: Event, commands: list[Command]) -> list[RecordAction]:
        """Keep account of what the run waits for, what a replay must send again; return what history shows."""
        self.position += 1
        self.last_at = event.at
        match event:
            case CallFinished():
                self.calls.pop(event.id, None)
            case TimerFired():
                self.timers.pop(event.id, None)
            case Proceeded():
                self.proceed = None
            case _:
                pass
        records = []
        for command in commands:
            match command:  # the frequent ones first
                case RecordAction():
                    records.append(command)
                case NoteStarted():
                    pass
                case CallOperation():
                    self.calls[command.id] = command
                case CancelCall():
                    self.calls.pop(command.id, None)
                case StartTimer():
                    self.timers[command.id] = command.due
                case CancelTimer():
                    self.timers.pop(command.id, None)
                case Proceed():
                    self.proceed = command
                case FinishRun():
                    self.finish = command
                case _:
                    pass
        return records

    def awaits(self, event: Event) -> bool:
        """Whether a held event still means something to the run."""
        match event:
            case CallFinished():
                return event.id in self.calls
            case TimerFired():
                return event.id in self.timers
            case Proceeded():
                return False  # sent again by the reload itself
            case _:
                return True


class Attendant(Protocol):
    """What the loop reports to."""

    def notice(self, run_id: str, notice: Notice) -> None: ...
    def finished(self, live: LiveRun, finish: FinishRun) -> None: ...
    def refused(self, live: LiveRun) -> None: ...
    def failed(self, live: LiveRun, error: Exception) -> None: ...


class RunLoop:
    """Live runs and what happens to them."""

    def __init__(
        self,
        journal: Journal,
        attendant: Attendant,
        *,
        owner: str,
        clock: Clock,
        rng: random.Random,
        outbox: Callable[[Callable[[CallOperation, Outcome], None]], Outbox],
        rearm_s: float,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._journal = journal
        self._storage = journal.storage
        self._attendant = attendant
        self._delete_mail = journal.statements["delete_mail"]
        self._owner = owner
        self._clock = clock
        self._draw = rng.random
        self.lives: dict[str, LiveRun] = {}
        self.outbox = outbox(self._answered)
        self.timers = Timers(clock, self._fired, rearm_s)
        self.is_stopping = False

    def now(self, live: LiveRun | None = None) -> int:
        """Return the clock's time; never before the run's last event, even if the clock jumped back."""
        now = self._clock()
        return now if live is None or now >= live.last_at else live.last_at

    def receive(
        self,
        live: LiveRun,
        event: Event,
        *,
        then: Durable | None = None,
        mail: int | None = None,
        batch: Batch | None = None,
    ) -> None:
        """Step the run and enqueue the event; the commands follow when it is durable. Never awaits.

        `then` hears when the event is durable or why not; `mail` is deleted with it;
        `batch` may hold rows that belong to the same transaction.
        """
        if live.stale:
            live.held.append((event, then, mail))
            return
        if live.finish is not None:
            if then is not None:
                then(None)
            return
        try:
            event, data = _as_replayed(event)
            commands = live.machine.step(event)
            records = live.track(event, commands)
            batch = self._journal.append(
                live.id,
                live.position - 1,
                (event,),
                owner=self._owner,
                records=records,
                finish=live.finish,
                batch=batch,
                encoded=(data,),
            )
        except Exception as error:  # noqa: BLE001 - our own bug: the run is set aside, others go on
            live.stale = True
            self._attendant.failed(live, error)
            return
        if mail is not None:
            live.mail.add(mail)
            batch.add(self._delete_mail, mail)
        live.unsaved.append(event)
        batch.then = lambda fault: self._saved(live, commands, then, mail, fault)
        self._storage.submit(batch)

    def _saved(
        self, live: LiveRun, commands: list[Command], then: Durable | None, mail: int | None, fault: StorageFault | None
    ) -> None:
        event = live.unsaved.popleft()
        if fault is None and not live.stale:
            live.retry_s = 0.0
            if then is not None:
                then(None)
            self.release(live, commands)
            return
        if not live.stale:
            live.stale = True
            live.fault = fault
        live.held.append((event, then, mail))
        if not live.unsaved:
            # What was refused comes before what arrived meanwhile: those were stepped first.
            self._attendant.refused(live)

    def release(self, live: LiveRun, commands: list[Command]) -> None:
        """Carry out the commands of a durable event."""
        attendant = self._attendant
        for command in commands:
            match command:
                case CallOperation():
                    if not self.is_stopping:
                        self.outbox.send(command)
                case RecordAction() | NoteStarted() | SendResponse():
                    attendant.notice(live.id, command)
                case CancelCall():
                    self.outbox.cancel(command.id)
                case StartTimer():
                    if not self.is_stopping:
                        self.timers.start(live.id, command.id, command.due)
                case CancelTimer():
                    self.timers.cancel(live.id, command.id)
                case Proceed():
                    if not self.is_stopping:
                        self._loop.call_soon(self._proceed, live, command)
                case FinishRun():
                    self._end(live, command)

    def resume(self, live: LiveRun) -> None:
        """Take up a run that was read from the journal: send what it waits for, then what was held for it."""
        self.lives[live.id] = live
        if self.is_stopping:
            return
        here = {event.id for event, _, _ in live.held if isinstance(event, CallFinished | TimerFired)}
        for call in list(live.calls.values()):
            if call.id not in here:
                self.outbox.send(call)
        for timer_id, due in live.timers.items():
            if timer_id not in here:
                self.timers.start(live.id, timer_id, due)
        if live.proceed is not None:
            self._loop.call_soon(self._proceed, live, live.proceed)
        held, live.held = live.held, []
        for event, then, mail in held:
            if live.awaits(event):
                self.receive(live, event, then=then, mail=mail)
            elif then is not None:
                then(None)

    def drop(self, live: LiveRun) -> None:
        """Forget a run that is not ours any more: nothing is written, its calls and timers end."""
        if self.lives.get(live.id) is live:
            del self.lives[live.id]
        live.stale = True
        for call_id in live.calls:
            self.outbox.cancel(call_id)
        for timer_id in live.timers:
            self.timers.cancel(live.id, timer_id)

    def _end(self, live: LiveRun, finish: FinishRun) -> None:
        self.lives.pop(live.id, None)
        for call_id, call in live.calls.items():
            if call.purpose != "unsubscribe":
                self.outbox.cancel(call_id)
        for timer_id in live.timers:
            self.timers.cancel(live.id, timer_id)
        live.machine.close()
        self._attendant.finished(live, finish)

    def _answered(self, call: CallOperation, outcome: Outcome) -> None:
        live = self.lives.get(call.run_id)
        if live is None:
            return
        self.receive(
            live,
            CallFinished(
                id=call.id,
                at=self.now(live),
                action=call.action,
                repetition=call.repetition,
                attempt=call.attempt,
                outcome=outcome,
                draw=self._draw(),
            ),
        )

    def _fired(self, run_id: str, timer_id: str, due: int) -> None:
        live = self.lives.get(run_id)
        if live is not None:
            self.receive(live, TimerFired(id=timer_id, at=max(self.now(live), due)))

    def _proceed(self, live: LiveRun, command: Proceed) -> None:
        if self.lives.get(live.id) is live:
            self.receive(live, Proceeded(id=command.id, at=self.now(live)))


def _as_replayed(event: Event) -> tuple[Event, bytes]:
    """Return the event as the journal will give it back, so that live and replayed runs see the same values.

    An answer that is no JSON becomes a failed answer.
    """
    try:
        return codec.as_replayed(event)
    except (TypeError, ValueError, RecursionError, OverflowError) as error:
        if not isinstance(event, CallFinished):
            raise
        outcome = Outcome(code="InvalidConnectorAnswer", message=f"The answer is no JSON value: {error}")
        return codec.as_replayed(msgspec.structs.replace(event, outcome=outcome))
