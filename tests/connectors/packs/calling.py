"""Calls of one pack against a fresh tenant whose clock only moves when told."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping
from typing import Any

from runafter.protocol.commands import CallOperation, Target
from runafter.protocol.events import Outcome
from runafter.tenant.clock import ManualClock
from runafter.tenant.seeds import apply_seed
from runafter.tenant.tenant import Tenant

_numbers = itertools.count(1)


class Service:
    """One connector of a tenant, called as each dialect calls it."""

    def __init__(self, connector: str, seed: Mapping[str, Any] | None = None, *, number: int = 0) -> None:
        self.connector = connector
        self.clock = ManualClock()
        self.tenant = Tenant(clock=self.clock, seed=number)
        if seed is not None:
            apply_seed(self.tenant, {connector: seed})

    def _perform(self, target: Target, inputs: Mapping[str, Any]) -> Outcome:
        ident = f"r/a/{next(_numbers)}"
        call = CallOperation(id=ident, run_id="r", action="a", target=target, inputs=dict(inputs))
        return asyncio.run(self.tenant.perform(call))

    def perform(self, call: CallOperation) -> Outcome:
        return asyncio.run(self.tenant.perform(call))

    def call(self, operation: str, **parameters: Any) -> Outcome:
        """Call as Power Automate does; `item__Title` stands for `item/Title`."""
        flat = {name.replace("__", "/"): value for name, value in parameters.items()}
        target = Target(type="OpenApiConnection", api=f"shared_{self.connector}", operation=operation)
        return self._perform(target, {"parameters": flat})

    def request(self, method: str, path: str, body: Any = None, **queries: Any) -> Outcome:
        """Call as Logic Apps Consumption does."""
        inputs: dict[str, Any] = {"method": method, "path": path, "queries": queries}
        if body is not None:
            inputs["body"] = body
        return self._perform(Target(type="ApiConnection", api=self.connector), inputs)

    def built_in(self, provider: str, operation: str, **parameters: Any) -> Outcome:
        """Call as Logic Apps Standard does."""
        target = Target(type="ServiceProvider", api=f"/serviceProviders/{provider}", operation=operation)
        return self._perform(target, {"parameters": parameters})
