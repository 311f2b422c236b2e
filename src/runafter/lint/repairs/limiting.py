"""How much at once: runs of a trigger and iterations of a loop, by the limits of the connectors that they call."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from runafter.lint.analysis.counting import calls_per_iteration, per_minute
from runafter.lint.analysis.starting import concurrency, fires_on_change, is_event, is_schedule
from runafter.lint.finding import Change, Fix
from runafter.lint.flow import Flow, TriggerPart
from runafter.lint.repairs.front import is_written
from runafter.program.outline import Site
from runafter.program.part import Part

SAFETY = 2.0
_KEYS = re.compile(
    r"^(id|.*[a-z_]id|.*(number|key|code|reference|guid|uuid|sequence|batch|etag|messageid))$", re.IGNORECASE
)
_PERSONAL = re.compile(r"(mail|customer|user|tenant|owner|manager|sender|client|subscription)_?id$", re.IGNORECASE)


def limit_runs(flow: Flow) -> Fix | None:
    """Limit the runs under way; None for a flow that answers its caller, who would have to wait in the queue."""
    if any(site.folded == "response" for site in flow.sites):
        return None
    changes: list[Change] = []
    for trigger in flow.triggers:
        if concurrency(flow, trigger) is not None or not is_written(trigger.part):
            continue
        runs = 1 if is_schedule(trigger) else _runs(flow)
        waiting = int(flow.profile.limit("waiting_runs_max"))
        made = _set_below(
            trigger.part, ("runtimeConfiguration", "concurrency"), {"runs": runs, "maximumWaitingRuns": waiting}
        )
        reason = f"runs at once: {runs}, waiting: {waiting}, by the connectors' limits; where more come, put a queue in front"
        accepted = _waiver(trigger.part, "TRG004", reason)
        if made is None or accepted is None:
            continue
        changes += [made, accepted]
    return Fix(title="limit the runs under way at once", changes=tuple(changes)) if changes else None


def tell_repeated_events(flow: Flow) -> Fix | None:
    """Declare the key by which a second delivery of an event is known; None where no value of the event is a key."""
    changes: list[Change] = []
    for trigger in flow.triggers:
        if not is_event(trigger) or not is_written(trigger.part) or fires_on_change(trigger):
            continue
        key = _event_key(flow, trigger)
        if key is None or trigger.part.at("metadata", "runafter", "deduplicationKey") is not None:
            continue
        made = _set_below(trigger.part, ("metadata", "runafter", "deduplicationKey"), key)
        if made is not None:
            changes.append(made)
    return Fix(title="name the key of an event", changes=tuple(changes)) if changes else None


def limit_iterations(flow: Flow, site: Site) -> Fix | None:
    """Run no more iterations at once than the connectors bear: limit a second, times the seconds of a call, halved."""
    bears = _iterations(flow, site)
    written = site.part.at("runtimeConfiguration", "concurrency", "repetitions")
    if not bears or written is None or not is_written(written):
        return None
    change = Change(operation="set", pointer=written.pointer, value=min(bears))
    return Fix(title="run as many iterations at once as the limits bear", changes=(change,))


def limit_wait(flow: Flow, site: Site) -> Fix | None:
    """End a wait one day before the platform would end the run, so that what handles it can still run."""
    if site.part.at("limit", "timeout") is not None:
        return None
    days = int(flow.profile.limit("run_duration_s")) // 86_400 - 1
    made = _set_below(site.part, ("limit", "timeout"), f"P{days}D") if days > 0 else None
    return Fix(title=f"wait {days} days at most", changes=(made,)) if made is not None else None


def one_at_a_time(site: Site) -> Fix | None:
    """Run a loop's iterations one after the other."""
    made = _set_below(site.part, ("runtimeConfiguration", "concurrency", "repetitions"), 1)
    return Fix(title="run one iteration at a time", changes=(made,)) if made is not None else None


def search_in_turn(flow: Flow, sites: Sequence[Site]) -> Fix | None:
    """Let iterations that search and make take turns; `sites` are the create and the search.

    None where the search stands before the loop: then it does not see what the loop has made, turns or not.
    """
    if len(sites) < 2:
        return None
    loop = flow.order.concurrent_loop(sites[0])
    return one_at_a_time(loop) if loop is not None and loop in sites[1].around() else None


