"""Is a flow fit for production? Five layers, each with the actions that make it, each there or not.

Trigger: starts only what should start, no more at once than it can bear.
Validation: refuses bad data before the first write. Core: the work, in a scope,
every call with retries of its own. Errors: whatever fails in the core is seen,
time-outs too, and something is done about it. Monitor: every run leaves a trace
of how it ended, good or bad.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from runafter.definition.nodes import Definition
from runafter.lint.analysis.handling import BAD, handlers_of, is_in_handler
from runafter.lint.analysis.starting import concurrency, has_filter, is_event
from runafter.lint.analysis.tracing import traces_both_ways
from runafter.lint.effects import Call
from runafter.lint.flow import Flow
from runafter.profiles.catalogue import Catalogue
from runafter.program.outline import Site

LAYERS = ("trigger", "validation", "core", "errors", "monitor")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer: `actions` make it, `missing` says what it lacks; `rule` is the code that explains it."""

    name: str
    is_present: bool
    actions: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """The grade of one flow, 0 to 5: how many layers are there."""

    flow: str
    file: str
    layers: tuple[Layer, ...]

    @property
    def grade(self) -> int:
        return sum(layer.is_present for layer in self.layers)


def readiness(definition: Definition, *, catalogue: Catalogue | None = None, deduplication: bool = False) -> Readiness:
    """Grade one flow. `deduplication` tells that events are made unique outside of the definition."""
    flow = Flow(definition, catalogue=catalogue)
    handlers = _handlers(flow)
    guards = _guards(flow)
    core = [
        (site, call)
        for site, call in flow.calling
        if not is_in_handler(site)
        and not any(each.key in guards for each in site.chain())
        and not any(_runs_after_all(each) for each in site.chain())
    ]
    return Readiness(
        flow=definition.name,
        file=definition.file,
        layers=(
            _trigger(flow, deduplication),
            _validation(flow, guards),
            _core(flow, core),
            _errors(flow, core, handlers),
            _monitor(flow),
        ),
    )


def _trigger(flow: Flow, deduplication: bool) -> Layer:
    missing: list[str] = []
    for trigger in flow.triggers:
        if concurrency(flow, trigger) is None:
            missing.append(f"{trigger.name!r} does not limit how many runs are under way at once")
        declared = trigger.part.at("metadata", "runafter", "deduplicationKey") is not None
        if is_event(trigger) and not (has_filter(trigger) or deduplication or declared):
            missing.append(f"{trigger.name!r} has no condition and no key that tells a second delivery")
    if not flow.triggers:
        missing.append("the flow has no trigger")
    return _layer("trigger", [trigger.name for trigger in flow.triggers], missing, "TRG001")


def _guards(flow: Flow) -> dict[str, Site]:
    """What refuses bad data before anything is written, by folded name: root actions that parse or test and can end
    the run, directly or because what comes next waits for their success.
    """
    found: dict[str, Site] = {}
    for site in flow.outline.root.sites.values():
        inside = [site, *flow.inside(site)]
        if is_in_handler(site) or any(call.writes for each in inside if (call := flow.call(each)) and not _ends(each)):
            continue
        if any(_refuses(flow, each) for each in inside):
            found[site.key] = site
    return found


def _refuses(flow: Flow, site: Site) -> bool:
    if site.folded == "parsejson":
        schema = site.part.at("inputs", "schema")
        return schema is not None and "required" in repr(schema.value)
    if site.folded in {"if", "switch"}:
        return any(each.folded in {"terminate", "response"} for each in flow.inside(site))
    return False


def _ends(site: Site) -> bool:
    return any(each.folded in {"terminate", "response"} for each in site.level.sites.values())


def _validation(flow: Flow, guards: dict[str, Site]) -> Layer:
    first = next((site for site, call in flow.calling if call.writes or call.kind == "execute"), None)
    before = [
        site
        for site in guards.values()
        if all(
            site.key in root.level.ancestors(root.key) or site is root
            for each, call in flow.calling
            if call.writes and (root := each.chain()[0]).key != site.key
        )
    ]
    if before:
        return _layer("validation", [site.name for site in before], [], "VAL001")
    where = f"before {first.name!r}" if first is not None else "at the beginning"
    return _layer("validation", [], [f"nothing refuses bad data {where}"], "VAL001")


