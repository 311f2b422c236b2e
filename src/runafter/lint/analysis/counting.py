"""How many actions and calls a flow makes: at least and at most, for each iteration of a loop and for the whole run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from runafter.lint.effects import find_connector
from runafter.lint.flow import Flow
from runafter.profiles.catalogue import Catalogue
from runafter.profiles.profile import Fact
from runafter.program.outline import Level, Site

LOOPS = {"foreach", "until"}
_WINDOW = re.compile(r"calls per ([\d.]+) s\b")


def calls_per_iteration(flow: Flow, loop: Site) -> dict[str, tuple[int, int, list[Site]]]:
    """Return (least, most, callers) for each connector that one iteration calls.

    Conditions count their cheapest and dearest branch; what is in an inner loop counts once at most and may not happen.
    """
    found: dict[str, tuple[int, int, list[Site]]] = {}
    for api in dict.fromkeys(call.api for each in flow.inside(loop) if (call := flow.call(each)) is not None):
        least = most = 0
        for level in loop.levels:
            low, high = _level(flow, level, api)
            least, most = least + low, most + high
        callers = [each for each in flow.inside(loop) if (call := flow.call(each)) is not None and call.api == api]
        found[api] = (least, most, callers)
    return found


def _level(flow: Flow, level: Level, api: str) -> tuple[int, int]:
    least = most = 0
    for site in level.sites.values():
        call = flow.call(site)
        if call is not None and call.api == api:
            least, most = least + (0 if site.run_after and not _always(site) else 1), most + 1
        if not site.levels:
            continue
        inner = [_level(flow, each, api) for each in site.levels]
        if site.folded in {"if", "switch"}:
            has_else = any(each.branch[0] in {"else", "default"} for each in site.levels)
            least += min(low for low, _ in inner) if has_else else 0
            most += max(high for _, high in inner)
        else:
            least += 0 if site.folded == "foreach" else sum(low for low, _ in inner)
            most += sum(high for _, high in inner)
    return least, most


def _always(site: Site) -> bool:
    return all("Succeeded" in statuses for statuses in site.run_after.values())


@dataclass(frozen=True, slots=True)
class Tally:
    """How many actions a block runs, least and most, beside what its loops run; `loops` are those with what an iteration runs.

    A loop in a branch that may not be taken is among them, and counts nothing in the least.
    """

    least: int
    most: int
    loops: tuple[tuple[Site, Tally], ...]

    def total(self, items: Mapping[str, int]) -> tuple[int, int]:
        """Return (least, most) with so many iterations by folded loop name; the loops that are not named run once."""
        least, most = self.least, self.most
        for site, inner in self.loops:
            low, high = inner.total(items)
            times = items.get(site.key, 1)
            least += 0 if _may_skip(site) else low * times
            most += high * times
        return least, most


def _may_skip(site: Site) -> bool:
    container = site.container
    while container is not None and container.folded not in LOOPS:
        if container.folded in {"if", "switch"}:
            return True
        container = container.container
    return False


def tally(level: Level) -> Tally:
    """Count a block's actions; of conditions the cheapest and the dearest branch."""
    least = most = 0
    loops: list[tuple[Site, Tally]] = []
    for site in level.sites.values():
        least, most = least + 1, most + 1
        inner = [tally(each) for each in site.levels]
        if site.folded in LOOPS:
            loops += [(site, each) for each in inner]
            continue
        loops += [each for one in inner for each in one.loops]
        if site.folded in {"if", "switch"}:
            has_else = any(each.branch[0] in {"else", "default"} for each in site.levels)
            least += min((each.least for each in inner), default=0) if has_else else 0
            most += max((each.most for each in inner), default=0)
        else:
            least, most = least + sum(each.least for each in inner), most + sum(each.most for each in inner)
    return Tally(least, most, tuple(loops))


def action_count(level: Level) -> tuple[int, int]:
    """Return how many actions one pass over a level runs, least and most; loops count one iteration."""
    least = most = 0
    for site in level.sites.values():
        least, most = least + 1, most + 1
        inner = [action_count(each) for each in site.levels]
        if site.folded in {"if", "switch"}:
            most += max((high for _, high in inner), default=0)
        else:
            least += 0 if site.folded == "foreach" else sum(low for low, _ in inner)
            most += sum(high for _, high in inner)
    return least, most


def per_minute(catalogue: Catalogue | None, api: str) -> float | None:
    """Return the connector's limit in calls a minute; None where it has none that is known."""
    connector = find_connector(api, catalogue)
    rates = [rate for fact in connector.throttles if (rate := _rate(fact)) is not None] if connector is not None else []
    return min(rates, default=None)


def _rate(fact: Fact) -> float | None:
    """Read a window of calls (`600`, `calls per 60 s per connection`); other kinds of limit say no rate."""
    found = _WINDOW.match(fact.unit)
    if found is None or not isinstance(fact.value, int | float):
        return None
    return float(fact.value) / float(found[1]) * 60