def say_iterations(flow: Flow, site: Site) -> Fix | None:
    """Write down how many iterations run at once by default, or as many as the limits bear if that is less."""
    count = min([flow.repetitions[site.key], *_iterations(flow, site)])
    made = _set_below(site.part, ("runtimeConfiguration", "concurrency", "repetitions"), count)
    return Fix(title="say how many iterations run at once", changes=(made,)) if made is not None else None


def one_run_at_a_time(flow: Flow) -> Fix | None:
    """Let one run wait for the other; None where a caller would have to wait."""
    if any(site.folded == "response" for site in flow.sites) or len(flow.triggers) != 1:
        return None
    trigger = flow.triggers[0]
    runs = trigger.part.at("runtimeConfiguration", "concurrency", "runs")
    made = _set_below(trigger.part, ("runtimeConfiguration", "concurrency", "runs"), 1)
    accepted = _waiver(trigger.part, "TRG004", "one run at a time, since runs read and write back one record")
    if made is None or accepted is None or (runs is not None and runs.value == 1):
        return None
    return Fix(title="run one at a time", changes=(made, accepted))


def _iterations(flow: Flow, site: Site) -> list[int]:
    return [
        max(1, int(limit / 60 / SAFETY))
        for api, (_, most, _) in calls_per_iteration(flow, site).items()
        if most and (limit := per_minute(flow.catalogue, api)) is not None
    ]


def _runs(flow: Flow) -> int:
    """Return how many runs the connectors bear: a run makes its calls one after the other, each in a second.

    A run that waits for people makes no calls meanwhile, so as many are allowed as the platform does.
    """
    most = int(flow.profile.limit("trigger_concurrency_max"))
    if any(call.waits for _, call in flow.calling) or any(site.folded in {"wait", "until"} for site in flow.sites):
        return most
    calls = Counter(call.api for _, call in flow.calling)
    bears = [
        int(limit / 60 * calls.total() / number / SAFETY)
        for api, number in calls.items()
        if (limit := per_minute(flow.catalogue, api)) is not None
    ]
    return max(1, min([int(flow.profile.default("trigger_concurrency")), *bears]))


def _set_below(part: Part, keys: tuple[str, ...], value: Any) -> Change | None:
    """Return the smallest edit that gives a part this value at these keys; None where something else stands there."""
    here = part
    for index, key in enumerate(keys):
        if not here.is_object or not is_written(here):
            return None
        found = here.get(key)
        if found is None:
            for outer in reversed(keys[index + 1 :]):
                value = {outer: value}
            return Change(operation="insert", pointer=here.pointer, key=key, value=value)
        here = found
    return Change(operation="set", pointer=here.pointer, value=value) if is_written(here) else None


def _waiver(part: Part, code: str, reason: str) -> Change | None:
    row = {"code": code, "reason": reason}
    rows = part.at("metadata", "runafter", "waive")
    if rows is None:
        return _set_below(part, ("metadata", "runafter", "waive"), [row])
    if not isinstance(rows.value, list) or not is_written(rows):
        return None
    return Change(operation="insert", pointer=rows.pointer, key=len(rows.value), value=row)


def _event_key(flow: Flow, trigger: TriggerPart) -> str | None:
    """Return an expression that tells one event from another."""
    schema = trigger.part.at("inputs", "schema", "properties")
    if trigger.folded == "request":
        names = [name for name, _ in schema.members()] if schema is not None else []
        chosen = [name for name in names if _KEYS.match(name) and not _PERSONAL.search(name)]
        chosen.sort(key=lambda name: (name.casefold() not in {"id", "key"}, not name.casefold().endswith("id")))
        return f"@triggerBody()?['{chosen[0]}']" if chosen and "'" not in chosen[0] else None
    if trigger.call is None:
        return None
    if "sharepoint" in trigger.call.api and "item" in trigger.call.title.casefold():
        return "@triggerBody()?['ID']"
    if trigger.call.api.endswith("servicebus"):
        return "@triggerBody()?['MessageId']"
    if "office365" in trigger.call.api and "mail" in trigger.call.title.casefold():
        return "@triggerBody()?['id']"
    return None
