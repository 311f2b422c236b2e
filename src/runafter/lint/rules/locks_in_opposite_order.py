from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.locks import Lock, locks_of, takes_under
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at


class LocksInOppositeOrder(Rule):
    """Two locks are taken in one order here and in the opposite order there.

    Why: each side holds the lock that the other waits for. Neither goes on until a lease ends, and with leases without
    end neither ever does.
    Instead: take the locks in one order everywhere, for instance by name; or make one lock of both.
    Safe when: the two places never run together, within one run or in two.
    Source: Coffman, Elphick, Shoshani: "System Deadlocks" (1971), circular wait; from memory.
    """

    code = "LCK006"
    severity = "error"
    family = "locks"

    def check(self, flow: Flow) -> Iterator[Issue]:
        locks = [lock for lock in locks_of(flow) if lock.resource]
        pairs: dict[tuple[str, str], tuple[Lock, Lock]] = {}
        for held, taken in ((a, b) for a in locks for b in locks if a.resource != b.resource):
            if takes_under(flow, held, taken):
                pairs.setdefault((held.resource, taken.resource), (held, taken))
        for (first, second), (held, taken) in pairs.items():
            opposite = pairs.get((second, first))
            if opposite is None or held.acquire.order > opposite[0].acquire.order:
                continue
            sites = (held.acquire, taken.acquire, opposite[0].acquire, opposite[1].acquire)
            yield self.issue(
                flow,
                opposite[1].acquire.part,
                f"{sites[3].name!r} takes the lock of {sites[0].name!r} while {sites[2].name!r} holds that of "
                f"{sites[1].name!r}, which are taken the other way round elsewhere",
                sites=sites,
                evidence=[
                    at(f"here {sites[0].name!r} comes first, then {sites[1].name!r}", sites[1]),
                    at(f"there {sites[2].name!r} comes first, then {sites[3].name!r}", sites[3]),
                ],
            )
