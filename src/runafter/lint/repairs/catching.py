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
    is_written,
    placed,
    run_after_change,
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
    before = [site for site in front.outside if flow.call(site) is not None or any(map(flow.call, flow.inside(site)))]
    behind, parameters = _behind(flow, name, before, ())
    changes = [*moves, wrap, *front.run_after_changes(), *_inserted(front, behind), *declared(flow, parameters)]
    return Fix(
        title="put the work into a scope, with a handler, a record and an end", changes=tuple(changes), alone=True
    )


def catch_scope(flow: Flow, site: Site) -> Fix | None:
    """Put a handler behind a scope of the root that has none; other work beside it ends before the run does."""
    level = flow.outline.root
    actions = flow.root.get("actions")
    if actions is None or not is_written(actions) or level.doubles or site.key not in level.sites:
        return None
    after = {each.key: dict(each.run_after) for each in level.sites.values()}
    front = Front(actions=actions, outside=list(level.sites.values()), core=[], after=after)
    others = [each for each in front.ends(front.outside) if each is not site]
    if any(each.folded == "terminate" or any(i.folded == "terminate" for i in flow.inside(each)) for each in others):
        return None
    behind, parameters = _behind(flow, site.name, [], [each.name for each in others])
    changes = [*_inserted(front, behind), *declared(flow, parameters)]
    return Fix(title=f"handle the failure of {site.name!r}, record and end the run", changes=tuple(changes), alone=True)


def record_runs(flow: Flow) -> Fix | None:
    """Put a record behind everything; before an action at the root that ends the run."""
    level = flow.outline.root
    actions = flow.root.get("actions")
    if actions is None or not is_written(actions) or level.doubles or not level.sites or not flow.triggers:
        return None
    after = {each.key: dict(each.run_after) for each in level.sites.values()}
    front = Front(actions=actions, outside=list(level.sites.values()), core=[], after=after)
    ends = front.ends(front.outside)
    last = [each for each in ends if _ends_the_run(flow, each)]
    if any(
        _ends_the_run(flow, each) for each in level.sites.values() if each not in last and not _is_check(flow, each)
    ):
        return None
    waited = {name.casefold(): None for each in last for name in each.run_after} | {
        each.key: None for each in ends if each not in last
    }
    names = [level.sites[key].name for key in waited if key in level.sites]
    if not names:
        return None
    name = free_name(flow, "Record_the_run")
    changes = [
        Change(operation="insert", pointer=actions.pointer, key=name, value=recording(flow, names)),
        *(run_after_change(each, {**each.run_after, name: ALL}) for each in last),
        *declared(flow, PARAMETERS),
    ]
    return Fix(title="record how every run ended", changes=tuple(changes), alone=True)


def _behind(
    flow: Flow, scope: str, before: list[Site], others: tuple[str, ...] | list[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return handler, record and end behind a scope, and the parameters they read."""
    catch, record, end = (free_name(flow, each) for each in ("Catch", "Record_the_run", "End_as_failed"))
    steps, detail = free_name(flow, "Failed_steps"), free_name(flow, "Error_detail")
    failed = f"coalesce(result({quoted(scope)}), json('[]'))"
    if before:
        failed = f"union(createArray({', '.join(f'actions({quoted(each.name)})' for each in before)}), {failed})"
    first = f"first(body({quoted(steps)}))"
    actions: dict[str, Any] = {
        steps: {
            "type": "Query",
            "runAfter": {},
            "inputs": {
                "from": f"@{failed}",
                "where": "@or(equals(item()?['status'], 'Failed'), equals(item()?['status'], 'TimedOut'))",
            },
        },
        detail: {
            "type": "Compose",
            "runAfter": {steps: ["Succeeded"]},
            "inputs": {
                "flow": FLOW,
                "run": RUN,
                "action": f"@coalesce({first}?['name'], {quoted(scope)})",
                "code": f"@coalesce({first}?['error']?['code'], {first}?['code'], 'Failed')",
                "message": f"@take(coalesce({first}?['error']?['message'], string(coalesce({first}?['outputs']?['body'], "
                "'no message'))), 1000)",
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
        record: recording(flow, [scope, catch, *others]),
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


def _ends_the_run(flow: Flow, site: Site) -> bool:
    return any(each.folded == "terminate" for each in (site, *flow.inside(site)))


def _is_check(flow: Flow, site: Site) -> bool:
    """Tell whether an action may end the run before the work has begun."""
    return not any(call.writes or call.kind == "execute" for each in flow.sites if (call := flow.call(each)) is not None
                   and flow.order.is_before(each, site))  # fmt: skip
