"""The embedded host: start, resume, wait, signal, cancel, stop."""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from runafter.engine.flags import CURRENT
from runafter.engine.step import Run
from runafter.errors import EnvironmentFault, InvalidDefinition
from runafter.hosts.clock import TICKS_PER_S, Clock, machine_clock
from runafter.hosts.embedded import replay
from runafter.hosts.embedded.leases import Tenure
from runafter.hosts.embedded.loop import LiveRun, Notice, RunLoop
from runafter.hosts.embedded.outbox import Outbox
from runafter.hosts.embedded.owner import owner_name
from runafter.hosts.embedded.settings import HostSettings
from runafter.hosts.outside import Outside
from runafter.journal import codec
from runafter.journal.codec import CorruptJournal
from runafter.journal.journal import Journal
from runafter.journal.rows import RunHeader
from runafter.program.steps import Program
from runafter.protocol.commands import FinishRun, Repetition, SendResponse
from runafter.protocol.events import CallerLeft, CancelRequested, Event, RunStarted, SignalReceived
from runafter.protocol.ids import run_name
from runafter.storage.api import Storage
from runafter.storage.batch import Batch
from runafter.storage.faults import AlreadyThere, StaleWriter, StorageFault

_log = logging.getLogger("runafter.hosts")
_SOON_S = 60.0

Subscriber = Callable[[str, Notice], None]
Responder = Callable[[str, SendResponse], None]


class HostStopped(EnvironmentFault):
    """The host was stopped while somebody waited; the run is safe and resumes with the next host."""

    code = "HST002"


class UnknownRun(EnvironmentFault):
    """No run has this id."""

    code = "HST003"


