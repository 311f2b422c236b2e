from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.locks import locks_of
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at


class LockReleasedByDelete(Rule):
    """A lock is released by deleting the thing that carries it.

    Why: DELETE removes the blob. The next run finds nothing to lease, or creates it anew while another one believes it
    holds the lock.
    Instead: `PUT ?comp=lease` with `x-ms-lease-action: release` and the lease id.
    Safe when: never.
    Source: Microsoft Learn, "Lease Blob" and "Delete Blob".
    """

    code = "LCK003"
    severity = "error"
    family = "locks"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for lock in locks_of(flow):
            for site in lock.releases:
                call = flow.call(site)
                if call is not None and call.kind == "delete":
                    yield self.issue(
                        flow,
                        site.part,
                        f"{site.name!r} deletes what {lock.acquire.name!r} has leased, instead of releasing it",
                        sites=(site, lock.acquire),
                        evidence=[at(f"{lock.acquire.name!r} acquires the lease", lock.acquire)],
                        hint="PUT ?comp=lease with x-ms-lease-action: release and the lease id.",
                    )
