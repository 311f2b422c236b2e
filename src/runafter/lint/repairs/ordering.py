"""One branch after the other, where both touch a variable or a record: then every run does the same."""

from __future__ import annotations

from collections.abc import Sequence

from runafter.lint.finding import Fix
from runafter.lint.flow import Flow
from runafter.lint.repairs.front import is_same, is_written, run_after_change
from runafter.program.outline import Site

_DONE = ("Succeeded",)


def order_branches(flow: Flow, sites: Sequence[Site]) -> Fix | None:
    """Let the branch of the first action wait for that of the second; `sites` touch one variable or record.

    None where the one to wait for does not run in every good run: what waits for it would be skipped with it.
    """
    if len(sites) < 2:
        return None
    parted = flow.order.split(sites[1], sites[0])
    if parted is None:
        return None
    first, second = parted
    level = first.level
    if second.level is not level or level.doubles or first.key in level.ancestors(second.key):
        return None
    if second.key in level.ancestors(first.key) or not _is_always_run(first):
        return None
    written = second.part.get("runAfter")
    if not is_written(second.part) or (written is not None and not is_same(written)):
        return None
    change = run_after_change(second, {**second.run_after, first.name: _DONE})
    return Fix(title=f"let {second.name!r} wait for {first.name!r}", changes=(change,))


def _is_always_run(site: Site) -> bool:
    level = site.level
    return all(
        "Succeeded" in statuses
        for key in (site.key, *level.ancestors(site.key))
        for statuses in level.sites[key].run_after.values()
    )
