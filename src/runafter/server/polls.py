"""What triggers ask of the outside: a poll, and a webhook's subscription, over HTTP or by a connector.

An Http trigger fires on 200; on 202 it asks again after `Retry-After`, at
`Location` where that is given; any other answer is a failed poll, once the
trigger's retry policy is used up.
Source: Microsoft Learn, "Workflow triggers and actions reference", HTTP trigger, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from runafter.catalog.rows import TriggerState
from runafter.engine.faults import FAULTS, message_of
from runafter.engine.triggers import TriggerScope
from runafter.expressions.template import compile_template
from runafter.hosts.embedded.host import Host
from runafter.hosts.outside import Outside, outcome_of
from runafter.program.retry import RetryFault, parse_policy
from runafter.program.steps import Trigger
from runafter.protocol.commands import Attempt, CallOperation, Target
from runafter.protocol.events import Outcome
from runafter.protocol.ids import run_name
from runafter.server.arrivals import arrivals, is_for_new_rows
from runafter.server.flows import Flow
from runafter.server.retrying import retried
from runafter.server.trigger_kinds import fetched, is_connector, polls_connector


def _operation(trigger: Trigger, inputs: Mapping[str, Any]) -> str:
    """Return the operation's name, or the path that stands for it."""
    if trigger.target is not None and trigger.target.operation:
        return trigger.target.operation
    return str(inputs.get("path", "")).rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """What a poll brought. `wait_s` overrules the schedule; `cursor` is kept for the next poll."""

    fires: bool = False
    outputs: Mapping[str, Any] = field(default_factory=dict)
    inputs: Any = None
    code: str | None = None
    error: dict[str, Any] | None = None
    wait_s: float | None = None
    cursor: Any = None
    attempts: tuple[Attempt, ...] = ()


