"""Polls and subscriptions that fail: tried again by policy, told in the history, in nobody's way."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.server.world import Answers, flow, histories, recurrence, runtime, settle, statuses

from runafter.hosts.clock import TICKS_PER_S
from runafter.protocol.commands import CallOperation
from runafter.protocol.events import Outcome
from runafter.server.resources import Resources
from runafter.simulator.host import START_TICKS, run_virtual

DOWN = Outcome(status_code=503)
FIXED = {"type": "fixed", "count": 2, "interval": "PT10S"}


def polling(policy: dict[str, Any] | None = None, minutes: int = 5) -> dict[str, Any]:
    inputs: dict[str, Any] = {"method": "GET", "uri": "https://example.test/poll"}
    if policy is not None:
        inputs["retryPolicy"] = policy
    return {"type": "Http", "inputs": inputs, "recurrence": {"frequency": "Minute", "interval": minutes}}


def test_a_poll_is_retried_by_its_policy_and_the_history_tells_each_attempt():
    outside = Answers(start=[DOWN, DOWN, Outcome(status_code=200, body={"n": 1})])

    async def main(simulation):
        made = await runtime(simulation, flow(trigger=polling(FIXED)), outside=outside)
        await settle(60)
        (row,) = await made.catalog.histories("flow", limit=10)
        shown = await Resources(made).history(made.flows.get("flow"), row)
        await made.stop()
        return shown["properties"], [(each.ended_at - START_TICKS) // TICKS_PER_S for each in row.detail.attempts]

    shown, ended = run_virtual(main)

    assert (shown["status"], shown["fired"], ended) == ("Succeeded", True, [0, 10])
    assert [each["code"] for each in shown["retryHistory"]] == ["ServiceUnavailable"] * 2


def test_a_poll_that_never_succeeds_is_one_failed_row_per_slot():
    async def main(simulation):
        outside = Answers(start=DOWN)
        made = await runtime(simulation, flow(trigger=polling(FIXED)), outside=outside)
        await settle(330)
        rows = await made.catalog.histories("flow", limit=10)
        told = await histories(made), [len(row.detail.attempts) for row in rows], len(outside.asked)
        failures = made.schedule.state("flow", "start").failures
        await made.stop()
        return *told, failures

    told, attempts, asked, failures = run_virtual(main)

    assert told == [("Failed", "TriggerPollFailed")] * 2
    assert (attempts, asked, failures) == ([3, 3], 6, 2)


def test_without_a_policy_the_profile_s_own_counts():
    async def main(simulation):
        outside = Answers(start=DOWN)
        made = await runtime(simulation, flow(trigger=polling(minutes=600)), outside=outside)
        await settle(3600)
        await made.stop()
        return len(outside.asked)

    assert run_virtual(main) > 1


def test_an_answer_that_no_retry_mends_is_asked_for_once():
    async def main(simulation):
        outside = Answers(start=Outcome(status_code=404))
        made = await runtime(simulation, flow(trigger=polling(FIXED)), outside=outside)
        await settle(120)
        told = await histories(made), len(outside.asked)
        await made.stop()
        return told

    assert run_virtual(main) == ([("Failed", "TriggerPollFailed")], 1)


class Slow(Answers):
    """Takes ten minutes for every answer."""

    async def perform(self, call: CallOperation) -> Outcome:
        await asyncio.sleep(600)
        return await super().perform(call)


def test_a_slow_poll_holds_up_no_other_trigger():
    async def main(simulation):
        flows = flow("slow", trigger=polling()), flow("fast", trigger=recurrence("Minute", 1))
        made = await runtime(simulation, *flows, outside=Slow())
        await settle(590)
        before = len(await statuses(made, "fast")), len(await statuses(made, "slow"))
        await settle(20)
        told = *before, len(await statuses(made, "slow"))
        await made.stop()
        return told

    assert run_virtual(main) == (10, 0, 1)


def test_what_a_poll_brings_after_the_flow_was_disabled_starts_nothing():
    async def main(simulation):
        made = await runtime(simulation, flow(trigger=polling()), outside=Slow())
        await settle(60)
        await made.switch("flow", "Disabled")
        await settle(1200)
        told = await statuses(made), await histories(made), made.schedule.next_at("flow")
        await made.stop()
        return told

    assert run_virtual(main) == ([], [], None)


HOOK = {
    "type": "HttpWebhook",
    "inputs": {
        "subscribe": {"method": "POST", "uri": "https://example.test/s", "body": "@listCallbackUrl()"},
        "unsubscribe": {"method": "DELETE", "uri": "https://example.test/s"},
    },
}


def test_a_failed_subscription_is_told_and_tried_again():
    outside = Answers(start=[DOWN, DOWN, Outcome(status_code=201)])

    async def main(simulation):
        made = await runtime(simulation, flow(trigger=HOOK), outside=outside)
        first = len(outside.asked)
        await settle(3600)
        told = first, await histories(made), len(outside.asked)
        await made.stop()
        return told

    failed = ("Failed", "SubscriptionFailed")
    assert run_virtual(main) == (1, [failed, failed], 3)


def test_a_flow_that_is_disabled_asks_for_no_subscription_any_more():
    outside = Answers(start=DOWN)

    async def main(simulation):
        made = await runtime(simulation, flow(trigger=HOOK), outside=outside)
        await made.switch("flow", "Disabled")
        await settle(3600)
        await made.stop()
        return [call.inputs["method"] for call in outside.asked]

    assert run_virtual(main) == ["POST"]
