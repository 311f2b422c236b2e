"""What waits without need starts together: run-after edges are kept where something depends on them.

On good data everything is done as before, sooner. When one action fails, those
beside it have started nevertheless; so this is done by name only.
"""

from __future__ import annotations

from collections.abc import Iterator

from runafter.definition.nodes import Definition
from runafter.errors import Finding
from runafter.lint.analysis.independence import needed, row_from
from runafter.lint.finding import Change, Fix, Issue
from runafter.lint.flow import Flow
from runafter.lint.repairs.front import RunAfter, is_same, is_written, run_after_change
from runafter.lint.waivers import waive, waivers_of
from runafter.profiles.catalogue import Catalogue
from runafter.program.outline import Site

_DONE = ("Succeeded",)
_SHOWS = ("STR002", "STR012")
"""What was behind a notification still waits for it, and a long row is now a long branch."""


def parallel_issues(definition: Definition, catalogue: Catalogue | None) -> Iterator[Issue]:
    """Yield a repairable finding for each row of actions of which some could start together."""
    flow = Flow(definition, catalogue=catalogue)
    for first in flow.sites:
        if _is_inner(first):
            continue
        row = row_from(first)
        fix = _together(flow, row)
        if fix is None:
            continue
        names = ", ".join(repr(each.name) for each in row)
        finding = Finding(
            code="PAR001",
            severity="note",
            message=f"{names} run one after the other, and not all of them need what is before",
            pointer=first.part.pointer,
            line=first.part.line,
            column=first.part.column,
            file=definition.file or None,
        )
        issue = Issue(finding=finding, rule="", flow=definition.name, actions=tuple(each.name for each in row), fix=fix)
        yield from waive([issue], waivers_of(flow), left={}, today="")


def _is_inner(site: Site) -> bool:
    """Tell whether an action stands in a row that begins before it."""
    if list(site.run_after.values()) != [_DONE]:
        return False
    (name,) = site.run_after
    before = site.level.sites.get(name.casefold())
    return before is not None and site in row_from(before)[1:]


def _together(flow: Flow, row: list[Site]) -> Fix | None:
    """Return the edges that a row needs; None where it needs all, gains no time, or cannot be edited."""
    level = row[0].level
    if len(row) < 2 or level.doubles or not all(_is_editable(site) for site in row[1:]):
        return None
    needs = needed(flow, row)
    calling = [flow.call(site) is not None or any(flow.call(each) for each in flow.inside(site)) for site in row]
    if _longest(needs, calling) >= sum(calling):
        return None
    last = row[-1]
    followers = [site for site in level.sites.values() if last.key in {name.casefold() for name in site.run_after}]
    ends = [site for index, site in enumerate(row) if not any(index in each for each in needs)]
    changes: list[Change] = []
    for index, site in enumerate(row[1:], 1):
        after: RunAfter = {row[each].name: _DONE for each in sorted(needs[index])} or dict(row[0].run_after)
        if after != dict(site.run_after):
            changes.append(run_after_change(site, after))
    for site in followers:
        entry = next(name for name in site.run_after if name.casefold() == last.key)
        if tuple(site.run_after[entry]) != _DONE or not _is_editable(site):
            return None
        rest = {name: statuses for name, statuses in site.run_after.items() if name != entry}
        after = rest | {each.name: _DONE for each in ends}
        if after != dict(site.run_after):
            changes.append(run_after_change(site, after))
    title = "start together what does not need each other; when one fails, those beside it have started"
    return Fix(title=title, changes=tuple(changes), shows=_SHOWS) if changes else None


def _longest(needs: list[set[int]], calling: list[bool]) -> int:
    """Return how many calls are made one after the other at least."""
    found: list[int] = []
    for before, calls in zip(needs, calling, strict=True):
        found.append(max((found[each] for each in before), default=0) + calls)
    return max(found)


def _is_editable(site: Site) -> bool:
    written = site.part.get("runAfter")
    return is_written(site.part) and (is_same(written) if written is not None else site.part.get("conditions") is None)
