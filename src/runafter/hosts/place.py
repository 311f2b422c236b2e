"""The narrow interface between a run and what gives it a machine.

An existing distributed engine can implement it and place runs, while the
journal keeps the steps. `tests/contracts/host.py` is its conformance suite.
"""

from __future__ import annotations

from typing import Protocol

from runafter.protocol.commands import FinishRun
from runafter.protocol.events import Event


class Placement(Protocol):
    """One place that can drive runs of a database."""

    async def place(self, run_id: str) -> bool:
        """Take charge of the run and continue it. False when it is over, or in the charge of a living place."""
        ...

    async def drive(self, run_id: str) -> FinishRun | None:
        """Return when the run is over, or None when it was parked: it waits, and holds no memory here."""
        ...

    async def wake(self, run_id: str, event: Event) -> bool:
        """Give the run an event, wherever it is, and return when the event cannot be lost. False when the run is over."""
        ...
