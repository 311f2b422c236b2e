from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.finding import Change, Fix, Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule
from runafter.program.outline import Site


class CatchWithoutTimedOut(Rule):
    """A handler runs after Failed but not after TimedOut.

    Why: a call that ends by its time limit is TimedOut, not Failed. The handler is skipped, and so is everything behind it.
    Instead: `["Failed", "TimedOut"]`.
    Safe when: nothing in the guarded part has a time limit or waits for somebody.
    Source: Microsoft Learn, "Handle errors and exceptions in Azure Logic Apps" (run after statuses).
    """

    code = "ERR002"
    family = "errors"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for site in flow.sites:
            entries = site.part.get("runAfter")
            for name, statuses in site.run_after.items():
                if "Failed" not in statuses or "TimedOut" in statuses:
                    continue
                guarded = site.level.sites.get(name.casefold())
                if guarded is None or not _can_time_out(flow, guarded) or _is_seen_elsewhere(site, guarded):
                    continue
                part = entries.get(name) if entries is not None else None
                fix = None
                if part is not None and part.node is not None and part.node.kind == "array" and not part.path:
                    word = "TIMEDOUT" if all(str(item).isupper() for item in part.value) else "TimedOut"
                    change = Change(operation="set", pointer=part.pointer, value=[*part.value, word])
                    fix = Fix(title=f"run after TimedOut of {name!r} too", changes=(change,))
                yield self.issue(
                    flow,
                    part or site.part,
                    f"{site.name!r} runs after {name!r} Failed, but not after TimedOut",
                    sites=(site, guarded),
                    severity="warning" if _has_limit(flow, guarded) else "note",
                    fix=fix,
                )


def _can_time_out(flow: Flow, site: Site) -> bool:
    """Tell whether an action can end as TimedOut: a connector's answer that never comes alone ends it as Failed."""
    if _has_limit(flow, site):
        return True
    if site.levels:
        return any(flow.call(each) is not None for each in flow.inside(site))
    call = flow.call(site)
    return call is not None and call.api in {"http", "workflow", "function", "invokefunction"}


def _has_limit(flow: Flow, site: Site) -> bool:
    for each in (site, *flow.inside(site)):
        call = flow.call(each)
        if (call is not None and call.waits) or (
            each.folded != "until" and each.part.at("limit", "timeout") is not None
        ):
            return True
    return False


def _is_seen_elsewhere(site: Site, guarded: Site) -> bool:
    return any(
        "TimedOut" in statuses
        for other in site.level.sites.values()
        for name, statuses in other.run_after.items()
        if other is not site and name.casefold() == guarded.key
    )
