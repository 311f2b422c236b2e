"""From an event at a trigger to runs: conditions, split-on, one run per key, a queue where concurrency is limited.

What was decided and the run it begins are one transaction: the key's claim, the
history row, the waiting row and the run's start are durable together or not at all.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal

from runafter.catalog.catalog import Catalog
from runafter.catalog.rows import HistoryDetail, HistoryStatus, TriggerHistory, WaitingRun
from runafter.engine.faults import FAULTS, message_of
from runafter.engine.instants import timestamp
from runafter.engine.triggers import Slots, TriggerRun, TriggerScope, decide
from runafter.errors import EnvironmentFault, InvalidDefinition
from runafter.hosts.clock import TICKS_PER_S
from runafter.hosts.embedded.host import Host
from runafter.local.triggers import with_invoker
from runafter.program.steps import Trigger
from runafter.protocol.ids import run_name
from runafter.server.events import MOST_TRACKING, Fired, TriggerEvent
from runafter.server.flows import Flow, FlowBook
from runafter.server.settings import ServerSettings
from runafter.server.signatures import Signer
from runafter.storage.batch import Batch
from runafter.storage.faults import AlreadyThere, StorageFault
from runafter.values.json import compact

_log = logging.getLogger("runafter.server")
_FOREVER_S = 3650 * 86_400
_DEFAULT_TTL_S = 7 * 86_400.0
Also = Callable[[Batch], None]


class FlowDisabled(EnvironmentFault):
    """The flow is switched off, so its triggers do not fire."""

    code = "SRV002"


class Firing:
    """Fires triggers. One per database where concurrency of triggers matters: slots are counted in memory."""

    def __init__(self, host: Host, catalog: Catalog, flows: FlowBook, signer: Signer, settings: ServerSettings) -> None:
        self._host = host
        self._catalog = catalog
        self._flows = flows
        self._signer = signer
        self._settings = settings
        self._rng: random.Random = host.rng
        self._slots: dict[tuple[str, str], Slots] = {}
        self._place: dict[str, tuple[str, str]] = {}
        self._waiting: dict[str, WaitingRun] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ready: list[str] = []
        self._starting: set[str] = set()
        self.on_begun: Callable[[str, str], None] = lambda flow, run_id: None
        """Told when a run has begun, before anything else of it is."""
        self.flow_of: dict[str, str] = {}
        """The flow of each run under way."""

    async def recover(self) -> None:
        """Count the runs that hold slots and queue those that waited, as the database has them; then call `go`."""
        after: str | None = None
        while True:
            page = await self._host.journal.runs(statuses=("Running", "Waiting"), after=after, limit=1000)
            for header in page:
                self.flow_of[header.id] = header.flow
                self._hold(header.flow, header.id)
            if len(page) < 1000:
                break
            after = page[-1].id
        for waiting in await self._catalog.waiting():
            self._waiting[waiting.run_id] = waiting
            self._place[waiting.run_id] = (waiting.flow, waiting.trigger)
            slots = self._slots_of(waiting.flow, waiting.trigger)
            if slots is None:
                self._ready.append(waiting.run_id)
            else:
                slots.waiting.append(waiting.run_id)
        for slots in list(self._slots.values()):
            while slots.waiting and len(slots.running) < slots.runs:
                following = slots.waiting.popleft()
                slots.running[following] = None
                self._ready.append(following)

    def go(self) -> None:
        """Begin the waiting runs that `recover` found a slot for."""
        for run_id in self._ready:
            self._start_later(run_id)
        self._ready.clear()

    def _hold(self, flow: str, run_id: str) -> None:
        """Give a run that is under way its slot. Which trigger began it is not known, so it counts for the first."""
        try:
            program = self._flows.get(flow).program
        except EnvironmentFault:
            return
        for trigger in program.triggers.values() if program is not None else ():
            slots = self._slots_of(flow, trigger.name)
            if slots is not None:
                slots.running[run_id] = None
                self._place[run_id] = (flow, trigger.name)
                return

    def _slots_of(self, flow: str, trigger_name: str) -> Slots | None:
        """Return the trigger's slots by its current version; None where concurrency is off."""
        try:
            trigger = self._flows.get(flow).trigger(trigger_name)
        except EnvironmentFault:
            return None
        if trigger is None or trigger.concurrency is None:
            return None
        runs, waiting = trigger.concurrency
        slots = self._slots.get((flow, trigger.name))
        if slots is None:
            slots = self._slots[flow, trigger.name] = Slots(runs, waiting)
        slots.runs, slots.most_waiting = runs, waiting
        return slots

    def is_busy(self, flow: str, trigger_name: str) -> bool:
        """Whether a run of a trigger with limited concurrency is under way."""
        slots = self._slots_of(flow, trigger_name)
        return slots is not None and bool(slots.running)

    def waiting(self, flow: str | None = None) -> list[WaitingRun]:
        """Return the runs that wait for a slot, those that came first in front."""
        return [run for run in self._waiting.values() if flow is None or run.flow == flow]

    def waiting_run(self, run_id: str) -> WaitingRun | None:
        """Return the run if it waits for a slot."""
        return self._waiting.get(run_id)

    def overflows(self) -> dict[tuple[str, str], int]:
        """Return how many events found no place since the server began, by flow and trigger."""
        return {place: slots.overflows for place, slots in self._slots.items() if slots.overflows}

    def new_run_id(self) -> str:
        return run_name(self._host.clock(), self._rng.getrandbits(36))

    # --- events

    async def fire(self, flow: Flow, trigger: Trigger, event: TriggerEvent, also: Also | None = None) -> list[Fired]:
        """Let an event come to a trigger; return what became of it, one entry per run.

        `also` adds rows that must be durable together with the outcome.

        Raises:
            FlowDisabled: the flow is switched off.
            InvalidDefinition: the flow has errors.
            StorageFault: nothing was made durable.
        """
        if flow.program is None:
            raise InvalidDefinition(flow.findings)
        if not flow.row.is_enabled:
            raise FlowDisabled(
                f"the flow {flow.name!r} is disabled", hint=f"Enable it: runafter flows enable {flow.name}"
            )
        now = self._host.clock()
        assert flow.program is not None
        outputs = with_invoker(flow.program, trigger, event.outputs)
        if outputs.get("headers") is not event.outputs.get("headers"):
            event = replace(event, outputs=outputs)
        record = self._record(trigger, event, outputs, now)
        if event.unconditional:
            return [await self._begin(flow, trigger, TriggerRun(trigger=record), event, now, also)]
        scope = self._scope(flow, record, now)
        decision = decide(flow.program, trigger, scope)
        if decision.status != "Succeeded" or not decision.runs:
            status: Literal["Skipped", "Failed"] = "Failed" if decision.status == "Failed" else "Skipped"
            return [await self.note(flow, trigger, event, status, decision.code, decision.error, also)]
        if len(decision.runs) == 1:
            return [await self._begin(flow, trigger, decision.runs[0], event, now, also)]
        event = replace(event, run_id=None)
        begun = []
        for number, run in enumerate(decision.runs):
            part = replace(event, key=None if event.key is None else f"{event.key}#{number}")
            begun.append(self._begin(flow, trigger, run, part, now, also if number == 0 else None))
        return list(await asyncio.gather(*begun))

    async def note(
        self,
        flow: Flow,
        trigger: Trigger,
        event: TriggerEvent,
        status: HistoryStatus,
        code: str | None,
        error: Any,
        also: Also | None = None,
    ) -> Fired:
        """Write down an event that begins no run."""
        now = self._host.clock()
        identity = run_name(now, self._rng.getrandbits(36))
        tracking = event.client_tracking_id or identity
        outputs = None if trigger.secure_outputs else dict(event.outputs)
        history = TriggerHistory(
            id=identity,
            flow=flow.name,
            trigger=trigger.name,
            status=status,
            code=code,
            scheduled_at=event.scheduled_at,
            started_at=now,
            ended_at=now,
            client_tracking_id=tracking,
            origin=event.origin,
            detail=HistoryDetail(error=error, outputs=outputs, attempts=event.attempts),
        )
        batch = Batch()
        self._catalog.add_history(batch, history)
        if also is not None:
            also(batch)
        await self._catalog.commit(batch)
        result: Literal["Skipped", "Failed"] = "Failed" if status == "Failed" else "Skipped"
        return Fired(status=result, history=identity, client_tracking_id=tracking, code=code, error=error)

    async def _begin(
        self, flow: Flow, trigger: Trigger, run: TriggerRun, event: TriggerEvent, now: int, also: Also | None
    ) -> Fired:
        run_id = event.run_id or self.new_run_id()
        tracking = (run.client_tracking_id or event.client_tracking_id or run_id)[:MOST_TRACKING]
        key = None
        if not event.unconditional:
            try:
                key = self._key(flow, run.trigger, now) if flow.key is not None else event.key
            except FAULTS as fault:
                error = {"code": "InvalidTemplate", "message": f"The de-duplication key failed: {message_of(fault)}"}
                return await self.note(flow, trigger, event, "Failed", "InvalidTemplate", error, also)
        slots = self._slots_of(flow.name, trigger.name)
        place = slots.offer(run_id) if slots is not None else "start"
        if place == "overflow":
            error = {"code": "TooManyRequests", "message": "All slots and places in the queue are taken."}
            told = await self.note(flow, trigger, event, "Failed", "TooManyRequests", error, also)
            return Fired(status="Full", history=told.history, client_tracking_id=tracking, code=told.code, error=error)
        batch = Batch()
        if key is not None:
            ttl_s = flow.row.meta.deduplication_ttl_s
            until = now + round(min(_DEFAULT_TTL_S if ttl_s is None else ttl_s, _FOREVER_S) * TICKS_PER_S)
            self._catalog.claim(batch, flow.name, key, run_id, now=now, until=until)
        if also is not None:
            also(batch)
        history = TriggerHistory(
            id=run_id,
            flow=flow.name,
            trigger=trigger.name,
            status="Succeeded" if place == "start" else "Waiting",
            fired=True,
            run_id=run_id,
            scheduled_at=event.scheduled_at,
            started_at=now,
            ended_at=now,
            client_tracking_id=tracking,
            origin=event.origin,
            detail=HistoryDetail(attempts=event.attempts) if event.attempts else None,
        )
        self._catalog.add_history(batch, history)
        self._place[run_id] = (flow.name, trigger.name)
        try:
            if place == "start":
                await self._start(flow, run_id, run.trigger, tracking, event, batch)
            else:
                waiting = WaitingRun(
                    run_id=run_id,
                    flow=flow.name,
                    trigger=trigger.name,
                    version=flow.row.version,
                    since=now,
                    event=run.trigger,
                    client_tracking_id=tracking,
                    caller_waits=event.caller_waits,
                    reuse=dict(event.reuse),
                    scheduled_at=event.scheduled_at,
                    origin=event.origin,
                )
                self._catalog.wait(batch, waiting)
                self._waiting[run_id] = waiting
                await self._catalog.commit(batch)
        except BaseException as fault:
            self._waiting.pop(run_id, None)
            self.ended(run_id)
            if not isinstance(fault, AlreadyThere) or key is None:
                raise
        else:
            return Fired(
                status="Started" if place == "start" else "Waiting",
                history=run_id,
                run_id=run_id,
                client_tracking_id=tracking,
            )
        known = await self._catalog.claimed(flow.name, key, now)
        error = {"code": "Duplicate", "message": f"The run {known} has been begun for the same key."}
        told = await self.note(flow, trigger, event, "Skipped", "Duplicate", error, also)
        return Fired(
            status="Duplicate",
            history=told.history,
            run_id=known,
            client_tracking_id=tracking,
            code="Duplicate",
            error=error,
        )

    async def _start(
        self,
        flow: Flow,
        run_id: str,
        record: Mapping[str, Any],
        tracking: str,
        event: TriggerEvent,
        batch: Batch,
        *,
        was_cancelled: bool = False,
    ) -> None:
        assert flow.program is not None
        self.flow_of[run_id] = flow.name
        try:
            await self._host.start_run(
                flow.program,
                record,
                source=flow.source,
                run_id=run_id,
                flow=flow.name,
                parameters=flow.parameters,
                app_settings=flow.app_settings,
                settings=flow.settings,
                workflow=self.workflow_record(flow),
                client_tracking_id=tracking,
                callback_base=await self._signer.callback_base(flow.name, run_id),
                caller_waits=event.caller_waits,
                reuse=event.reuse,
                was_cancelled=was_cancelled,
                batch=batch,
                begun=None if was_cancelled else lambda: self.on_begun(flow.name, run_id),
            )
        except BaseException:
            self.flow_of.pop(run_id, None)
            raise

    # --- slots

    def ended(self, run_id: str) -> None:
        """Free what the run held; the first that waits begins in its place."""
        self.flow_of.pop(run_id, None)
        place = self._place.pop(run_id, None)
        slots = self._slots.get(place) if place is not None else None
        following = slots.ended(run_id) if slots is not None else None
        if following is not None:
            self._start_later(following)

    async def cancel_waiting(self, run_id: str) -> bool:
        """Take a run out of the queue: it ends as Cancelled, without having done anything. False where it does not wait.

        Raises:
            StorageFault: it still waits.
        """
        if run_id in self._starting:
            return False  # its turn has come: it is cancelled like any run under way
        waiting = self._waiting.pop(run_id, None)
        if waiting is None:
            return False
        try:
            flow = await self._flows.at(waiting.flow, waiting.version)
            batch = Batch()
            self._catalog.leave(batch, run_id)
            self._catalog.add_history(batch, self._history_of(waiting, "Succeeded", None))
            event = TriggerEvent(caller_waits=waiting.caller_waits)
            await self._start(flow, run_id, waiting.event, waiting.client_tracking_id, event, batch, was_cancelled=True)
        except StorageFault:
            self._waiting[run_id] = waiting
            raise
        except (EnvironmentFault, InvalidDefinition):
            await self._give_up(waiting, "Cancelled")
        return True

    def _start_later(self, run_id: str) -> None:
        task = asyncio.get_running_loop().create_task(self._start_waiting(run_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _start_waiting(self, run_id: str) -> None:
        waiting = self._waiting.get(run_id)
        if waiting is None:
            return
        try:
            flow = await self._flows.at(waiting.flow, waiting.version)
            batch = Batch()
            self._catalog.leave(batch, run_id)
            self._catalog.add_history(batch, self._history_of(waiting, "Succeeded", None))
            event = TriggerEvent(caller_waits=waiting.caller_waits, reuse=waiting.reuse)
            self._starting.add(run_id)
            try:
                await self._start(flow, run_id, waiting.event, waiting.client_tracking_id, event, batch)
            finally:
                self._starting.discard(run_id)
            self._waiting.pop(run_id, None)
        except StorageFault as fault:
            _log.warning("a waiting run of %s is tried again: %s", waiting.flow, fault)
            await asyncio.sleep(self._host.settings.retry_max_s)
            self._start_later(run_id)
        except (EnvironmentFault, InvalidDefinition) as fault:
            _log.error("a waiting run of %s cannot begin: %s", waiting.flow, fault)
            await self._give_up(waiting, fault.code)

    async def _give_up(self, waiting: WaitingRun, code: str) -> None:
        """Forget a run that waited and has no flow any more to run; the next takes its place."""
        self._waiting.pop(waiting.run_id, None)
        batch = Batch()
        self._catalog.leave(batch, waiting.run_id)
        self._catalog.add_history(batch, self._history_of(waiting, "Failed", code))
        await self._catalog.commit(batch)
        self.ended(waiting.run_id)

    def _history_of(self, waiting: WaitingRun, status: HistoryStatus, code: str | None) -> TriggerHistory:
        return TriggerHistory(
            id=waiting.run_id,
            flow=waiting.flow,
            trigger=waiting.trigger,
            status=status,
            code=code,
            fired=status == "Succeeded",
            run_id=waiting.run_id,
            scheduled_at=waiting.scheduled_at,
            origin=waiting.origin,
            started_at=waiting.since,
            ended_at=self._host.clock(),
            client_tracking_id=waiting.client_tracking_id,
        )

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- what expressions see

    def workflow_record(self, flow: Flow) -> dict[str, Any]:
        """Return what `workflow()` shows, without the run."""
        return {
            "id": self._settings.workflow_id(flow.name),
            "name": flow.name,
            "type": "Microsoft.Logic/workflows",
            "location": self._settings.location,
            "tags": {"flowDisplayName": flow.row.title, "environmentName": self._settings.resource_group},
        }

    def _scope(self, flow: Flow, record: dict[str, Any], now: int) -> TriggerScope:
        return TriggerScope(
            record=record,
            at=now,
            parameters=flow.given,
            app_settings=flow.app_settings,
            workflow_record=self.workflow_record(flow),
            seed=self._rng.getrandbits(62),
        )

    def _key(self, flow: Flow, record: dict[str, Any], now: int) -> str | None:
        """Return the event's key by the flow's expression; None where this event lacks it."""
        assert flow.key is not None
        value = flow.key.evaluate(self._scope(flow, record, now))
        if value is None or value == "":
            return None
        return value if isinstance(value, str) else compact(value)

    @staticmethod
    def _record(trigger: Trigger, event: TriggerEvent, outputs: dict[str, Any], now: int) -> dict[str, Any]:
        at = timestamp(now)
        record: dict[str, Any] = {
            "name": trigger.name,
            "inputs": trigger.inputs.source if event.inputs is None else event.inputs,
            "outputs": outputs,
            "startTime": at,
            "endTime": at,
            "code": "OK",
            "status": "Succeeded",
        }
        if event.scheduled_at is not None:
            record["scheduledTime"] = timestamp(event.scheduled_at)
        if event.client_tracking_id:
            record["clientTrackingId"] = event.client_tracking_id
        if event.origin is not None:
            record["originHistoryName"] = event.origin
        return record
