from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.locks import locks_of
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at


class ForeignWorkUnderLock(Rule):
    """Mail, posts or waits happen while a lock is held.

    Why: everybody else waits for the mail server. The lock is to guard the shared record, nothing else.
    Instead: do only the read and the write of the shared record under the lock; tell people behind the release.
    Safe when: the message itself must not be sent twice at once.
    Source: Microsoft Learn, "Lease Blob"; the critical section of any textbook.
    """

    code = "LCK004"
    family = "locks"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for lock in locks_of(flow):
            for site in lock.inside:
                call = flow.call(site)
                if call is not None and (call.kind == "send" or call.waits):
                    yield self.issue(
                        flow,
                        site.part,
                        f"{site.name!r} ({call.title}) runs while the lock of {lock.acquire.name!r} is held",
                        sites=(site, lock.acquire),
                        evidence=[at(f"{lock.acquire.name!r} acquires the lock", lock.acquire)],
                    )
