"""Calls of triggers, sent again by the trigger's retry policy as those of actions are."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

from runafter.engine.calls import CONNECTION_CODES
from runafter.engine.outcome import status_name
from runafter.hosts.clock import Clock
from runafter.program.retry import RetryPolicy, is_retriable, wait_bounds_s
from runafter.protocol.commands import Attempt
from runafter.protocol.events import Outcome


async def retried(
    send: Callable[[], Awaitable[Outcome]], policy: RetryPolicy, clock: Clock, rng: random.Random
) -> tuple[Outcome, tuple[Attempt, ...]]:
    """Send until it succeeds or the policy is used up; return the last outcome and the failed attempts.

    A call that failed once only and is not worth another has no attempts, as in an action's retry history.
    """
    attempts: list[Attempt] = []
    while True:
        began = clock()
        outcome = await send()
        is_failed = outcome.status_code is None or outcome.status_code >= 400
        number = len(attempts) + 1
        wait_s = None
        if is_failed and is_worth_another(outcome) and number <= policy.count:
            low, high = wait_bounds_s(policy, number)
            wait_s = max(low + rng.random() * (high - low), outcome.retry_after_s or 0.0)
        if is_failed and (wait_s is not None or attempts):
            attempts.append(
                Attempt(
                    started_at=began,
                    ended_at=clock(),
                    code=outcome.code if outcome.status_code is None else status_name(outcome.status_code),
                    status_code=outcome.status_code,
                    retry_after_s=outcome.retry_after_s,
                    wait_s=wait_s,
                )
            )
        if wait_s is None:
            return outcome, tuple(attempts)
        await asyncio.sleep(wait_s)


def is_worth_another(outcome: Outcome) -> bool:
    """Say whether a failed call is worth another attempt."""
    if outcome.retriable is not None:
        return outcome.retriable
    if outcome.status_code is not None:
        return is_retriable(outcome.status_code)
    return outcome.code in CONNECTION_CODES
