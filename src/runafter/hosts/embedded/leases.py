"""What a host owns: its lease, renewed once for all its runs; taking, parking and losing runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Protocol

from runafter.hosts.clock import TICKS_PER_S, Clock
from runafter.hosts.embedded.loop import LiveRun, RunLoop
from runafter.hosts.embedded.owner import is_dead
from runafter.hosts.embedded.replay import UnplayableRun
from runafter.hosts.embedded.settings import HostSettings
from runafter.journal.codec import CorruptJournal
from runafter.journal.journal import Journal
from runafter.journal.leases import Leases
from runafter.journal.rows import RunHeader
from runafter.protocol.commands import FinishRun
from runafter.storage.faults import StorageFault

_log = logging.getLogger("runafter.hosts")
_NEVER = 3_155_378_975_999_999_999  # the last tick of year 9999: only a signal wakes the run


class Holder(Protocol):
    """What a tenure needs of its host."""

    owner: str
    clock: Clock
    settings: HostSettings
    journal: Journal
    loop: RunLoop
    faults: dict[str, Exception]

    async def resume(self, run_id: str) -> LiveRun | None: ...
    def lost(self, live: LiveRun, header: RunHeader | None) -> None: ...
    def settle(self, run_id: str, finish: FinishRun | None) -> None: ...


class Tenure:
    """A host's claim on runs. On a database of our own (memory) there is nothing to renew."""

    def __init__(self, host: Holder) -> None:
        self._host = host
        self.leases = Leases(host.journal)
        self._is_shared = host.journal.storage.is_shared
        self._task: asyncio.Task[None] | None = None
        self._renewed_s = 0.0
        self.is_unsure = False
        """Something went wrong with the database: we may own runs that we do not drive."""

    async def start(self) -> None:
        """Get the lease; begin to take runs."""
        if self._is_shared:
            await self._renew()
            if self._host.settings.finds_dead_owners:
                await self._bury()
            await self.leases.purge(self._host.clock())
        self._task = asyncio.get_running_loop().create_task(self._run(), name="runafter-leases")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def give_up(self) -> None:
        """Let other hosts have our runs now."""
        try:
            await self.leases.release_all(self._host.owner)
            if self._is_shared:
                await self.leases.end(self._host.owner)
        except StorageFault as fault:
            _log.warning("the lease was not given up, it will run out: %s", fault)

    async def _run(self) -> None:
        host = self._host
        loop = asyncio.get_running_loop()
        is_first = True
        while True:
            wait_s = host.settings.renew_s
            try:
                if self._is_shared and not is_first:
                    was_late = loop.time() - self._renewed_s > host.settings.lease_s
                    await self._renew()
                    if was_late:
                        await self._drop_lost()
                    if host.settings.finds_dead_owners:
                        await self._bury()
                is_first = False
                if self.is_unsure:
                    await self._reconcile()
                await self._take()
                if self._is_shared:
                    await self._read_mail()
                    await self._park()
                    wait_s = await self._next_wake_s(wait_s)
            except StorageFault as fault:
                _log.warning("leases: %s", fault)
                self.is_unsure = True
                wait_s = min(wait_s, host.settings.retry_max_s)
            if not self._is_shared:
                return
            await asyncio.sleep(wait_s)

    async def _renew(self) -> None:
        host = self._host
        before_s = asyncio.get_running_loop().time()
        await self.leases.renew(host.owner, host.clock(), int(host.settings.lease_s * TICKS_PER_S))
        self._renewed_s = before_s

    async def _bury(self) -> None:
        """End the leases of hosts whose process on this machine is gone."""
        for owner in await self.leases.owners():
            if owner != self._host.owner and is_dead(owner):
                _log.info("host %s is dead, its runs are taken over", owner)
                await self.leases.end(owner)

    async def _drop_lost(self) -> None:
        """We slept past our lease: drop what others took meanwhile."""
        owned = await self.leases.owned(self._host.owner)
        for live in list(self._host.loop.lives.values()):
            if live.id not in owned and live.position > len(live.unsaved):
                self._host.lost(live, await self._host.journal.run(live.id))

    async def _take(self) -> None:
        """Take runs in bounded batches until there are none or we have enough."""
        host = self._host
        while True:
            room = min(host.settings.take_at_once, host.settings.most_runs - len(host.loop.lives))
            if room <= 0:
                return
            taken = await self.leases.take(host.owner, host.clock(), room)
            await self._resume(taken)
            if len(taken) < room:
                return

    async def _resume(self, runs: Iterable[str]) -> None:
        for run_id in runs:
            try:
                await self._host.resume(run_id)
            except (CorruptJournal, UnplayableRun) as error:
                _log.error("run %s cannot be continued: %s", run_id, error)

    async def _reconcile(self) -> None:
        """Drive what we own and do not drive: a commit or a read of it went wrong."""
        host = self._host
        self.is_unsure = False
        owned = await self.leases.owned(host.owner)
        await self._resume(sorted(owned - host.loop.lives.keys() - host.faults.keys(), reverse=True))

    async def _read_mail(self) -> None:
        host = self._host
        for number, run_id, event in await self.leases.mail(host.owner):
            live = host.loop.lives.get(run_id)
            if live is not None and number not in live.mail:
                host.loop.receive(live, event, mail=number)

    async def _park(self) -> None:
        """Let runs leave memory that wait for late timers or signals alone."""
        host = self._host
        after_s = host.settings.park_after_s
        if after_s is None:
            return
        horizon = host.clock() + int(after_s * TICKS_PER_S)
        for live in list(host.loop.lives.values()):
            if _is_idle(live) and min(live.timers.values(), default=_NEVER) > horizon:
                wake_at = min(live.timers.values(), default=_NEVER)
                host.loop.drop(live)
                await self.leases.release(live.id, host.owner, wake_at, "Waiting")
                host.settle(live.id, None)

    async def _next_wake_s(self, most_s: float) -> float:
        now = self._host.clock()
        parked = await self.leases.parked(now, 1)
        if not parked:
            return most_s
        return max(0.0, min(most_s, (parked[0][1] - now) / TICKS_PER_S))


def _is_idle(live: LiveRun) -> bool:
    return not (live.calls or live.unsaved or live.held or live.stale or live.proceed or live.finish)
