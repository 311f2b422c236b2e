from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.handling import BAD, is_in_handler
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule
from runafter.program.outline import Site


class FailureTurnedIntoSuccess(Rule):
    """A handler ends the run as Succeeded.

    Why: the run history, alerts and success rates show a success; the failure is known to nobody who does not read the log.
    Instead: Terminate with Failed and a message once the handler has done its work.
    Safe when: the failure is an expected answer. What follows the failure of one reading call is not reported: a search
    that finds nothing fails, too.
    Source: Microsoft Learn, "Schema reference for trigger and action types" (Terminate action).
    """

    code = "ERR006"
    severity = "note"
    family = "errors"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for site in flow.sites:
            status = site.part.at("inputs", "runStatus") if site.folded == "terminate" else None
            if status is None or str(status.value).casefold() != "succeeded" or not is_in_handler(site):
                continue
            if not _after_a_search(flow, site):
                yield self.issue(
                    flow, site.part, f"{site.name!r} ends the run as Succeeded after a failure", sites=(site,)
                )


def _after_a_search(flow: Flow, site: Site) -> bool:
    """Tell whether the failure that leads here is that of one reading call, or of a test of values."""
    for each in site.chain():
        reach = [each, *(each.level.sites[key] for key in each.level.ancestors(each.key))]
        for other in reach:
            for name, statuses in other.run_after.items():
                if "Succeeded" in statuses or not BAD & set(statuses):
                    continue
                failed = each.level.sites.get(name.casefold())
                call = flow.call(failed) if failed is not None else None
                if (call is not None and call.kind == "read") or (failed is not None and _is_test(flow, failed)):
                    return True
    return False


def _is_test(flow: Flow, site: Site) -> bool:
    """Tell whether an action calls nobody, so that its failure says something about values only."""
    return all(flow.call(each) is None for each in (site, *flow.inside(site)))