def _core(flow: Flow, core: Sequence[tuple[Site, Call]]) -> Layer:
    scopes = {root.key: root.name for site, _ in core if (root := site.chain()[0]).folded == "scope"}
    missing: list[str] = []
    if not core:
        missing.append("the flow calls nothing")
    elif not scopes:
        missing.append("the work is not in a scope, so nothing can run after it as a whole")
    bare = [site.name for site, _ in core if not _has_policy(site)]
    if bare:
        missing.append(f"no retry policy of their own: {_some(bare)}")
    endless = [
        site.name
        for site, call in core
        if call.waits and all(s.part.at("limit", "timeout") is None for s in site.chain())
    ]
    if endless:
        missing.append(f"wait without a time limit: {_some(endless)}")
    return _layer("core", list(scopes.values()), missing, "RTY001")


def _has_policy(site: Site) -> bool:
    inputs = site.part.get("inputs")
    return inputs is not None and (
        inputs.get("retryPolicy") is not None or inputs.at("subscribe", "retryPolicy") is not None
    )


def _handlers(flow: Flow) -> dict[str, list[Site]]:
    """Handlers that do something, by the folded name of the root action whose failure they see."""
    found: dict[str, list[Site]] = {}
    for site in flow.outline.root.sites.values():
        useful = [
            other
            for other in handlers_of(site)
            if any(
                flow.call(each) is not None or each.folded in {"terminate", "response"}
                for each in (other, *flow.inside(other))
            )
        ]
        if useful:
            found[site.key] = useful
    return found


def _errors(flow: Flow, core: Sequence[tuple[Site, Call]], handlers: dict[str, list[Site]]) -> Layer:
    missing: list[str] = []
    roots: dict[str, Site] = {}
    for site, call in core:
        if call.writes or call.kind == "execute" or not core:
            roots.setdefault(site.chain()[0].key, site.chain()[0])
    if not roots:
        roots = {site.chain()[0].key: site.chain()[0] for site, _ in core}
    used: dict[str, None] = {}
    for key, root in roots.items():
        found = [site for site in handlers.get(key, []) if "Succeeded" not in _statuses(site, root)]
        if not found:
            missing.append(_unseen(root))
            continue
        if not any("TimedOut" in _statuses(site, root) for site in found):
            missing.append(f"{found[0].name!r} does not run when {root.name!r} times out")
        used.update(dict.fromkeys(site.name for site in found))
    if not roots:
        missing.append("nothing runs when something fails")
    return _layer("errors", list(used), missing, "ERR001")


def _unseen(root: Site) -> str:
    """Say what becomes of a failure that no handler does anything about."""
    mute = [site.name for site in handlers_of(root) if "Succeeded" not in _statuses(site, root)]
    if mute:
        return f"{mute[0]!r} runs when {root.name!r} fails, but makes no call that tells anybody"
    return f"nothing runs when {root.name!r} fails"


def _statuses(handler: Site, root: Site) -> set[str]:
    """Return the statuses of `root` after which a handler runs; over other actions, their own statuses."""
    for name, statuses in handler.run_after.items():
        if name.casefold() == root.key:
            return set(statuses)
    return {status for statuses in handler.run_after.values() for status in statuses}


def _monitor(flow: Flow) -> Layer:
    found = [
        site
        for site in flow.outline.root.sites.values()
        if _runs_after_all(site)
        and any(
            (call := flow.call(each)) is not None and (call.writes or call.kind == "execute")
            for each in (site, *flow.inside(site))
        )
    ]
    found = found or traces_both_ways(flow)
    if found:
        return _layer("monitor", [site.name for site in found], [], "MON001")
    return _layer("monitor", [], ["no run leaves a trace of how it ended, after success and failure alike"], "MON001")


def _runs_after_all(site: Site) -> bool:
    """Tell whether an action runs whether what came before succeeded or failed."""
    if site.container is not None:
        return False
    entries = site.run_after.values()
    return all(BAD & set(statuses) for statuses in entries) and any("Succeeded" in statuses for statuses in entries)


def _some(names: Iterable[str], most: int = 4) -> str:
    shown = list(names)
    more = f" and {len(shown) - most} more" if len(shown) > most else ""
    return ", ".join(repr(name) for name in shown[:most]) + more


def _layer(name: str, actions: Sequence[str], missing: Sequence[str], rule: str) -> Layer:
    return Layer(name=name, is_present=not missing, actions=tuple(actions), missing=tuple(missing), rule=rule)
