"""Try, catch, finally: the work in a scope, a handler behind it, a record of the run, and an end that says why.

The scope has the status that the run would have had, so what follows sees the
same: after success nothing changes, after failure the handler keeps the error
of the step that failed, tells somebody where the flow has a connection for
that, answers the caller who waits, and the run still ends as Failed.
"""

from __future__ import annotations

from typing import Any

from runafter.lint.finding import Change, Fix
from runafter.lint.flow import Flow
from runafter.lint.repairs.declaring import declared
from runafter.lint.repairs.front import (
    ALL,
    Front,
    fits_deeper,
    free_name,
    front_of,
    is_check,
    is_constant,
    placed,
)
from runafter.lint.repairs.recording import PARAMETERS, recording
from runafter.lint.repairs.telling import telling
from runafter.lint.repairs.words import FLOW, RUN, quoted
from runafter.program.outline import Site

_DONE = ("Succeeded",)
_BAD = ["Failed", "TimedOut"]


def catch_work(flow: Flow) -> Fix | None:
    """Put all work of a flow into a scope, with handler, record and end behind it.

    None where it cannot be: an odd root, a handler at the border, a flow that is too deep already.
    """
    front = front_of(flow)
    if front is None or not front.core or not fits_deeper(front.core) or not flow.triggers:
        return None
    core = {site.key for site in front.core}
    entries = [(name, statuses) for site in front.core for name, statuses in front.after[site.key].items()]
    waits = {name: statuses for name, statuses in entries if name.casefold() not in core}
    if any(tuple(statuses) != _DONE for statuses in waits.values()):
        return None
    if not waits:
        waits = {site.name: _DONE for site in front.ends(front.outside)}
    for site in front.core:
        inner = {n: s for n, s in front.after[site.key].items() if n.casefold() in core}
        if inner != front.after[site.key]:
            front.after[site.key] = inner
            front.changed.add(site.key)
    moves, members = placed(front)
    name = free_name(flow, "Try")
    scope = {"type": "Scope", "runAfter": {each: list(statuses) for each, statuses in waits.items()}}
    wrap = Change(operation="wrap", pointer=front.actions.pointer, key=name, value=scope, members=members)
    before = [site for site in front.outside if not _cannot_fail(flow, site)]
    behind, parameters = _behind(flow, name, before)
    changes = [*moves, wrap, *front.run_after_changes(), *_inserted(front, behind), *declared(flow, parameters)]
    return Fix(
        title="put the work into a scope, with a handler, a record and an end", changes=tuple(changes), alone=True
    )


def record_runs(flow: Flow) -> Fix | None:
    """Do the same for a flow that has handlers of its own; None where one of them ends the run before any record."""
    if any(site.folded == "terminate" for site in flow.sites):
        return None
    return catch_work(flow)


def _behind(flow: Flow, scope: str, before: list[Site]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return handler, record and end behind a scope, and the parameters they read."""
    catch, record, end = (free_name(flow, each) for each in ("Catch", "Record_the_run", "End_as_failed"))
    steps, detail = free_name(flow, "Failed_steps"), free_name(flow, "Error_detail")
    names = [quoted(each.name) for each in before]
    bad = "createArray('Failed', 'TimedOut')"
    earlier = "".join(f"if(contains({bad}, coalesce(actions({n})?['status'], '')), {n}, null), " for n in names)
    reasons = "".join(f"actions({n})?['error']?['message'], " for n in names)
    first = f"first(body({quoted(steps)}))"
    actions: dict[str, Any] = {
        steps: {
            "type": "Query",
            "runAfter": {},
            "inputs": {
                "from": f"@coalesce(result({quoted(scope)}), json('[]'))",
                "where": "@or(equals(item()?['status'], 'Failed'), equals(item()?['status'], 'TimedOut'))",
            },
        },
        detail: {
            "type": "Compose",
            "runAfter": {steps: ["Succeeded"]},
            "inputs": {
                "flow": FLOW,
                "run": RUN,
                "action": f"@coalesce({first}?['name'], {earlier}{quoted(scope)})",
                "code": f"@coalesce({first}?['error']?['code'], {first}?['code'], 'Failed')",
                "message": f"@take(coalesce({first}?['error']?['message'], {reasons}string({first}?['outputs']?['body'])), 1000)",
            },
        },
    }
    parameters = dict(PARAMETERS)
    told = telling(flow, detail, detail)
    if told is not None:
        actions |= told.actions
        parameters = told.parameters | parameters
    actions |= _answer(flow, detail)
    statuses = ["Failed", "Skipped", "TimedOut"] if before else _BAD
    behind = {
        catch: {"type": "Scope", "runAfter": {scope: statuses}, "actions": actions},
        record: recording(flow, [scope, catch]),
        end: {
            "type": "Terminate",
            "runAfter": {catch: ["Succeeded", "Failed", "TimedOut"], record: list(ALL)},
            "inputs": {
                "runStatus": "Failed",
                "runError": {
                    "code": "WorkFailed",
                    "message": f"@concat(coalesce(outputs({quoted(detail)})?['action'], {quoted(scope)}), ': ', "
                    f"coalesce(outputs({quoted(detail)})?['message'], 'no message'))",
                },
            },
        },
    }
    return behind, parameters


def _answer(flow: Flow, detail: str) -> dict[str, Any]:
    """Return the answer to a caller who has none yet; nothing where the flow never answers."""
    responses = [site for site in flow.sites if site.folded == "response"]
    if not responses or any(site.loops() for site in responses):
        return {}
    kind = next((site.part.text("kind") for site in responses if site.part.text("kind")), None)
    sent = [f"equals(actions({quoted(site.name)})?['status'], 'Succeeded')" for site in responses]
    test = sent[0] if len(sent) == 1 else f"or({', '.join(sent)})"
    response: dict[str, Any] = {
        "type": "Response",
        "runAfter": {},
        "inputs": {"statusCode": 500, "body": {"error": f"@outputs({quoted(detail)})?['code']"}},
    }
    if kind is not None:
        response["kind"] = kind
    condition = {
        "type": "If",
        "runAfter": {detail: ["Succeeded"]},
        "expression": {"not": {"equals": [f"@{test}", True]}},
        "actions": {free_name(flow, "Answer_500"): response},
        "else": {"actions": {}},
    }
    return {free_name(flow, "Answer_the_caller"): condition}


def _inserted(front: Front, behind: dict[str, Any]) -> list[Change]:
    return [
        Change(operation="insert", pointer=front.actions.pointer, key=name, value=value)
        for name, value in behind.items()
    ]


def _cannot_fail(flow: Flow, site: Site) -> bool:
    return is_check(flow, site) or (site.folded == "initializevariable" and is_constant(site))
