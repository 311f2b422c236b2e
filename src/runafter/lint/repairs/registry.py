"""Which repair belongs to which finding."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from runafter.lint.finding import Fix, Issue
from runafter.lint.flow import Flow
from runafter.lint.repairs.catching import catch_work, record_runs
from runafter.lint.repairs.checking import check_data
from runafter.lint.repairs.collecting import keep_in_iteration, select_instead
from runafter.lint.repairs.limiting import (
    limit_iterations,
    limit_runs,
    limit_wait,
    say_iterations,
    search_in_turn,
    tell_repeated_events,
)
from runafter.lint.repairs.ordering import order_branches
from runafter.lint.repairs.parting import wrap_branch
from runafter.lint.repairs.versions import write_if_unchanged
from runafter.program.outline import Site

Repair = Callable[[Flow, Sequence[Site]], Fix | None]
"""Takes the flow and the actions that the finding names, the one that it is about first."""


def _at_site(repair: Callable[[Flow, Site], Fix | None]) -> Repair:
    return lambda flow, sites: repair(flow, sites[0]) if sites else None


def _of_flow(repair: Callable[[Flow], Fix | None]) -> Repair:
    return lambda flow, _: repair(flow)


REPAIRS: dict[str, Repair] = {
    "ERR001": _of_flow(catch_work),
    "MON001": _of_flow(record_runs),
    "VAL001": _of_flow(check_data),
    "TRG001": _of_flow(limit_runs),
    "TRG002": _of_flow(tell_repeated_events),
    "TMO002": _at_site(limit_wait),
    "RAC001": _at_site(keep_in_iteration),
    "LOP003": _at_site(select_instead),
    "CAP001": _at_site(limit_iterations),
    "CON002": _at_site(say_iterations),
    "STR002": wrap_branch,
    "RAC002": write_if_unchanged,
    "RAC003": search_in_turn,
    "RAC004": order_branches,
    "RAC005": order_branches,
    "RAC006": order_branches,
    "RAC007": order_branches,
}

_LAYERS: dict[str, tuple[str, ...]] = {
    "trigger": ("TRG001", "TRG002"),
    "validation": ("VAL001",),
    "core": ("ERR001",),
    "errors": ("ERR001",),
    "monitor": ("MON001",),
}


def fix_for(flow: Flow, issue: Issue) -> Fix | None:
    """Return the repair of a finding that its rule itself has none for."""
    repair = REPAIRS.get(issue.code)
    if repair is None:
        return None
    return repair(flow, [site for name in issue.actions if (site := flow.named(name)) is not None])


def layer_fixes(flow: Flow, layer: str) -> Iterator[tuple[str, Fix]]:
    """Yield (code, repair) of what would give a flow a layer that it lacks."""
    roots = [site for site in flow.sites if site.container is None]
    for code in _LAYERS.get(layer, ()):
        if code == "ERR001" and any("Failed" in statuses for site in roots for statuses in site.run_after.values()):
            continue  # a flow with handlers of its own keeps its shape; one inside of a loop moves with the loop
        fix = REPAIRS[code](flow, [])
        if fix is not None:
            yield code, fix
