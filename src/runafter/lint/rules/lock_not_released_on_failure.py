from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.handling import BAD
from runafter.lint.analysis.locks import locks_of
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at
from runafter.program.outline import Site


class LockNotReleasedOnFailure(Rule):
    """A lock is released only when everything under it succeeded.

    Why: one failure inside, and the lock stays until the lease ends; without an end, for ever.
    Instead: let the release run after Succeeded, Failed, Skipped and TimedOut of the section.
    Safe when: the lease is short and nobody minds waiting for its end.
    Source: Microsoft Learn, "Handle errors and exceptions in Azure Logic Apps" (run after statuses).
    """

    code = "LCK005"
    family = "locks"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for lock in locks_of(flow):
            if not lock.inside:
                continue
            if not lock.releases:
                if lock.lease_s == -1:
                    yield self.issue(
                        flow,
                        lock.acquire.part,
                        f"{lock.acquire.name!r} takes a lock without end, and nothing releases it",
                        sites=(lock.acquire,),
                    )
                continue
            if not any(_runs_after_failure(each) for release in lock.releases for each in release.chain()):
                release = lock.releases[0]
                yield self.issue(
                    flow,
                    release.part,
                    f"{release.name!r} releases the lock only when all before it succeeded",
                    sites=(release, lock.acquire),
                    evidence=[at(f"{lock.inside[0].name!r} may fail under the lock", lock.inside[0])],
                )


def _runs_after_failure(site: Site) -> bool:
    return any(BAD & set(statuses) for statuses in site.run_after.values())
