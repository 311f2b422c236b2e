"""The embedded host under the conformance suite, on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
from tests.contracts.host import *  # noqa: F403 - the suite is the module
from tests.hosts.flows import TRIGGER, Echo, chain, http, load, load_program, wait, webhook

from runafter.hosts.embedded.host import Host
from runafter.hosts.embedded.settings import HostSettings
from runafter.protocol.commands import CallOperation
from runafter.protocol.events import Outcome
from runafter.storage.open import open_storage

FLOWS = {
    "three": chain(One=http(), Two=http(), Three=http()),
    "ask": chain(Ask=webhook(), Then=http()),
    "pause": chain(One=http(), Pause=wait(1), Two=http()),
}


class _Slow(Echo):
    def __init__(self, delay_s: float, counts: Counter[str]) -> None:
        super().__init__(delay_s)
        self.counts = counts

    async def perform(self, call: CallOperation) -> Outcome:
        self.counts[call.action] += 1
        return await super().perform(call)


class HostWorld:
    def __init__(self, url: str) -> None:
        self.url = url
        self.counts: Counter[str] = Counter()
        self.hosts: list[Host] = []

    async def place(self, *, delay_s: float = 0.0, park_after_s: float | None = None) -> Host:
        settings = HostSettings(
            lease_s=0.5, renew_s=0.1, park_after_s=park_after_s, stop_grace_s=0.0, poll_s=0.05, retry_min_s=0.02
        )
        storage = await open_storage(self.url)
        host = Host(storage, _Slow(delay_s, self.counts), load_program=load_program, settings=settings)
        await host.start()
        self.hosts.append(host)
        return host

    async def kill(self, place: Host) -> None:
        """Nothing of this host happens any more; its lease stays."""
        self.hosts.remove(place)
        await place._tenure.stop()
        place.loop.is_stopping = True
        await place.loop.outbox.close(0)
        place.loop.timers.close()
        await place.journal.storage.close()

    async def begin(self, place: Host, kind: str) -> str:
        source = FLOWS[kind]
        return await place.start_run(load(source), TRIGGER, source=source, callback_base="https://flows.test/")

    def calls(self, action: str) -> int:
        return self.counts[action]

    async def statuses(self, run_id: str) -> dict[str, str]:
        rows = await self.hosts[-1].journal.history.actions(run_id)
        return {row.action: row.status for row in rows}


@pytest.fixture
async def world(shared_url) -> Any:
    made = HostWorld(shared_url)
    yield made
    for host in made.hosts:
        await host.stop()
        await host.journal.storage.close()
    await asyncio.sleep(0)
