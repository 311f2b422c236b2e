"""The root of a flow, cut in two: what must stay in front (variables, checks), and the work behind it.

InitializeVariable may stand at the root only, so it stays outside of any scope,
with everything that it waits for. A check of the data that ends the run stays
outside too. A variable that begins with a constant but was written between
other actions is taken to the front.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from runafter.lint.finding import Change
from runafter.lint.flow import Flow
from runafter.lint.repairs.applying import below
from runafter.program.outline import Site
from runafter.program.part import Part

ALL = ("Succeeded", "Failed", "Skipped", "TimedOut")
_DONE = ("Succeeded",)
_LIMIT_DEPTH = 8
RunAfter = dict[str, tuple[str, ...]]


@dataclass(slots=True, kw_only=True)
class Front:
    """`outside` stays in front, `core` is the work; `after` is the run-after of each root action, by folded name.

    `changed` are those whose run-after differs from what is written.
    """

    actions: Part
    outside: list[Site]
    core: list[Site]
    after: dict[str, RunAfter]
    changed: set[str] = field(default_factory=set)

    def ends(self, sites: Iterable[Site]) -> list[Site]:
        """Return those of some actions that no other one of them waits for."""
        chosen = list(sites)
        waited = {name.casefold() for site in chosen for name in self.after[site.key]}
        return [site for site in chosen if site.key not in waited]

    def starts(self) -> list[Site]:
        """Return the actions of the work that wait for nothing of it."""
        keys = {site.key for site in self.core}
        return [site for site in self.core if not any(name.casefold() in keys for name in self.after[site.key])]

    def run_after_changes(self) -> Iterator[Change]:
        """Yield what writes the run-after entries that differ."""
        for site in (*self.outside, *self.core):
            if site.key in self.changed:
                yield run_after_change(site, self.after[site.key])


def run_after_change(site: Site, after: RunAfter) -> Change:
    """Return the edit that gives an action these entries."""
    written = site.part.get("runAfter")
    value = {name: list(statuses) for name, statuses in after.items()}
    if written is not None:
        return Change(operation="set", pointer=written.pointer, value=value)
    return Change(operation="insert", pointer=site.part.pointer, key="runAfter", value=value)


def front_of(flow: Flow) -> Front | None:
    """Cut the root of a flow; None where it is odd (double names, unknown run-after entries) or cannot be cut."""
    actions = flow.root.get("actions")
    level = flow.outline.root
    if actions is None or not is_written(actions) or level.doubles or not level.sites:
        return None
    sites = list(level.sites.values())
    if any(not is_written(site.part) or not _is_plain(site) for site in sites):
        return None
    if any(name.casefold() not in level.sites for site in sites for name in site.run_after):
        return None
    front = Front(actions=actions, outside=[], core=[], after={site.key: dict(site.run_after) for site in sites})
    _take_to_the_front(front, sites)
    outside = _closed(front, [site.key for site in sites if site.folded == "initializevariable"])
    outside = _with_checks(flow, front, sites, outside)
    front.outside = [site for site in sites if site.key in outside]
    front.core = [site for site in sites if site.key not in outside]
    return front


def is_written(part: Part) -> bool:
    """Tell whether a part stands in the file as it is, and can be edited."""
    return part.node is not None and not part.path


def is_same(part: Part) -> bool:
    """Tell whether a part's value is what the file says, and no template expression stands for it."""
    return is_written(part) and part.node is not None and bool(part.node.value == part.value)


def free_name(flow: Flow, wished: str) -> str:
    """Return a name that no action has."""
    name, number = wished, 2
    while name.casefold() in flow.outline.named:
        name, number = f"{wished}_{number}", number + 1
    return name


def fits_deeper(sites: Iterable[Site]) -> bool:
    """Tell whether actions may stand one level deeper; eight levels are the platform's limit."""
    return all(_depth(site) < _LIMIT_DEPTH for site in sites)


def _depth(site: Site) -> int:
    inner = [each for level in site.levels for each in level.sites.values()]
    return max((_depth(each) for each in inner), default=site.depth)


def _is_plain(site: Site) -> bool:
    """Tell whether run-after is an object, not what stood for it in the schema of 2015."""
    after = site.part.get("runAfter")
    return (after is None and site.part.get("conditions") is None) or (after is not None and is_same(after))


