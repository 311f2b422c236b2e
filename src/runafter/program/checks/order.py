"""Run-after entries: missing actions, other blocks, odd statuses, cycles."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from runafter.program.draft import Draft
from runafter.program.hints import did_you_mean
from runafter.program.outline import Level, Site
from runafter.program.part import Part
from runafter.program.steps import STATUSES


def check_order(draft: Draft) -> None:
    for site in draft.outline.sites:
        _entries(draft, site)
    _cycles(draft, draft.outline.root)
    for site in draft.outline.sites:
        for level in site.levels:
            _cycles(draft, level)


def _entries(draft: Draft, site: Site) -> None:
    run_after = site.part.get("runAfter")
    if run_after is None or run_after.value is None:
        _old_conditions(draft, site)
        return
    if not run_after.is_object:
        if run_after.value != []:
            draft.report("ACT008", f"'runAfter' of {site.name!r} is no object", run_after)
        return
    for name, entry in run_after.members():
        _statuses(draft, site, name, entry)
        _sibling(draft, site, name, entry)


def _sibling(draft: Draft, site: Site, name: str, place: Part) -> None:
    if name.casefold() in site.level.sites:
        return
    found = draft.outline.named.get(name.casefold())
    if found is None:
        siblings = [each.name for each in site.level.sites.values() if each is not site]
        hint = _TRIGGER_IS_FIRST if _is_trigger(draft, name) else did_you_mean(name, siblings)
        draft.report("GRF002", f"{site.name!r} runs after {name!r}, which does not exist", place, hint=hint)
    else:
        where = f"in {found.container.name!r}" if found.container is not None else "at the top of the flow"
        draft.report("GRF003", f"{site.name!r} runs after {name!r}, which is no sibling: it is {where}", place)


_TRIGGER_IS_FIRST = (
    "this is the trigger: leave it out, an action that runs after nothing begins once the trigger has fired"
)


def _is_trigger(draft: Draft, name: str) -> bool:
    triggers = draft.root.get("triggers")
    return any(key.casefold() == name.casefold() for key, _ in (triggers.members() if triggers is not None else ()))


def _old_conditions(draft: Draft, site: Site) -> None:
    """The schema of 2015 had `conditions` on actions: `dependsOn` is run-after, an `expression` is refused."""
    conditions = site.part.get("conditions")
    for row in conditions.items() if conditions is not None else ():
        depends = row.get("dependsOn")
        if depends is not None and isinstance(depends.value, str):
            _sibling(draft, site, depends.value, depends)
        elif row.has("expression"):
            message = f"action {site.name!r} has a condition of its own, as the schema of 2015 allowed"
            draft.report("ACT012", message, row)


def _statuses(draft: Draft, site: Site, name: str, entry: Part) -> None:
    if not isinstance(entry.value, list):
        draft.report("GRF004", f"{site.name!r} runs after {name!r} with no list of statuses", entry)
        return
    wished = site.run_after[name]
    if not wished:
        draft.report(
            "GRF004", f"{site.name!r} runs after {name!r} with an empty list of statuses", entry, severity="warning"
        )
    for status in wished:
        if status not in STATUSES:
            draft.report(
                "GRF004", f"{status!r} is no status to run after", entry, hint=f"one of: {', '.join(STATUSES)}"
            )


def _cycles(draft: Draft, level: Level) -> None:
    for cycle in level.graph.cycles():
        names = [level.sites[key].name for key in cycle]
        first = level.sites[cycle[0]].part
        hint = _edge_to_drop([level.sites[key] for key in cycle])
        draft.report("GRF001", f"cycle {' -> '.join(names)}", first.get("runAfter") or first, hint=hint)


def _edge_to_drop(path: Sequence[Site]) -> str:
    """Suggest what breaks a cycle: an edge against the order in the file, best one that carries no data."""
    edges = [(before, after) for before, after in pairwise(path) if after.order <= before.order]
    without = [(before, after) for before, after in edges if not _mentions(after, before.name)]
    before, after = (without or edges)[0]
    if before is after:
        return f"drop the run-after of {after.name!r} on itself"
    reads = "reads nothing of it" if without else "comes before it in the file"
    return f"drop the run-after of {after.name!r} on {before.name!r}: {after.name!r} {reads}"


def _mentions(site: Site, name: str) -> bool:
    mark = f"'{name}'".casefold()
    return any(
        mark in text.casefold()
        for key, part in site.part.members()
        if key.casefold() != "runafter"
        for _, text in part.strings()
    )