class Polls:
    """Performs the calls of triggers through the same outside as those of actions."""

    def __init__(self, host: Host, outside: Outside) -> None:
        self._host = host
        self._outside = outside

    def stamp(self) -> tuple[int, str]:
        """Return now and a new history name."""
        now = self._host.clock()
        return now, run_name(now, self._host.rng.getrandbits(36))

    async def ask(self, flow: Flow, trigger: Trigger, state: TriggerState) -> Poll:
        """Poll once; an expression or a call that fails is a failed poll, not an exception."""
        try:
            inputs = trigger.inputs.evaluate(self._scope(flow, trigger))
        except FAULTS as fault:
            return Poll(error={"code": "InvalidTemplate", "message": message_of(fault)})
        asked = dict(inputs) if isinstance(inputs, Mapping) else {}
        if polls_connector(trigger):
            return await self._ask_connector(flow, trigger, state, fetched(asked))
        if isinstance(state.cursor, str):
            asked = {"method": "GET", "uri": state.cursor, "headers": asked.get("headers")}
        outcome, attempts = await self._retried(flow, trigger, asked, inputs)
        shown = None if trigger.secure_inputs else inputs
        if outcome.status_code is None:
            code = outcome.code or "ConnectionFailed"
            error = {"code": code, "message": outcome.message or code}
            return Poll(inputs=shown, error=error, attempts=attempts)
        outputs = {"statusCode": outcome.status_code, "headers": outcome.headers, "body": outcome.body}
        if outcome.status_code == 202:
            location = next((value for name, value in outcome.headers.items() if name.casefold() == "location"), None)
            wait_s = outcome.retry_after_s
            return Poll(
                inputs=shown, outputs=outputs, code="Accepted", wait_s=wait_s, cursor=location, attempts=attempts
            )
        if outcome.status_code == 200:
            return Poll(fires=True, inputs=shown, outputs=outputs, wait_s=outcome.retry_after_s, attempts=attempts)
        error = {"code": "TriggerPollFailed", "message": f"The poll was answered with {outcome.status_code}."}
        return Poll(inputs=shown, outputs=outputs, error=error, wait_s=outcome.retry_after_s, attempts=attempts)

    async def _ask_connector(self, flow: Flow, trigger: Trigger, state: TriggerState, inputs: dict[str, Any]) -> Poll:
        """Poll a connector; what it brought before starts no run again.

        A service that keeps the state itself sends it along in `Location`, where the next poll goes, and answers
        202 while there is nothing; of one that does not, the rows are told apart here.
        """
        location = state.cursor.get("location") if isinstance(state.cursor, Mapping) else None
        outcome, attempts = await self._retried(flow, trigger, inputs, inputs, location)
        shown = None if trigger.secure_inputs else inputs
        if outcome.status_code is None or outcome.status_code >= 300:
            code = outcome.code or "TriggerPollFailed"
            message = outcome.message or f"The poll was answered with {outcome.status_code}."
            error = {"code": code, "message": message}
            return Poll(inputs=shown, error=error, wait_s=outcome.retry_after_s, cursor=state.cursor, attempts=attempts)
        following = next((value for name, value in outcome.headers.items() if name.casefold() == "location"), location)
        if following is not None:
            is_new = outcome.status_code == 200
            return Poll(
                fires=is_new,
                inputs=shown,
                outputs={"statusCode": 200, "headers": outcome.headers, "body": outcome.body} if is_new else {},
                code=None if is_new else "NoNewData",
                cursor={"location": str(following)},
                wait_s=outcome.retry_after_s,
                attempts=attempts,
            )
        found = arrivals(outcome.body, state.cursor, only_new=is_for_new_rows(_operation(trigger, inputs)))
        if found.body is None:
            return Poll(inputs=shown, code="NoNewData", cursor=found.cursor, attempts=attempts)
        outputs = {"statusCode": 200, "headers": outcome.headers, "body": found.body}
        return Poll(fires=True, inputs=shown, outputs=outputs, cursor=found.cursor, attempts=attempts)

    async def _retried(
        self, flow: Flow, trigger: Trigger, asked: dict[str, Any], inputs: Any, location: str | None = None
    ) -> tuple[Outcome, tuple[Attempt, ...]]:
        """Perform a poll, again by the policy in the trigger's inputs, or the profile's where it has none."""
        assert flow.program is not None
        written = inputs.get("retryPolicy") if isinstance(inputs, Mapping) else None
        try:
            policy = parse_policy(written, flow.program.profile)
        except RetryFault as fault:
            refused = Outcome(code="InvalidTemplate", message=f"The retry policy is invalid: {fault}.", retriable=False)
            return refused, ()

        async def send() -> Outcome:
            if location is None:
                return await self.perform(flow, trigger, asked)
            return await self.perform(flow, trigger, asked, purpose="poll", options={"location": location})

        return await retried(send, policy, self._host.clock, self._host.rng)

    async def subscribe(self, flow: Flow, trigger: Trigger, callback_url: str) -> Outcome:
        """Send the trigger's subscribing call."""
        inputs = trigger.inputs.evaluate(self._scope(flow, trigger, callback_url))
        if is_connector(trigger):
            return await self.perform(flow, trigger, dict(inputs), callback_url, purpose="subscribe")
        wanted = inputs.get("subscribe") if isinstance(inputs, Mapping) else None
        return await self.perform(flow, trigger, dict(wanted) if isinstance(wanted, Mapping) else {}, callback_url)

    async def unsubscribe(
        self, flow: Flow, trigger: Trigger, callback_url: str, location: str | None = None
    ) -> Outcome | None:
        """Send the trigger's unsubscribing call; None where the author gave none.

        `location` is what a connector's service answered to the subscription.
        """
        if is_connector(trigger):
            inputs = trigger.inputs.evaluate(self._scope(flow, trigger, callback_url))
            options = {} if location is None else {"location": location}
            return await self.perform(flow, trigger, dict(inputs), callback_url, purpose="unsubscribe", options=options)
        written = flow.definition.value["triggers"][trigger.name]["inputs"].get("unsubscribe")
        if not isinstance(written, Mapping) or not written.get("uri"):
            return None
        wanted = compile_template(dict(written)).evaluate(self._scope(flow, trigger, callback_url))
        return await self.perform(flow, trigger, wanted, callback_url)

    async def perform(
        self,
        flow: Flow,
        trigger: Trigger,
        inputs: dict[str, Any],
        callback_url: str | None = None,
        *,
        purpose: Literal["call", "subscribe", "unsubscribe", "poll"] = "call",
        options: Mapping[str, Any] | None = None,
    ) -> Outcome:
        call = CallOperation(
            id=f"{flow.name}/{trigger.name}/{self._host.clock()}",
            run_id="",
            action=trigger.name,
            target=trigger.target or Target(type="Http"),
            inputs=inputs,
            callback_url=callback_url,
            purpose=purpose,
            options=dict(options or {}),
        )
        try:
            return await self._outside.perform(call)
        except Exception as error:  # noqa: BLE001 - as for the calls of actions
            return outcome_of(error)

    def evaluated(self, flow: Flow, trigger: Trigger, value: Any) -> Any:
        """Return a part of a trigger with its expressions evaluated, before there is an event."""
        return compile_template(value).evaluate(self._scope(flow, trigger))

    def _scope(self, flow: Flow, trigger: Trigger, callback_url: str = "") -> TriggerScope:
        assert flow.program is not None
        defaults = {name: each.default for name, each in flow.program.parameters.items() if each.has_default}
        return TriggerScope(
            record={"name": trigger.name},
            at=self._host.clock(),
            parameters={**defaults, **flow.parameters},
            app_settings=flow.app_settings,
            workflow_record={"name": flow.name, "type": "Microsoft.Logic/workflows"},
            callback_url=callback_url,
            seed=self._host.rng.getrandbits(62),
        )
