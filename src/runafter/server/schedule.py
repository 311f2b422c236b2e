"""Triggers that act by themselves: Recurrence, SlidingWindow, and polls, with Http or of a connector.

Rules, from Microsoft Learn, "Schedules for recurring triggers" and "Sliding Window trigger" (read 2026-11):

* Recurrence does not make up for what it missed while the flow was disabled or
  the server was down; the history then says so once. Up to `late_s` after a
  restart a slot counts as late, not missed, so that none is lost to a restart.
* SlidingWindow works off every window that it missed, oldest first. A window
  goes from its slot to the next; the run begins `delay` after the slot.
* The slot's firing and the next slot's time are one transaction: none fires twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any

import msgspec

from runafter.catalog.catalog import Catalog
from runafter.catalog.rows import TriggerState
from runafter.engine.faults import FAULTS, message_of
from runafter.engine.instants import timestamp
from runafter.errors import RunafterError
from runafter.hosts.clock import TICKS_PER_S
from runafter.hosts.embedded.host import Host
from runafter.program.recurrence import Recurrence, RecurrenceFault, next_slot, parse_recurrence
from runafter.program.steps import Trigger
from runafter.server.events import TriggerEvent
from runafter.server.firing import Firing
from runafter.server.flows import Flow, FlowBook
from runafter.server.polls import Polls
from runafter.server.settings import ServerSettings
from runafter.server.trigger_kinds import polls_connector, refusal
from runafter.storage.batch import Batch
from runafter.storage.faults import StorageFault
from runafter.values.time import duration_s

_log = logging.getLogger("runafter.server")
Place = tuple[str, str]
_AFTER_BUG_S = 60.0
_CONNECTOR_POLL = Recurrence(frequency="Minute", interval=3)


class Schedule:
    """Knows when each trigger acts next, sleeps until then, and lets it act."""

    def __init__(
        self,
        host: Host,
        catalog: Catalog,
        flows: FlowBook,
        firing: Firing,
        polls: Polls,
        settings: ServerSettings,
    ) -> None:
        self._host = host
        self._catalog = catalog
        self._flows = flows
        self._firing = firing
        self._polls = polls
        self._settings = settings
        self._states: dict[Place, TriggerState] = {}
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._asking: dict[Place, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Take up what the database remembers and begin to act."""
        self._states = await self._catalog.trigger_states()
        await self.refresh()
        self._task = asyncio.get_running_loop().create_task(self._run(), name="runafter-schedule")

    async def stop(self) -> None:
        if self._task is not None:
            tasks = [self._task, *self._asking.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def next_at(self, flow: str, trigger: str | None = None) -> int | None:
        """Return when a flow's trigger (the first of its triggers) acts next by itself, in ticks."""
        found = [
            state.due_at
            for (owner, name), state in self._states.items()
            if owner == flow and trigger in (None, name) and state.due_at is not None
        ]
        return min(found, default=None)

    def state(self, flow: str, trigger: str) -> TriggerState:
        return self._states.get((flow, trigger), TriggerState())

    async def refresh(self) -> None:
        """Look at every flow again: new ones, changed schedules, what was enabled or disabled."""
        wanted: set[Place] = set()
        for flow in self._flows.all():
            for trigger in flow.program.triggers.values() if flow.program is not None else ():
                recurrence = self._recurrence_of(flow, trigger)
                if isinstance(recurrence, Recurrence) and flow.row.is_enabled:
                    wanted.add((flow.name, trigger.name))
                    await self._take_up(flow, trigger, recurrence)
                reason = recurrence if isinstance(recurrence, str) else refusal(trigger)
                if reason is not None and flow.row.is_enabled:
                    await self._refuse(flow, trigger, reason)
        for place, state in list(self._states.items()):
            if place not in wanted and state.due_at is not None:
                await self._keep(place, msgspec.structs.replace(state, due_at=None))
        self._changed.set()

    def _recurrence_of(self, flow: Flow, trigger: Trigger) -> Recurrence | str | None:
        """Return when a trigger acts by itself, or why its schedule cannot be read; None where it has none.

        A connector's poll without a recurrence has the platform's three minutes; one with
        expressions has the values of the flow's parameters.
        """
        acts = polls_connector(trigger) or trigger.type.casefold() in {"recurrence", "slidingwindow", "http"}
        if not acts or trigger.recurrence is not None:
            return trigger.recurrence if acts else None
        source = flow.definition.value["triggers"][trigger.name]
        inputs = source.get("inputs")
        written = source.get("recurrence") or (inputs.get("recurrence") if isinstance(inputs, dict) else None)
        if written is None:
            return _CONNECTOR_POLL if polls_connector(trigger) else None
        try:
            return parse_recurrence(self._polls.evaluated(flow, trigger, written))
        except RecurrenceFault as fault:
            return f"Its recurrence is invalid: {fault}."
        except FAULTS as fault:
            return f"Its recurrence cannot be evaluated: {message_of(fault)}"

    async def _refuse(self, flow: Flow, trigger: Trigger, reason: str) -> None:
        """Say once, in the log and in the history, that a trigger never fires here."""
        place = (flow.name, trigger.name)
        state = TriggerState(schedule=reason)
        if self._states.get(place) == state:
            return
        _log.warning("the trigger of %s never fires: %s", flow.name, reason)
        error = {"code": "NotSupported", "message": reason}
        self._states[place] = state
        await self._firing.note(
            flow, trigger, TriggerEvent(), "Failed", "NotSupported", error, self._also(place, state)
        )

    async def _take_up(self, flow: Flow, trigger: Trigger, recurrence: Recurrence) -> None:
        place = (flow.name, trigger.name)
        now = self._host.clock()
        known = self._states.get(place)
        schedule = repr(recurrence)
        is_window = trigger.type.casefold() == "slidingwindow"
        if known is None or known.schedule != schedule:
            started = flow.row.enabled_at if known is None else now
            # Without a start time the schedule begins at this very moment; with one in the past
            # only the sliding window goes back to it.
            floor = started - 1 if recurrence.start is None else now - 1
            if is_window and recurrence.start is not None:
                floor = 0
            slot = next_slot(recurrence, floor, started)
            await self._keep(place, _at(trigger, TriggerState(started_at=started, schedule=schedule), slot))
            return
        if known.due_at is None:  # it was disabled
            if is_window and known.window_at is not None:
                await self._keep(place, _at(trigger, known, known.window_at))
            else:
                slot = next_slot(recurrence, now, known.started_at)
                await self._keep(place, _at(trigger, known, slot))
            return
        if not is_window and known.due_at < now - round(self._settings.late_s * TICKS_PER_S) and self._task is None:
            slot = next_slot(recurrence, now - 1, known.started_at)
            await self._miss(flow, trigger, known.due_at, _at(trigger, known, slot))

    async def _miss(self, flow: Flow, trigger: Trigger, slot: int, following: TriggerState) -> None:
        place = (flow.name, trigger.name)
        error = {
            "code": "RecurrenceMissed",
            "message": f"Slots from {timestamp(slot)} on were missed; this trigger does not make up for them.",
        }
        self._states[place] = following
        await self._firing.note(
            flow,
            trigger,
            TriggerEvent(scheduled_at=slot),
            "Skipped",
            "RecurrenceMissed",
            error,
            lambda batch: self._catalog.set_trigger(batch, *place, following),
        )

    async def _keep(self, place: Place, state: TriggerState) -> None:
        self._states[place] = state
        batch = Batch()
        self._catalog.set_trigger(batch, *place, state)
        await self._catalog.commit(batch)

    # --- acting

    async def _run(self) -> None:
        while True:
            self._changed.clear()
            now = self._host.clock()
            due = sorted(
                (state.due_at, place)
                for place, state in self._states.items()
                if state.due_at is not None and place not in self._asking
            )
            if due and due[0][0] <= now:
                for at, place in due:
                    if at <= now:
                        await self._safely(place, self._act(place, at))
                continue
            # At least as long as an event loop can tell apart; a clock that was set is seen after `rearm_s`.
            wait_s = max((due[0][0] - now) / TICKS_PER_S, 1e-5) if due else float("inf")
            wait_s = min(wait_s, self._host.settings.rearm_s)
            try:
                # Not `wait_for`: in Python 3.11 it loses a cancel that comes together with the event.
                async with asyncio.timeout(wait_s if wait_s != float("inf") else None):
                    await self._changed.wait()
            except TimeoutError:
                pass

    async def _safely(self, place: Place, work: Awaitable[None]) -> None:
        """Do a trigger's work; whatever it meets, the others go on, and it is done again later."""
        state = self._states[place]
        try:
            await work
        except StorageFault as fault:
            _log.warning("the trigger of %s is tried again: %s", place[0], fault)
            await asyncio.sleep(self._host.settings.retry_max_s)
        except Exception:  # noqa: BLE001 - our own bug
            _log.exception("the trigger of %s is tried again", place[0])
            later = self._host.clock() + round(_AFTER_BUG_S * TICKS_PER_S)
            self._states[place] = msgspec.structs.replace(state, due_at=later)

    async def _act(self, place: Place, due: int) -> None:
        flow = self._flows.get(place[0])
        trigger = flow.trigger(place[1])
        recurrence = None if trigger is None else self._recurrence_of(flow, trigger)
        if trigger is None or not isinstance(recurrence, Recurrence) or not flow.row.is_enabled:
            await self._keep(place, msgspec.structs.replace(self._states[place], due_at=None))
            return
        try:
            if trigger.type.casefold() == "slidingwindow":
                await self._slide(flow, trigger, recurrence)
            elif trigger.type.casefold() == "recurrence":
                await self._recur(flow, trigger, recurrence, due)
            elif place not in self._asking:
                asking = asyncio.get_running_loop().create_task(
                    self._safely(place, self._ask(place, flow, trigger, recurrence, due))
                )
                self._asking[place] = asking
                asking.add_done_callback(lambda _: self._asked(place))
        except (RunafterError, *FAULTS) as fault:
            await self._failed(place, flow, trigger, recurrence, fault)

    async def _ask(self, place: Place, flow: Flow, trigger: Trigger, recurrence: Recurrence, due: int) -> None:
        """Poll beside the schedule: a slow service, or one that needs retries, holds up no other trigger."""
        try:
            await self._poll(flow, trigger, recurrence, due)
        except (RunafterError, *FAULTS) as fault:
            await self._failed(place, flow, trigger, recurrence, fault)

    def _asked(self, place: Place) -> None:
        self._asking.pop(place, None)
        self._changed.set()

    async def _failed(
        self, place: Place, flow: Flow, trigger: Trigger, recurrence: Recurrence, fault: BaseException
    ) -> None:
        """Try again what could not be made durable; go on to the next slot after any other fault."""
        if isinstance(fault, StorageFault):
            raise fault
        _log.error("the trigger of %s failed: %s", flow.name, fault)
        slot = next_slot(recurrence, self._host.clock(), self._states[place].started_at)
        await self._keep(place, _at(trigger, self._states[place], slot))

    async def _recur(self, flow: Flow, trigger: Trigger, recurrence: Recurrence, due: int) -> None:
        place = (flow.name, trigger.name)
        state = self._states[place]
        following = _at(trigger, state, next_slot(recurrence, max(due, self._host.clock() - 1), state.started_at))
        also = self._also(place, following)
        event = TriggerEvent(scheduled_at=due)
        if _is_single(trigger) and self._firing.is_busy(flow.name, trigger.name):
            error = {"code": "SingleInstance", "message": "A run of this flow is under way."}
            await self._firing.note(flow, trigger, event, "Skipped", "SingleInstance", error, also)
        else:
            await self._firing.fire(flow, trigger, event, also)
        self._states[place] = following

    async def _slide(self, flow: Flow, trigger: Trigger, recurrence: Recurrence) -> None:
        place = (flow.name, trigger.name)
        state = self._states[place]
        slot = state.window_at if state.window_at is not None else state.due_at
        assert slot is not None
        end = next_slot(recurrence, slot, state.started_at)
        following = _at(trigger, state, end)
        outputs = {"windowStartTime": timestamp(slot), "windowEndTime": timestamp(slot if end is None else end)}
        await self._firing.fire(
            flow, trigger, TriggerEvent(outputs=outputs, scheduled_at=slot), self._also(place, following)
        )
        self._states[place] = following

    async def _poll(self, flow: Flow, trigger: Trigger, recurrence: Recurrence, due: int) -> None:
        place = (flow.name, trigger.name)
        state = self._states[place]
        if _is_single(trigger) and self._firing.is_busy(flow.name, trigger.name):
            slot = next_slot(recurrence, max(due, self._host.clock()), state.started_at)
            await self._keep(place, _at(trigger, state, slot))
            return
        poll = await self._polls.ask(flow, trigger, state)
        if self._states[place] is not state:
            return  # switched off or changed meanwhile; the next poll brings the same again
        now = self._host.clock()
        slot = next_slot(recurrence, max(due, now), state.started_at)
        if poll.wait_s is not None:
            slot = now + round(poll.wait_s * TICKS_PER_S)
        following = msgspec.structs.replace(
            _at(trigger, state, slot), cursor=poll.cursor, failures=state.failures + 1 if poll.error else 0
        )
        also = self._also(place, following)
        event = TriggerEvent(outputs=poll.outputs, inputs=poll.inputs, scheduled_at=due, attempts=poll.attempts)
        if poll.error is not None:
            await self._firing.note(flow, trigger, event, "Failed", poll.error["code"], poll.error, also)
        elif not poll.fires:
            await self._firing.note(flow, trigger, event, "Skipped", poll.code, None, also)
        else:
            await self._firing.fire(flow, trigger, event, also)
        self._states[place] = following

    def _also(self, place: Place, state: TriggerState) -> Any:
        return lambda batch: self._catalog.set_trigger(batch, *place, state)


def _at(trigger: Trigger, state: TriggerState, slot: int | None) -> TriggerState:
    """Return the state with its next slot; a sliding window acts its delay later."""
    if trigger.type.casefold() != "slidingwindow" or slot is None:
        return msgspec.structs.replace(state, due_at=slot)
    return msgspec.structs.replace(state, window_at=slot, due_at=slot + round(_delay_s(trigger) * TICKS_PER_S))


def _delay_s(trigger: Trigger) -> float:
    inputs = trigger.inputs.source
    delay = inputs.get("delay") if isinstance(inputs, dict) else None
    try:
        return duration_s(delay) if isinstance(delay, str) else 0.0
    except ValueError:
        return 0.0


def _is_single(trigger: Trigger) -> bool:
    return "singleinstance" in {option.casefold() for option in trigger.operation_options}
