from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.handling import handlers_of, has_handling, is_in_handler
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at
from runafter.program.outline import Site


class NoFailureHandling(Rule):
    """Nothing runs when the work goes wrong: no handler in the flow, or none behind the scope that does the work.

    Why: the run stops where it failed. What was written before stays, nobody is told, and the next run starts as if
    nothing had been.
    Instead: put the work into a scope, and a second scope behind it that runs after Failed and TimedOut: log, undo, tell,
    and end the run as Failed.
    Safe when: the caller sees the failure and repeats the whole call, and doing so does no harm.
    Source: Microsoft Learn, "Handle errors and exceptions in Azure Logic Apps" (scopes and their results).
    """

    code = "ERR001"
    family = "errors"

    def check(self, flow: Flow) -> Iterator[Issue]:
        changing = [(site, call) for site, call in flow.calling if call.kind not in {"read", "unknown"}]
        if not changing:
            return
        if has_handling(flow):
            yield from self._scopes(flow)
            return
        yield self.issue(
            flow,
            flow.root.get("actions"),
            f"no action runs after a failure; {len(changing)} of {len(flow.calling)} calls change something outside",
            actions=(),
            evidence=[at(f"{site.name!r} ({call.title})", site) for site, call in changing[:3]],
            hint="Put the work into a scope, and run a second scope after Failed and TimedOut of it.",
        )

    def _scopes(self, flow: Flow) -> Iterator[Issue]:
        """The main scope may be without a handler although something else has one."""
        for site in flow.outline.root.sites.values():
            writes = [each for each in flow.inside(site) if (call := flow.call(each)) is not None and call.writes]
            if site.folded != "scope" or len(writes) < 2 or is_in_handler(site) or _runs_after_all(site):
                continue
            if any(_is_for_failure(other, site) for other in handlers_of(site)):
                continue
            if all(_is_handled_inside(each, site) for each in writes):
                continue
            yield self.issue(
                flow,
                site.part,
                f"nothing runs when {site.name!r} fails, which makes {len(writes)} changes outside",
                sites=(site,),
                evidence=[at(f"{each.name!r} may fail", each) for each in writes[:3]],
                hint=f"Run a scope after Failed and TimedOut of {site.name!r}.",
            )


def _is_for_failure(handler: Site, site: Site) -> bool:
    """Tell whether a handler runs for the failure alone, and not after success as well."""
    return all(
        "Succeeded" not in statuses for name, statuses in handler.run_after.items() if name.casefold() == site.key
    )


def _runs_after_all(site: Site) -> bool:
    return any({"Succeeded", "Failed"} <= set(statuses) for statuses in site.run_after.values())


def _is_handled_inside(action: Site, scope: Site) -> bool:
    """Tell whether a failure is handled before it reaches the scope's own end."""
    return any(next(handlers_of(each), None) is not None for each in action.chain() if scope in each.around())
