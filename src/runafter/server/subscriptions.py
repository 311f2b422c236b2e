"""Webhook triggers: subscribed for real when the flow is enabled, unsubscribed when it is disabled or removed.

A subscription that fails is asked for again, after ever longer waits up to five
minutes; each failure is told in the trigger's history. A connector's service says
in `Location` what to delete when the subscription ends.
Source: Microsoft Learn, "Webhook trigger" of "Create triggers for custom connectors", read 2026-11-21.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import msgspec

from runafter.catalog.catalog import Catalog
from runafter.catalog.rows import HistoryDetail, TriggerHistory, TriggerState
from runafter.engine.faults import FAULTS, message_of
from runafter.program.steps import Trigger
from runafter.server.flows import Flow, FlowBook
from runafter.server.polls import Polls
from runafter.server.signatures import Signer
from runafter.server.trigger_kinds import is_connector, is_subscribed
from runafter.storage.batch import Batch
from runafter.storage.faults import StorageFault

_log = logging.getLogger("runafter.server")
_FIRST_WAIT_S = 10.0
_LONGEST_WAIT_S = 300.0


class Subscriptions:
    """Keeps the subscriptions of webhook triggers in step with the flows' states."""

    def __init__(self, catalog: Catalog, flows: FlowBook, polls: Polls, signer: Signer) -> None:
        self._catalog = catalog
        self._flows = flows
        self._polls = polls
        self._signer = signer
        self._states: dict[tuple[str, str], TriggerState] = {}
        self._subscribed: dict[tuple[str, str], tuple[Flow, Trigger]] = {}
        self._lock = asyncio.Lock()
        self._failures = 0
        self._again: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._states = await self._catalog.trigger_states()
        await self.refresh()

    async def stop(self) -> None:
        """Ask for nothing more. What is subscribed stays so over a restart."""
        if self._again is not None:
            self._again.cancel()
            await asyncio.gather(self._again, return_exceptions=True)

    async def refresh(self) -> None:
        """Subscribe what is enabled and not subscribed; unsubscribe what is no longer wanted."""
        async with self._lock:
            missing = await self._refresh()
        self._failures = self._failures + 1 if missing else 0
        if missing and self._again is None:
            wait_s = min(_FIRST_WAIT_S * 2.0 ** (self._failures - 1), _LONGEST_WAIT_S)
            self._again = asyncio.get_running_loop().create_task(self._refresh_after(wait_s))

    async def _refresh_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._again = None
        try:
            await self.refresh()
        except StorageFault as fault:
            _log.warning("subscriptions are looked at again with the next change: %s", fault)

    async def _refresh(self) -> bool:
        """Do so once; say whether a subscription that is wanted is missing."""
        wanted: dict[tuple[str, str], tuple[Flow, Trigger]] = {}
        for flow in self._flows.all():
            for trigger in flow.program.triggers.values() if flow.program is not None else ():
                if is_subscribed(trigger) and flow.row.is_enabled:
                    wanted[flow.name, trigger.name] = (flow, trigger)
                elif is_subscribed(trigger):
                    self._subscribed.setdefault((flow.name, trigger.name), (flow, trigger))
        for place, (flow, trigger) in list(self._subscribed.items()):
            state = self._states.get(place, TriggerState())
            same = place in wanted and state.schedule == repr(trigger.inputs.source)
            if state.subscription is not None and not same:
                await self._unsubscribe(place, flow, trigger)
        for place, (flow, trigger) in wanted.items():
            state = self._states.get(place, TriggerState())
            if state.subscription is None:
                await self._subscribe(place, flow, trigger)
                self._subscribed[place] = (flow, trigger)
                continue
            # Another port, or a revoked key: what was given then is called in vain. And an emulated
            # service may have forgotten its subscribers while the server was down.
            url, _, _ = await self._signer.trigger_url(flow.name, trigger.name)
            if url != state.subscription["url"] or (is_connector(trigger) and place not in self._subscribed):
                await self._unsubscribe(place, flow, trigger)
                await self._subscribe(place, flow, trigger)
            self._subscribed[place] = (flow, trigger)
        return any(self._states[place].subscription is None for place in wanted)

    async def _subscribe(self, place: tuple[str, str], flow: Flow, trigger: Trigger) -> None:
        url, _, _ = await self._signer.trigger_url(flow.name, trigger.name)
        fault: str | None = None
        kept: dict[str, str] = {"url": url}
        try:
            outcome = await self._polls.subscribe(flow, trigger, url)
            location = next((value for name, value in outcome.headers.items() if name.casefold() == "location"), None)
            if location is not None:
                kept["location"] = str(location)
            if outcome.status_code is None or not 200 <= outcome.status_code < 300:
                fault = outcome.message or f"The subscription was answered with {outcome.status_code}."
        except FAULTS as error:
            fault = message_of(error)
        if fault is not None:
            _log.warning("the trigger of %s is not subscribed", flow.name)
        subscription = None if fault is not None else kept
        await self._keep(place, TriggerState(subscription=subscription, schedule=repr(trigger.inputs.source)), fault)

    async def _unsubscribe(self, place: tuple[str, str], flow: Flow, trigger: Trigger) -> None:
        state = self._states[place]
        fault: str | None = None
        try:
            kept = state.subscription
            outcome = await self._polls.unsubscribe(flow, trigger, str(kept["url"]), kept.get("location"))
            if outcome is not None and (outcome.status_code is None or outcome.status_code >= 400):
                fault = outcome.message or f"Ending the subscription was answered with {outcome.status_code}."
        except FAULTS as error:
            fault = message_of(error)
        self._subscribed.pop(place, None)
        await self._keep(place, msgspec.structs.replace(state, subscription=None), fault)

    async def _keep(self, place: tuple[str, str], state: TriggerState, fault: str | None) -> None:
        self._states[place] = state
        batch = Batch()
        self._catalog.set_trigger(batch, *place, state)
        if fault is not None:
            self._catalog.add_history(batch, self._history(place, fault))
        await self._catalog.commit(batch)

    def _history(self, place: tuple[str, str], fault: str) -> TriggerHistory:
        now, identity = self._polls.stamp()
        error: dict[str, Any] = {"code": "SubscriptionFailed", "message": fault}
        return TriggerHistory(
            id=identity,
            flow=place[0],
            trigger=place[1],
            status="Failed",
            code="SubscriptionFailed",
            started_at=now,
            ended_at=now,
            detail=HistoryDetail(error=error),
        )
