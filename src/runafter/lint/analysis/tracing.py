"""What a run leaves behind about how it ended."""

from __future__ import annotations

from runafter.lint.analysis.handling import is_in_handler
from runafter.lint.analysis.reading import actions_read, calls_in, expressions_in
from runafter.lint.flow import Flow
from runafter.program.outline import Site


def traces_both_ways(flow: Flow) -> list[Site]:
    """Return what writes of the run to one store, once in a handler and once at the end of the good way.

    A status of the thing that the flow works on is no trace of the run; the row must have something of the workflow
    itself, directly or in what it was found by.
    """
    ends = {site.key for site in flow.outline.root.sites.values() if _is_good_end(site)}
    bad: dict[tuple[str, ...], Site] = {}
    good: dict[tuple[str, ...], Site] = {}
    for site, call in flow.calling:
        if call.record is None or not call.changes_data or len(call.record.store) < 2 or not _speaks_of_run(flow, site):
            continue
        mark = (call.kind, *call.record.store)
        if is_in_handler(site):
            bad.setdefault(mark, site)
        elif site.chain()[0].key in ends:
            good.setdefault(mark, site)
    return [site for mark in good if mark in bad for site in (good[mark], bad[mark])]


def _speaks_of_run(flow: Flow, site: Site) -> bool:
    own = expressions_in(site.part.get("inputs"))
    read = [flow.outline.named[name] for name in actions_read(own) if name in flow.outline.named]
    return any(
        call.name.casefold() == "workflow"
        for part in (site.part, *(each.part for each in read))
        for call in calls_in(part.get("inputs"))
    )


def _is_good_end(site: Site) -> bool:
    """Tell whether a top action is the last one when all went well."""
    if is_in_handler(site):
        return False
    followers = [each for each in site.level.sites.values() if site.key in {name.casefold() for name in each.run_after}]
    return all(is_in_handler(each) for each in followers)
