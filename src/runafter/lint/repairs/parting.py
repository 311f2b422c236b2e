"""A scope for a parallel branch, so that join and handler see one status for it."""

from __future__ import annotations

from collections.abc import Sequence

from runafter.lint.finding import Change, Fix
from runafter.lint.flow import Flow
from runafter.lint.repairs.applying import below
from runafter.lint.repairs.front import ALL, fits_deeper, free_name, is_same, is_written, run_after_change
from runafter.program.outline import Site

_DONE = ("Succeeded",)


def wrap_branch(flow: Flow, branch: Sequence[Site]) -> Fix | None:
    """Put a chain of sibling actions into a scope; what waited for its last one waits for the scope.

    None where something waits for one of them in a way that a scope cannot stand for.
    """
    if len(branch) < 2 or any(site.level is not branch[0].level for site in branch) or not fits_deeper(branch):
        return None
    if any(site.folded == "initializevariable" for site in branch) or branch[0].level.doubles:
        return None
    start, last = branch[0], branch[-1]
    parent = start.part.node.parent if start.part.node is not None else None
    if parent is None or not all(is_written(site.part) for site in branch):
        return None
    name = free_name(flow, f"Branch_{start.name}")
    scope = {"type": "Scope", "runAfter": {each: list(statuses) for each, statuses in start.run_after.items()}}
    changes: list[Change] = []
    inside = {site.key for site in branch}
    for site in start.level.sites.values():
        if site.key in inside:
            continue
        if any(each.casefold() in inside and each.casefold() != last.key for each in site.run_after):
            return None
        entry = next((each for each in site.run_after if each.casefold() == last.key), None)
        if entry is None:
            continue
        written = site.part.get("runAfter")
        if set(site.run_after[entry]) not in ({*_DONE}, {*ALL}) or written is None or not is_same(written):
            return None
        after = {name if each == entry else each: statuses for each, statuses in site.run_after.items()}
        changes.append(run_after_change(site, after))
    if start.run_after:
        changes.append(run_after_change(start, {}))
    names = [str(key) for key, _ in parent.members()]
    places = [index for index, key in enumerate(names) if key.casefold() in inside]
    between = names[places[0] : places[-1] + 1]
    moves = [
        Change(operation="move", pointer=below(parent.pointer, key), before=names[places[0]])
        for key in between
        if key.casefold() not in inside
    ]
    members = tuple(key for key in between if key.casefold() in inside)
    wrap = Change(operation="wrap", pointer=parent.pointer, key=name, value=scope, members=members)
    return Fix(title="put the branch into a scope", changes=(*moves, wrap, *changes), alone=True)
