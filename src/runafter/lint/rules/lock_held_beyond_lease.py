from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.holding import hold_s
from runafter.lint.analysis.locks import locks_of
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at


class LockHeldBeyondLease(Rule):
    """What is done under a lock can take longer than the lease lasts.

    Why: with retries and time-outs the section outlives its lease. Another run then acquires the lock, and both are inside.
    Instead: a `limit.timeout` on the calls inside so that their sum stays below the lease, or renew the lease, or send the
    lease id with the write so that a late one is refused with 412.
    Safe when: every write inside sends the lease id.
    Source: Microsoft Learn, "Lease Blob" (15 to 60 seconds, or for ever).
    """

    code = "LCK002"
    family = "locks"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for lock in locks_of(flow):
            if lock.lease_s is None or lock.lease_s < 0 or not lock.inside:
                continue
            holds = [(site, hold_s(flow, site)) for site in lock.inside]
            total = sum(hold for _, hold in holds)
            if total > lock.lease_s:
                yield self.issue(
                    flow,
                    lock.acquire.part,
                    f"{lock.acquire.name!r} leases for {lock.lease_s} s, and what is done under it can take {total:,.0f} s",
                    sites=(lock.acquire, *lock.inside),
                    evidence=[
                        at(f"{site.name!r} can take {hold:,.0f} s with its retries", site) for site, hold in holds[:4]
                    ],
                )
