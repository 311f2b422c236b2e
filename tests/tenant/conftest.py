"""Tenants on clocks that tests turn."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from runafter.protocol.commands import CallOperation, Target
from runafter.protocol.events import Outcome
from runafter.tenant.clock import ManualClock
from runafter.tenant.seeds import apply_seed
from runafter.tenant.tenant import Tenant

Perform = Callable[..., Awaitable[Outcome]]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def make(clock: ManualClock) -> Callable[..., Tenant]:
    def build(content: dict[str, Any] | None = None, **more: Any) -> Tenant:
        tenant = Tenant(clock=more.pop("clock", clock), **more)
        apply_seed(tenant, content or {})
        return tenant

    return build


_numbers = itertools.count(1)


@pytest.fixture
def call() -> Perform:
    async def perform(tenant: Tenant, api: str, operation: str, parameters: dict[str, Any], **more: Any) -> Outcome:
        number = next(_numbers)
        connection = more.pop("connection", "shared")
        return await tenant.perform(
            CallOperation(
                id=more.pop("id", f"r/a/{number}"),
                run_id="r",
                action="a",
                target=Target(type="OpenApiConnection", api=api, operation=operation, connection=connection),
                inputs={"parameters": parameters, **more.pop("inputs", {})},
                **more,
            )
        )

    return perform


@pytest.fixture
def http() -> Perform:
    async def perform(tenant: Tenant, method: str, uri: str, **inputs: Any) -> Outcome:
        command = CallOperation(
            id=inputs.pop("id", f"r/h/{next(_numbers)}"),
            run_id="r",
            action="h",
            target=Target(type="Http"),
            inputs={"method": method, "uri": uri, **inputs},
        )
        return await tenant.perform(command)

    return perform