class Host:
    """One process's host. Use it on one event loop: `start`, then everything else, then `stop`.

    `clock` gives ticks, `rng` every id and draw; `load_program` builds programs of
    runs found in the database. `outside` performs calls, `responder` answers the
    callers of runs that this host has started.
    """

    def __init__(
        self,
        storage: Storage,
        outside: Outside,
        *,
        load_program: replay.LoadProgram | None = None,
        clock: Clock = machine_clock,
        rng: random.Random | None = None,
        settings: HostSettings | None = None,
        responder: Responder | None = None,
        owner: str | None = None,
    ) -> None:
        self.settings = settings or HostSettings()
        self.journal = Journal(storage)
        self.clock = clock
        self.rng = rng or random.Random(secrets.randbits(256))  # noqa: S311 - ids and draws, no secrets
        self.owner = owner or owner_name(self.rng.getrandbits(32))
        self.faults: dict[str, Exception] = {}
        self._storage = storage
        self._programs = replay.Programs(self.journal, load_program)
        self._responder = responder
        self._subscribers: list[Subscriber] = []
        self._ends: dict[str, list[asyncio.Future[FinishRun | None]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._placing: dict[str, asyncio.Task[LiveRun | None]] = {}
        self.loop = RunLoop(
            self.journal,
            self,
            owner=self.owner,
            clock=clock,
            rng=self.rng,
            outbox=lambda answer: Outbox(outside, answer),
            rearm_s=self.settings.rearm_s,
        )
        self._tenure = Tenure(self)

    # --- life of the host

    async def start(self) -> None:
        """Begin to drive what the database holds. Returns at once; unfinished runs are read in bounded batches."""
        await self._tenure.start()

    async def stop(self) -> None:
        """Stop gracefully: take no new work, wait a little for calls under way, give the runs up to the next host."""
        self.loop.is_stopping = True
        await self._tenure.stop()
        await self.loop.outbox.close(self.settings.stop_grace_s)
        self.loop.timers.close()
        await self._storage.flush()
        for task in [*self._tasks, *self._placing.values()]:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._placing.values(), return_exceptions=True)
        for live in list(self.loop.lives.values()):
            self.loop.drop(live)
        await self._tenure.give_up()
        for waiters in self._ends.values():
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_exception(
                        HostStopped("the host was stopped", hint="The run resumes with the next host.")
                    )
        self._ends.clear()

    # --- runs

    async def start_run(
        self,
        program: Program,
        trigger: Mapping[str, Any] | None = None,
        *,
        source: bytes | None = None,
        run_id: str | None = None,
        key: str | None = None,
        flow: str | None = None,
        parent: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        app_settings: Mapping[str, str] | None = None,
        workflow: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
        client_tracking_id: str = "",
        callback_base: str = "",
        caller_waits: bool = False,
        zones: str = "",
        reuse: Mapping[str, Any] | None = None,
        seed: int | None = None,
        was_cancelled: bool = False,
        batch: Batch | None = None,
        begun: Callable[[], None] | None = None,
    ) -> str:
        """Begin a run and return its id once it is durable.

        `source` is what `load_program` needs to build the program again; without
        it only a host that is given the program can resume the run. With `key`,
        a second call finds the run that the first has begun. What is in `batch`
        becomes durable with the run, or neither does. One that `was_cancelled`
        before it could begin ends at once. `begun` is called as soon as the run is
        durable, before subscribers hear of anything that it does. A caller that gives no
        `client_tracking_id` has the run tracked by its id.

        Raises:
            InvalidDefinition: the program has errors.
            StorageFault: the run could not be made durable and has not begun.
        """
        if any(finding.severity == "error" for finding in program.findings):
            raise InvalidDefinition(program.findings)
        if key is not None:
            known = await self.journal.run_of_key(key)
            if known is not None:
                return known
        now = self.clock()
        run_id = run_id or run_name(now, self.rng.getrandbits(36))
        started = RunStarted(
            at=now,
            run_id=run_id,
            program=program.hash,
            seed=self.rng.getrandbits(62) if seed is None else seed,
            trigger=dict(trigger or {}),
            parameters=dict(parameters or {}),
            app_settings=dict(app_settings or {}),
            workflow=dict(workflow or {}),
            settings=dict(settings or {}),
            flags=CURRENT,
            zones=zones,
            client_tracking_id=client_tracking_id or run_id,
            callback_base=callback_base,
            caller_waits=caller_waits,
            reuse=dict(reuse or {}),
            was_cancelled=was_cancelled,
        )
        batch = Batch() if batch is None else batch
        self._programs.add(program, source, batch)
        self.journal.begin(batch, started, flow=flow or program.name, owner=self.owner, start_key=key, parent=parent)
        live = LiveRun(started.run_id, Run(program, flags=started.flags))
        durable: asyncio.Future[StorageFault | None] = asyncio.get_running_loop().create_future()
        told = _resolve(durable)

        def saved(fault: StorageFault | None) -> None:
            if fault is None and begun is not None:
                begun()
            told(fault)

        self.loop.lives[live.id] = live
        self.loop.receive(live, started, then=saved, batch=batch)
        if live.id in self.faults:
            raise self.faults.pop(live.id)
        fault = await durable
        if fault is not None:
            if isinstance(fault, AlreadyThere) and key is not None:
                known = await self.journal.run_of_key(key)
                if known is not None:
                    return known
            raise fault
        if source is not None:
            self._programs.kept(program.hash)
        return live.id

    async def wait(self, run_id: str) -> FinishRun:
        """Return how the run ended, whichever host drives it.

        Raises:
            UnknownRun: no such run.
            HostStopped: this host was stopped meanwhile.
            CorruptJournal, UnplayableRun: the run cannot be continued.
        """
        while True:
            finish = await self._end(run_id, self.settings.poll_s)
            if finish is not None:
                return finish

    async def _end(self, run_id: str, timeout_s: float | None) -> FinishRun | None:
        """Wait for the run's end or its parking here, `timeout_s` at most where another host drives it."""
        if run_id in self.faults:
            raise self.faults[run_id]
        if run_id not in self.loop.lives:
            header = await self.journal.run(run_id)
            if header is None:
                raise UnknownRun(f"there is no run {run_id}")
            if header.is_finished:
                return finish_of(header)
        waiter: asyncio.Future[FinishRun | None] = asyncio.get_running_loop().create_future()
        self._ends.setdefault(run_id, []).append(waiter)
        try:
            if run_id in self.loop.lives:
                return await waiter
            return await asyncio.wait_for(waiter, timeout_s)
        except TimeoutError:
            return None
        finally:
            waiters = self._ends.get(run_id)
            if waiters is not None and waiter in waiters:
                waiters.remove(waiter)
                if not waiters:
                    del self._ends[run_id]

    def is_waiting(self, run_id: str) -> bool:
        """Return whether a run in memory waits for people, other systems or a late timer; the journal tells it once it is parked."""
        live = self.loop.lives.get(run_id)
        if live is None or live.machine.status != "Waiting":
            return False
        soon_s = _SOON_S if self.settings.park_after_s is None else self.settings.park_after_s
        horizon = self.clock() + int(soon_s * TICKS_PER_S)
        return all(due > horizon for due in live.timers.values())

    async def signal(self, run_id: str, action: str, repetition: Repetition = (), outputs: Any = None) -> bool:
        """Complete an action that waits for its callback. False when the run is over. Durable when it returns."""
        codec.encode(outputs)  # what is no JSON is refused here, before it reaches the run
        return await self.wake(
            run_id, SignalReceived(action=action, at=self.clock(), repetition=tuple(repetition), outputs=outputs)
        )

    async def cancel(self, run_id: str, reason: str | None = None) -> bool:
        """Cancel the run, whichever host drives it. False when it is over. Durable when it returns."""
        return await self.wake(run_id, CancelRequested(at=self.clock(), reason=reason))

    async def caller_left(self, run_id: str) -> bool:
        """Tell the run that nobody waits for its response any more."""
        return await self.wake(run_id, CallerLeft(at=self.clock()))

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Call `subscriber(run_id, notice)` for what happens to this host's runs, once it is durable; return the undo."""
        self._subscribers.append(subscriber)
        return lambda: self._subscribers.remove(subscriber)

    async def rebuild_history(self, run_id: str) -> int:
        """Write the run's history again from its journal; return the number of rows."""
        return await replay.rebuild_history(self.journal, self._programs, run_id)

    # --- Placement

    async def place(self, run_id: str) -> bool:
        return await self._here(run_id) is not None

    async def drive(self, run_id: str) -> FinishRun | None:
        return await self._end(run_id, None)

    async def wake(self, run_id: str, event: Event) -> bool:
        while True:
            live = await self._here(run_id)
            if live is not None:
                durable: asyncio.Future[StorageFault | None] = asyncio.get_running_loop().create_future()
                self.loop.receive(live, _not_before(event, live), then=_resolve(durable))
                fault = await durable
                if fault is None:
                    return True
                if not isinstance(fault, StaleWriter):
                    raise fault
                continue
            header = await self.journal.run(run_id)
            if header is None:
                raise UnknownRun(f"there is no run {run_id}")
            if header.is_finished:
                return False
            if header.owner is not None and header.owner != self.owner:
                await self._tenure.leases.post(run_id, event)
                return True

    async def _here(self, run_id: str) -> LiveRun | None:
        """Return the live run, taken and read from the journal where need be; None when others drive it or it is over."""
        if run_id in self.faults:
            raise self.faults[run_id]
        live = self.loop.lives.get(run_id)
        if live is not None:
            return live
        task = self._placing.get(run_id)
        if task is None:
            task = self._placing[run_id] = asyncio.get_running_loop().create_task(self._take(run_id))
            task.add_done_callback(lambda _: self._placing.pop(run_id, None))
        return await asyncio.shield(task)

    async def _take(self, run_id: str) -> LiveRun | None:
        if not await self._tenure.leases.take_one(self.owner, self.clock(), run_id):
            return None
        self._tenure.is_unsure = True  # until it is read, it is ours and nobody drives it
        return await self.resume(run_id)

    async def resume(self, run_id: str, held_by: LiveRun | None = None) -> LiveRun | None:
        """Read a run that we own from its journal and let it go on; None when it is not ours or over.

        A journal that cannot be continued sets the run aside: others are not touched.
        """
        if run_id in self.faults:
            raise self.faults[run_id]
        try:
            live = await replay.read_live(self.journal, self._programs, run_id)
        except (CorruptJournal, replay.UnplayableRun) as error:
            self._set_aside(run_id, error)
            raise
        known = self.loop.lives.get(run_id)
        if known is not None and known is not held_by:
            return known  # somebody else has read it meanwhile
        if live.finish is not None:
            return None
        if held_by is not None:
            live.held, live.retry_s = held_by.held, held_by.retry_s
        self.loop.resume(live)
        for number, _, event in await self._tenure.leases.mail_of(run_id):
            self.loop.receive(live, _not_before(event, live), mail=number)
        return live

    # --- Attendant of the loop

    def notice(self, run_id: str, notice: Notice) -> None:
        if self._responder is None and not self._subscribers:
            return
        try:
            if self._responder is not None and isinstance(notice, SendResponse):
                self._responder(run_id, notice)
            for subscriber in tuple(self._subscribers):
                subscriber(run_id, notice)
        except Exception:  # noqa: BLE001 - a listener must not stop the run
            _log.exception("a listener of run %s failed", run_id)

    def finished(self, live: LiveRun, finish: FinishRun) -> None:
        self.settle(live.id, finish)
        self.notice(live.id, finish)

    def settle(self, run_id: str, finish: FinishRun | None) -> None:
        """Tell those who wait that the run is over, or parked (None)."""
        for waiter in self._ends.pop(run_id, ()):
            if not waiter.done():
                waiter.set_result(finish)

    def failed(self, live: LiveRun, error: Exception) -> None:
        _log.error("run %s is set aside", live.id, exc_info=error)
        self.loop.drop(live)
        self._set_aside(live.id, error)

    def _set_aside(self, run_id: str, error: Exception) -> None:
        self.faults[run_id] = error
        for waiter in self._ends.pop(run_id, ()):
            if not waiter.done():
                waiter.set_exception(error)

    def refused(self, live: LiveRun) -> None:
        self._tenure.is_unsure = True
        if live.id in self.faults or self.loop.is_stopping:
            _tell(live, live.fault)
        elif live.position == len(live.held) and isinstance(live.held[0][0], RunStarted):
            # The run has never begun: whoever wanted it is told, and nothing is left of it.
            self.loop.drop(live)
            _tell(live, live.fault)
        else:
            task = asyncio.get_running_loop().create_task(self._recover(live))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _recover(self, live: LiveRun) -> None:
        """Read a run again whose append was refused; wait and retry while the database is in trouble."""
        settings = self.settings
        _log.warning("run %s is read again: %s", live.id, live.fault)
        while True:
            if not isinstance(live.fault, StaleWriter):
                live.retry_s = min(max(live.retry_s * 2, settings.retry_min_s), settings.retry_max_s)
                await asyncio.sleep(live.retry_s)
            try:
                header = await self.journal.run(live.id)
                if header is None or header.is_finished or header.owner != self.owner:
                    self.lost(live, header)
                    return
                if await self.resume(live.id, held_by=live) is None:
                    self.lost(live, header)
                return
            except StorageFault as fault:
                live.fault = fault
            except (CorruptJournal, replay.UnplayableRun):
                _tell(live, live.fault)
                return

    def lost(self, live: LiveRun, header: RunHeader | None) -> None:
        """Drop a run that another host has continued, or that is over."""
        self.loop.drop(live)
        if header is not None and header.is_finished:
            self.settle(live.id, finish_of(header))
        else:
            self.settle(live.id, None)
        _tell(live, live.fault or StaleWriter("another host drives the run"))


def _tell(live: LiveRun, fault: StorageFault | None) -> None:
    held, live.held = live.held, []
    for _, then, _ in held:
        if then is not None:
            then(fault)


def _resolve(future: asyncio.Future[StorageFault | None]) -> Callable[[StorageFault | None], None]:
    return lambda fault: None if future.done() else future.set_result(fault)


def _not_before(event: Event, live: LiveRun) -> Event:
    """Return the event with a time that does not go back in the run's journal."""
    if event.at >= live.last_at:
        return event
    import msgspec

    return msgspec.structs.replace(event, at=live.last_at)


def finish_of(header: RunHeader) -> FinishRun:
    """Return how a finished run ended, from its header."""
    assert header.ended_at is not None
    return FinishRun(
        status=header.status,  # type: ignore[arg-type]  # the column holds what FinishRun had
        at=header.ended_at,
        code=header.code,
        error=header.error,
        outputs=header.outputs,
    )


__all__ = ["TICKS_PER_S", "Host", "HostStopped", "UnknownRun", "finish_of"]
