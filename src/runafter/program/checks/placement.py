"""Where actions stand and what they are called."""

from __future__ import annotations

from runafter.program.draft import Draft
from runafter.program.outline import LOOPS, Site


def check_placement(draft: Draft) -> None:
    for site in draft.outline.sites:
        _twins(draft, site)
        around = list(site.around())
        loop = next((each for each in around if each.folded in LOOPS), None)
        if site.folded == "initializevariable" and around:
            draft.report(
                "ACT003",
                f"InitializeVariable {site.name!r} is inside {around[0].name!r}; only the top takes it",
                site.part,
            )
        elif site.folded == "terminate" and loop is not None:
            draft.report("ACT003", f"Terminate {site.name!r} is inside the loop {loop.name!r}", site.part)
        elif site.folded == "response" and loop is not None:
            draft.report("ACT003", f"Response {site.name!r} is inside the loop {loop.name!r}", site.part)


def _twins(draft: Draft, site: Site) -> None:
    first = draft.outline.named[site.key]
    if first is not site:
        draft.report("ACT004", f"actions {first.name!r} and {site.name!r} have the same name", site.part)
