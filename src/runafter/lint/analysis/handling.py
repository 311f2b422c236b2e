"""Whose failure is seen: run-after edges that lead on when an action did not succeed."""

from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.flow import Flow
from runafter.program.outline import Site

BAD = frozenset({"Failed", "TimedOut"})


def handlers_of(site: Site) -> Iterator[Site]:
    """Yield the siblings that can still start when this action failed or timed out."""
    level = site.level
    for other in level.sites.values():
        for name, statuses in other.run_after.items():
            key = name.casefold()
            if key == site.key and BAD & set(statuses):
                yield other
                break
            if key in level.sites and key != site.key and site.key in level.ancestors(key) and "Skipped" in statuses:
                yield other
                break


def is_handled(site: Site) -> bool:
    """Tell whether a failure of this action is seen by a sibling of it or of a container around it."""
    return any(next(handlers_of(each), None) is not None for each in site.chain())


def is_in_handler(site: Site) -> bool:
    """Tell whether an action runs only when something else went wrong."""
    return any(_is_for_failure(each) for each in site.chain())


def _is_for_failure(site: Site) -> bool:
    seen: set[str] = set()
    waiting = [site]
    while waiting:
        each = waiting.pop()
        if each.key in seen:
            continue
        seen.add(each.key)
        if any(
            statuses and "Succeeded" not in statuses and BAD & set(statuses) for statuses in each.run_after.values()
        ):
            return True
        waiting += [
            each.level.sites[name.casefold()]
            for name, statuses in each.run_after.items()
            if name.casefold() in each.level.sites and "Skipped" not in statuses
        ]
    return False


def has_handling(flow: Flow) -> bool:
    """Tell whether any action of the flow runs after a failure."""
    return any(BAD & set(statuses) for site in flow.sites for statuses in site.run_after.values())


def only_sends(flow: Flow, site: Site) -> bool:
    """Tell whether an action, with all inside it, tells somebody something and changes nothing else."""
    inside = [site, *flow.inside(site)]
    calls = [call for each in inside if (call := flow.call(each)) is not None]
    return bool(calls) and all(call.kind in {"send", "read"} and not call.waits for call in calls) and any(
        call.kind == "send" for call in calls
    )  # fmt: skip
