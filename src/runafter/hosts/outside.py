"""What a host needs from those who know connectors: perform one call, end as an `Outcome`."""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from runafter.errors import RunafterError
from runafter.protocol.commands import CallOperation
from runafter.protocol.events import Outcome

_log = logging.getLogger("runafter.hosts")


class Outside(Protocol):
    """Performs calls: connectors, mocks, child flows."""

    async def perform(self, call: CallOperation) -> Outcome:
        """Perform the call once. Cancelled when nobody waits for the answer any more.

        The same `call.idempotency_key` comes again when a host died before the
        answer was durable, and for each retry.
        """
        ...


def outcome_of(error: BaseException) -> Outcome:
    """Turn what a connector raised into a failed answer: the run goes on, retries included."""
    match error:
        case TimeoutError():
            return Outcome(code="RequestTimedOut", message=str(error) or "The call timed out.", retriable=True)
        case asyncio.CancelledError():
            return Outcome(code="ConnectorFailed", message="The connector cancelled itself.")
        case OSError():
            return Outcome(code="ConnectionFailed", message=str(error) or type(error).__name__, retriable=True)
        case RunafterError():
            return Outcome(code=error.code, message=str(error))
        case _:
            _log.error("a connector raised an exception", exc_info=error)
            return Outcome(code="ConnectorFailed", message=f"{type(error).__name__}: {error}")
