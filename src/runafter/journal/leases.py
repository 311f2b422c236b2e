"""Which host drives which run: owners, leases, parked runs, mail for runs that another host drives.

A lease is one row per host, renewed once for all its runs. A run may be taken
when it has no owner, or its owner's lease is over. On PostgreSQL the server's
clock judges leases, so hosts need not agree on the time.
"""

from __future__ import annotations

from runafter.journal import codec
from runafter.journal.journal import Journal
from runafter.protocol.events import Event


class Leases:
    """The lease statements of one database. Times are ticks; `now` is the host's clock."""

    def __init__(self, journal: Journal) -> None:
        self._storage = journal.storage
        self._statements = journal.statements

    async def renew(self, owner: str, now: int, lease_ticks: int) -> None:
        await self._storage.execute(self._statements["renew_lease"], owner, now, lease_ticks)

    async def end(self, owner: str) -> None:
        await self._storage.execute(self._statements["end_lease"], owner)

    async def purge(self, now: int) -> None:
        """Forget hosts that are gone and own nothing, and mail for runs that are over."""
        await self._storage.execute(self._statements["purge_mail"])
        await self._storage.execute(self._statements["purge_leases"], now)

    async def take(self, owner: str, now: int, limit: int) -> list[str]:
        """Take up to `limit` runs that nobody drives and that have something to do; oldest first."""
        rows = await self._storage.execute(self._statements["take_runs"], owner, now, limit)
        return sorted((row[0] for row in rows), reverse=True)

    async def take_one(self, owner: str, now: int, run_id: str) -> bool:
        """Take this run, also when it is parked. False when it is over or a living host drives it."""
        return bool(await self._storage.execute(self._statements["take_run"], owner, now, run_id))

    async def release(self, run_id: str, owner: str, wake_at: int | None, status: str) -> bool:
        """Give the run up; it need not be looked at before `wake_at`."""
        return bool(await self._storage.execute(self._statements["release_run"], run_id, owner, wake_at, status))

    async def release_all(self, owner: str) -> int:
        """Give up all runs; return how many."""
        return len(await self._storage.execute(self._statements["release_all"], owner))

    async def owners(self) -> list[str]:
        """Return all hosts that have a lease, run out or not."""
        return [row[0] for row in await self._storage.fetch(self._statements["read_owners"])]

    async def living(self, now: int) -> list[str]:
        """Return the hosts whose lease has not run out."""
        return [row[0] for row in await self._storage.fetch(self._statements["read_living"], now)]

    async def owned(self, owner: str) -> set[str]:
        rows = await self._storage.fetch(self._statements["read_owned"], owner)
        return {row[0] for row in rows}

    async def parked(self, now: int, limit: int) -> list[tuple[str, int]]:
        """Return (run, wake_at) of the runs that wake next."""
        rows = await self._storage.fetch(self._statements["read_parked"], now, limit)
        return [(row[0], row[1]) for row in rows]

    async def post(self, run_id: str, event: Event) -> None:
        """Leave an event for the host that drives the run."""
        await self._storage.execute(self._statements["insert_mail"], run_id, codec.encode(event))

    async def mail(self, owner: str) -> list[tuple[int, str, Event]]:
        """Return (mail id, run, event) for the owner's runs; delete each in the batch that appends it."""
        rows = await self._storage.fetch(self._statements["read_mail"], owner)
        return [(row[0], row[1], codec.decode_event(row[2])) for row in rows]

    async def mail_of(self, run_id: str) -> list[tuple[int, str, Event]]:
        rows = await self._storage.fetch(self._statements["read_run_mail"], run_id)
        return [(row[0], row[1], codec.decode_event(row[2])) for row in rows]
