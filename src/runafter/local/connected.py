"""The live connections of a project: calls through them leave the machine, in real time only."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from runafter.connectors.live import LiveConnectors
from runafter.hosts.clock import machine_clock
from runafter.local.tenant import HostClock
from runafter.project.connections import ConnectionSetting
from runafter.protocol.commands import CallOperation
from runafter.protocol.events import Outcome
from runafter.tenant.tenant import Tenant


class Connected:
    """Performs calls whose connection is live. Without `is_real` it refuses them by name: virtual time waits for nobody."""

    def __init__(self, settings: Mapping[str, ConnectionSetting], *, is_real: bool) -> None:
        self._settings = {name.casefold(): setting for name, setting in settings.items() if setting.live is not None}
        self._is_real = is_real
        self._connectors: LiveConnectors | None = None
        self._calls = 0
        self._is_retired = False
        self._names = {name: setting.live for name, setting in settings.items() if setting.live is not None}

    def serves(self, call: CallOperation) -> bool:
        """Return whether the call goes through a live connection."""
        return (call.target.connection or "").casefold() in self._settings

    async def perform(self, call: CallOperation) -> Outcome:
        """Perform the call on the real service."""
        if not self._is_real:
            return Outcome(
                code="LiveConnection",
                message=f"The connection {call.target.connection!r} is live, and virtual time does not wait for real "
                'services: run without --virtual, or set transport = "emulated" in connections.toml.',
                retriable=False,
            )
        if self._connectors is None:
            self._connectors = LiveConnectors(HostClock(machine_clock), self._names)
        name = self._settings[(call.target.connection or "").casefold()].name
        if name != call.target.connection:
            call = msgspec.structs.replace(call, target=msgspec.structs.replace(call.target, connection=name))
        self._calls += 1
        try:
            return await self._connectors.perform(call)
        finally:
            self._calls -= 1
            if self._is_retired and self._calls == 0:
                await self.close()

    async def retire(self) -> None:
        """Close as soon as no call is under way: others have taken over."""
        self._is_retired = True
        if self._calls == 0:
            await self.close()

    async def close(self) -> None:
        """Close connections and pools at once."""
        if self._connectors is not None:
            await self._connectors.close()
            self._connectors = None


def connect_tenant(tenant: Tenant, settings: Mapping[str, ConnectionSetting]) -> None:
    """Tell the tenant who stands behind the emulated connections."""
    for name, setting in settings.items():
        if setting.live is None and (setting.user or setting.idempotent or setting.settings):
            tenant.connect(
                name, user=setting.user or tenant.user, idempotent=setting.idempotent, settings=setting.settings
            )
