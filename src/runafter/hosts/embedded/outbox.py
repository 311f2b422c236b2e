"""Calls under way: each a task, its answer handed back as a value."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from runafter.hosts.outside import Outside, outcome_of
from runafter.protocol.commands import CallOperation
from runafter.protocol.events import Outcome


class Outbox:
    """Performs calls through `outside`; `answer(call, outcome)` is called on the loop, never for a cancelled call."""

    def __init__(self, outside: Outside, answer: Callable[[CallOperation, Outcome], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._outside = outside
        self._answer = answer
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def send(self, call: CallOperation) -> None:
        """Begin the call, unless it is under way already (its run was read again from the journal)."""
        if call.id not in self._tasks:
            self._tasks[call.id] = self._loop.create_task(self._perform(call))

    def cancel(self, call_id: str) -> None:
        task = self._tasks.pop(call_id, None)
        if task is not None:
            task.cancel()

    async def _perform(self, call: CallOperation) -> None:
        try:
            outcome = await self._outside.perform(call)
        except asyncio.CancelledError as error:
            if self._tasks.get(call.id) is not asyncio.current_task():
                raise
            outcome = outcome_of(error)
        except Exception as error:  # noqa: BLE001 - a connector's failure is the action's, not ours
            outcome = outcome_of(error)
        if self._tasks.pop(call.id, None) is not None:
            self._answer(call, outcome)

    async def close(self, grace_s: float) -> None:
        """Wait up to `grace_s` for answers, then cancel the rest."""
        tasks = list(self._tasks.values())
        if tasks and grace_s > 0:
            await asyncio.wait(tasks, timeout=grace_s)
        rest = list(self._tasks.values())
        self._tasks.clear()
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    def __len__(self) -> int:
        return len(self._tasks)
