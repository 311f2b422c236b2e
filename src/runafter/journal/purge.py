"""Deleting old runs: header, events, history, and contents that nothing shows any more."""

from __future__ import annotations

from runafter.journal.journal import Journal
from runafter.storage.batch import Batch

_AT_ONCE = 500
_ENDED = ("Succeeded", "Failed", "Cancelled", "TimedOut")


async def purge_runs(journal: Journal, before: int, *, flow: str | None = None) -> int:
    """Delete runs that began before a moment (ticks) and are over; return how many. Runs under way stay."""
    statements = journal.statements
    deleted = 0
    while True:
        found = await journal.runs(flow=flow, statuses=_ENDED, started_before=before, limit=_AT_ONCE)
        if not found:
            break
        batch = Batch()
        for header in found:
            batch.add(statements["delete_actions"], header.id)
            batch.add(statements["delete_journal"], header.id)
            batch.add(statements["delete_run"], header.id)
        journal.storage.submit(batch)
        await journal.storage.flush()
        deleted += len(found)
    if deleted:
        await journal.storage.execute(statements["purge_contents"])
    return deleted
