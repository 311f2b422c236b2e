"""Validation: a condition in front of the work that ends the run when what it needs is not there."""

from __future__ import annotations

from typing import Any

from runafter.lint.analysis.starting import is_schedule
from runafter.lint.finding import Change, Fix
from runafter.lint.flow import Flow, TriggerPart
from runafter.lint.repairs.demands import demanded, list_read, reads_body
from runafter.lint.repairs.front import Front, free_name, front_of, is_check, run_after_change
from runafter.program.outline import Site

_DONE = ("Succeeded",)
_MOST = 12


def check_data(flow: Flow) -> Fix | None:
    """Refuse a run without the values that the flow cannot do without; None where nothing is certain to be needed."""
    if any(is_check(flow, site) for site in flow.sites) or not flow.triggers:
        return None
    front = front_of(flow)
    if front is None or not front.core:
        return None
    needed = demanded(flow)
    if not needed and reads_body(flow) and all(_brings_a_body(trigger) for trigger in flow.triggers):
        needed = {"triggerBody()": "body"}
    if needed:
        return _at_the_trigger(flow, front, dict(list(needed.items())[:_MOST]))
    found = list_read(flow)
    return _behind_a_read(flow, front, *found) if found is not None else None


def _brings_a_body(trigger: TriggerPart) -> bool:
    """Tell whether a good event of this trigger has a body: any connector's, and a request's where a schema says so."""
    if is_schedule(trigger):
        return False
    properties = trigger.part.at("inputs", "schema", "properties")
    return trigger.folded != "request" or (properties is not None and bool(properties.value))


def _at_the_trigger(flow: Flow, front: Front, needed: dict[str, str]) -> Fix | None:
    outside = {site.key for site in front.outside}
    name = free_name(flow, "Check_the_trigger")
    waits: dict[str, tuple[str, ...]] = {}
    for site in front.starts():
        entries = front.after[site.key]
        if any(tuple(statuses) != _DONE for statuses in entries.values()):
            return None
        waits |= entries
        front.after[site.key] = {name: _DONE}
        front.changed.add(site.key)
    waits = waits or {site.name: _DONE for site in front.ends(front.outside)}
    if any(each.casefold() not in outside for each in waits):
        return None
    message = f"refused before any change: {', '.join(needed.values())} must be there"
    check = _check(flow, needed, message, {each: list(statuses) for each, statuses in waits.items()})
    first = next(part for key, part in front.actions.members() if key.casefold() not in outside)
    insert = Change(
        operation="insert", pointer=front.actions.pointer, key=name, value=check, before=str(_key(first.pointer))
    )
    changes = (insert, *front.run_after_changes())
    return Fix(title="check the trigger's data before any change", changes=changes, alone=True)


def _behind_a_read(flow: Flow, front: Front, site: Site, source: str) -> Fix | None:
    name = free_name(flow, f"Check_{site.name}")
    moved: list[Change] = []
    for other in flow.outline.root.sites.values():
        entries = other.run_after
        key = next((each for each in entries if each.casefold() == site.key), None)
        if key is not None and tuple(entries[key]) == _DONE:
            moved.append(run_after_change(other, {(name if each == key else each): s for each, s in entries.items()}))
    if not moved:
        return None
    message = f"refused before any change: {site.name} gave no list"
    check = _check(flow, {source: site.name}, message, {site.name: ["Succeeded"]})
    names = [key for key, _ in front.actions.members()]
    place = next(index for index, key in enumerate(names) if key.casefold() == site.key) + 1
    before = names[place] if place < len(names) else None
    insert = Change(operation="insert", pointer=front.actions.pointer, key=name, value=check, before=before)
    return Fix(title="check what was read before any change", changes=(insert, *moved), alone=True)


def _check(flow: Flow, needed: dict[str, str], message: str, after: dict[str, list[str]]) -> dict[str, Any]:
    tests = [{"not": {"equals": [f"@{expression}", "@null"]}} for expression in needed]
    refuse: dict[str, Any] = {}
    end = free_name(flow, "End_as_invalid")
    answer = free_name(flow, "Answer_400")
    responses = [site for site in flow.sites if site.folded == "response"]
    if responses:
        refuse[answer] = {
            "type": "Response",
            **({"kind": kind} if (kind := responses[0].part.text("kind")) else {}),
            "runAfter": {},
            "inputs": {"statusCode": 400, "body": {"error": "InvalidInput", "message": message}},
        }
    refuse[end] = {
        "type": "Terminate",
        "runAfter": {answer: ["Succeeded", "Failed", "Skipped", "TimedOut"]} if responses else {},
        "inputs": {"runStatus": "Failed", "runError": {"code": "InvalidInput", "message": message}},
    }
    return {
        "type": "If",
        "runAfter": after,
        "expression": {"and": tests},
        "actions": {},
        "else": {"actions": refuse},
    }


def _key(pointer: str) -> str:
    return pointer.rsplit("/", 1)[-1].replace("~1", "/").replace("~0", "~")
