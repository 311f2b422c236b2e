"""Webhook triggers: subscribed for real when the flow is enabled, unsubscribed when it is disabled or removed."""

from __future__ import annotations

import logging
from typing import Any

import msgspec

from runafter.catalog.catalog import Catalog
from runafter.catalog.rows import TriggerHistory, TriggerState
from runafter.engine.faults import FAULTS, message_of
from runafter.program.steps import Trigger
from runafter.server.flows import Flow, FlowBook
from runafter.server.polls import Polls, is_connector, is_subscribed
from runafter.server.signatures import Signer
from runafter.storage.batch import Batch

_log = logging.getLogger("runafter.server")


class Subscriptions:
    """Keeps the subscriptions of webhook triggers in step with the flows' states."""

    def __init__(self, catalog: Catalog, flows: FlowBook, polls: Polls, signer: Signer) -> None:
        self._catalog = catalog
        self._flows = flows
        self._polls = polls
        self._signer = signer
        self._states: dict[tuple[str, str], TriggerState] = {}
        self._subscribed: dict[tuple[str, str], tuple[Flow, Trigger]] = {}

    async def start(self) -> None:
        self._states = await self._catalog.trigger_states()
        await self.refresh()

    async def refresh(self) -> None:
        """Subscribe what is enabled and not subscribed; unsubscribe what is no longer wanted."""
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
            if state.subscription is not None and is_connector(trigger) and place not in self._subscribed:
                # An emulated service may have forgotten it while the server was down.
                await self._unsubscribe(place, flow, trigger)
                state = self._states[place]
            if state.subscription is None:
                await self._subscribe(place, flow, trigger)
            self._subscribed[place] = (flow, trigger)

    async def _subscribe(self, place: tuple[str, str], flow: Flow, trigger: Trigger) -> None:
        url, _, _ = await self._signer.trigger_url(flow.name, trigger.name)
        fault: str | None = None
        try:
            outcome = await self._polls.subscribe(flow, trigger, url)
            if outcome.status_code is None or not 200 <= outcome.status_code < 300:
                fault = outcome.message or f"The subscription was answered with {outcome.status_code}."
        except FAULTS as error:
            fault = message_of(error)
        if fault is not None:
            _log.warning("the trigger of %s is not subscribed", flow.name)
        subscription = None if fault is not None else {"url": url}
        await self._keep(place, TriggerState(subscription=subscription, schedule=repr(trigger.inputs.source)), fault)

    async def _unsubscribe(self, place: tuple[str, str], flow: Flow, trigger: Trigger) -> None:
        state = self._states[place]
        fault: str | None = None
        try:
            outcome = await self._polls.unsubscribe(flow, trigger, str(state.subscription["url"]))
            if outcome is not None and outcome.status_code is None:
                fault = outcome.message
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
        from runafter.catalog.rows import HistoryDetail

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