def _take_to_the_front(front: Front, sites: list[Site]) -> None:
    """Let variables with a constant wait for other variables only; what waited for them waits for what they waited for."""
    inits = [site for site in sites if site.folded == "initializevariable"]
    keys = {site.key for site in inits}
    after = {key: dict(entries) for key, entries in front.after.items()}
    waits: dict[str, RunAfter] = {}  # of those that move: what other work they waited for
    last: str | None = None
    for site in _in_order(front, inits):
        entries = after[site.key]
        own = {name: statuses for name, statuses in entries.items() if name.casefold() in keys}
        stays = any(name.casefold() not in waits for name in own) or not is_constant(site)
        if stays or any(tuple(statuses) != _DONE for statuses in entries.values()):
            continue
        rest = {name: statuses for name, statuses in entries.items() if name.casefold() not in keys}
        waits[site.key] = rest | {k: v for name in own for k, v in waits[name.casefold()].items()}
        after[site.key] = own or ({last: _DONE} if last is not None else {})
        last = site.name
    for site in sites:
        moved = [(name, statuses) for name, statuses in front.after[site.key].items() if waits.get(name.casefold())]
        if site.key in waits or not moved:
            continue
        if any(tuple(statuses) != _DONE for _, statuses in moved):
            return
        for name, _ in moved:
            after[site.key] = waits[name.casefold()] | after[site.key]
    front.after = after
    front.changed |= {site.key for site in sites if after[site.key] != dict(site.run_after)}


def _in_order(front: Front, sites: list[Site]) -> list[Site]:
    """Sort by what waits for what; the file's order otherwise."""
    return sorted(sites, key=lambda site: (len(_closed(front, [site.key])), site.order))


def _closed(front: Front, keys: Iterable[str]) -> set[str]:
    """Return actions with everything that they wait for."""
    found: set[str] = set()
    waiting = list(keys)
    while waiting:
        key = waiting.pop()
        if key in found:
            continue
        found.add(key)
        waiting += [name.casefold() for name in front.after[key]]
    return found


def _with_checks(flow: Flow, front: Front, sites: list[Site], outside: set[str]) -> set[str]:
    """Add the checks in front of all other work, with what they wait for."""
    found = set(outside)
    for site in sites:
        if site.key in found or not is_check(flow, site):
            continue
        closed = _closed(front, [site.key]) | found
        rest = [each for each in sites if each.key not in closed]
        if not rest or any(site.key not in _closed(front, [each.key]) for each in rest):
            continue
        calls = [call for key in closed for each in _with_inside(flow, key) if (call := flow.call(each)) is not None]
        if all(call.kind == "read" for call in calls):
            found = closed
    return found


def is_check(flow: Flow, site: Site) -> bool:
    """Tell whether an action calls nothing and ends the run when the data are not as they should be."""
    inside = [site, *flow.inside(site)]
    if site.folded not in {"if", "switch"} or any(flow.call(each) is not None for each in inside):
        return False
    return any(each.folded == "terminate" for each in inside) and all(
        each.folded in {"terminate", "response", "compose", "if", "switch"} for each in inside
    )


def _with_inside(flow: Flow, key: str) -> Iterator[Site]:
    site = flow.outline.root.sites[key]
    yield site
    yield from flow.inside(site)


def is_constant(site: Site) -> bool:
    """Tell whether variables begin with what cannot fail: literals, or nothing."""
    rows = site.part.at("inputs", "variables")
    values = [row.get("value") for row in rows.items()] if rows is not None else []
    return all("@" not in text for value in values if value is not None for _, text in value.strings())


def placed(front: Front) -> tuple[list[Change], tuple[str, ...]]:
    """Return what makes the work stand side by side in the file, and the names of its members in that order."""
    keys = {site.key for site in front.core}
    names = [name for name, _ in front.actions.members()]
    first = next(index for index, name in enumerate(names) if name.casefold() in keys)
    moves = [
        Change(operation="move", pointer=below(front.actions.pointer, name), before=names[first])
        for name in names[first:]
        if name.casefold() not in keys
    ]
    return moves, tuple(name for name in names if name.casefold() in keys)
