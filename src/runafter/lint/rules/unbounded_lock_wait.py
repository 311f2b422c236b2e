from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.locks import locks_of
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at


class UnboundedLockWait(Rule):
    """A lock is asked for again and again without a limit of its own.

    Why: when the holder has died, everybody waits as long as the platform lets a loop run, and then goes on as if the lock
    were theirs.
    Instead: an Until with `limit.count`, and behind it a test that ends the run with a code such as LockTimeout.
    Safe when: never.
    Source: Microsoft Learn, "Lease Blob" (409 while another one holds the lease).
    """

    code = "LCK001"
    family = "locks"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for lock in locks_of(flow):
            loop = next((each for each in lock.acquire.around() if each.folded == "until"), None)
            if loop is not None and loop.part.at("limit", "count") is None:
                yield self.issue(
                    flow,
                    loop.part,
                    f"{loop.name!r} asks for the lock with {lock.acquire.name!r} and does not say how often",
                    sites=(loop, lock.acquire),
                    evidence=[at(f"{lock.acquire.name!r} acquires the lock", lock.acquire)],
                )
