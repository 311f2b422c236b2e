"""Variables that iterations share: a value of the iteration becomes a Compose in it, a list of all of them a Select.

Where neither fits, because the last value or a sum is read behind the loop, the
iterations run one after the other.
"""

from __future__ import annotations

from runafter.expressions.ast import Call, Literal
from runafter.expressions.template import calls
from runafter.lint.analysis.reading import expressions_in, variable_writes, variables_read
from runafter.lint.finding import Change, Fix
from runafter.lint.flow import Flow, Use
from runafter.lint.repairs.front import RunAfter, is_same, is_written, run_after_change
from runafter.lint.repairs.limiting import one_at_a_time
from runafter.lint.repairs.words import quoted
from runafter.program.faults import expression_findings
from runafter.program.outline import Site

_DONE = ("Succeeded",)


def keep_in_iteration(flow: Flow, site: Site) -> Fix | None:
    """Make a variable that concurrent iterations write a Compose of the iteration, or let them take turns."""
    loop = flow.order.concurrent_loop(site)
    if loop is None:
        return None
    return _as_compose(flow, site, loop) or one_at_a_time(loop)


def select_instead(flow: Flow, loop: Site) -> Fix | None:
    """Make a loop that only appends a Select; None where the list is used or filled in another way too."""
    inside = list(flow.inside(loop))
    if len(inside) != 1 or inside[0].folded != "appendtoarrayvariable" or inside[0].run_after:
        return None
    append = inside[0]
    source, value = loop.part.get("foreach"), append.part.at("inputs", "value")
    name = append.part.at("inputs", "name")
    found = _only(flow, append)
    around = list(loop.around())
    if source is None or value is None or name is None or found is None or loop.loops():
        return None
    init, reads = found
    rows = init.part.at("inputs", "variables")
    start = next(iter(rows.items()), None) if rows is not None else None
    begun = start.get("value") if start is not None else None
    if begun is not None and begun.value not in ([], None, "@json('[]')", "@createArray()"):
        return None
    if not all(use.owner is not None and flow.order.is_before(loop, use.owner) for use in reads):
        return None
    chosen = [each for each in around if each.folded != "scope"]  # elsewhere, the list is empty where this did not run
    if any(each not in list(use.owner.around()) for each in chosen for use in reads if use.owner is not None):
        return None
    if any(call.name.casefold() in {"item", "iterationindexes"} for e in expressions_in(value) for call in calls(e)):
        return None
    if any(any("Succeeded" not in s for s in use.owner.run_after.values()) for use in reads if use.owner is not None):
        return None
    changes = _rewritten(reads, name.value, f"body({quoted(loop.name)})")
    removed = _removed(flow, init, {loop.key})
    if changes is None or removed is None or not is_same(loop.part):
        return None
    select = _with_item(value.value, loop.name)
    made = {
        "type": "Select",
        "inputs": {"from": source.value, "select": select},
        "runAfter": removed[1] if loop.container is None else dict(loop.run_after),
    }
    kept = {key: part.value for key, part in loop.part.members() if key in {"description", "metadata"}}
    change = Change(operation="set", pointer=loop.part.pointer, value=made | kept)
    return Fix(title="make the list with Select", changes=(change, *changes, *removed[0]))


def _as_compose(flow: Flow, site: Site, loop: Site) -> Fix | None:
    if site.folded != "setvariable":
        return None
    inputs, type_, found = site.part.get("inputs"), site.part.get("type"), _only(flow, site)
    name, value = site.part.at("inputs", "name"), site.part.at("inputs", "value")
    if inputs is None or type_ is None or found is None or name is None or value is None:
        return None
    init, reads = found
    inside = {each.key for each in flow.inside(loop)}
    for use in reads:
        owner = use.owner
        if (
            owner is None
            or owner.key not in inside
            or not flow.order.is_before(site, owner)
            or owner.loops() != site.loops()
        ):
            return None
    if not is_same(inputs) or not is_written(type_):
        return None
    changes = _rewritten(reads, name.value, f"outputs({quoted(site.name)})")
    removed = _removed(flow, init, set())
    if changes is None or removed is None or variables_read(expressions_in(value)) & {name.value.casefold()}:
        return None
    made = (
        Change(operation="set", pointer=type_.pointer, value="Compose"),
        Change(operation="set", pointer=inputs.pointer, value=value.value),
    )
    return Fix(title="keep the value in its iteration", changes=(*made, *changes, *removed[0]))


def _only(flow: Flow, site: Site) -> tuple[Site, list[Use]] | None:
    """Return where a variable begins and who reads it, when this action is all that writes it."""
    name = site.part.at("inputs", "name")
    if name is None or not isinstance(name.value, str):
        return None
    folded = name.value.casefold()
    if [each for each, written, _ in variable_writes(flow) if written == folded] != [site]:
        return None
    inits = [each for each in flow.outline.root.sites.values() if folded in _begun(each)]
    if len(inits) != 1 or len(_begun(inits[0])) != 1:
        return None
    return inits[0], [use for use in flow.uses if folded in variables_read([use.expression])]


def _begun(site: Site) -> list[str]:
    rows = site.part.at("inputs", "variables") if site.folded == "initializevariable" else None
    return [str(row.text("name")).casefold() for row in rows.items()] if rows is not None else []


def _removed(flow: Flow, init: Site, without: set[str]) -> tuple[list[Change], RunAfter] | None:
    """Return what removes the action where a variable begins: those behind it wait for what it waited for.

    `without` are actions whose run-after the caller writes; theirs is returned.
    """
    if not is_written(init.part) or any(tuple(statuses) != _DONE for statuses in init.run_after.values()):
        return None
    changes = [Change(operation="remove", pointer=init.part.pointer)]
    own: RunAfter = {}
    for site in init.level.sites.values():
        entry = next((name for name in site.run_after if name.casefold() == init.key), None)
        after = {name: statuses for name, statuses in site.run_after.items() if name != entry}
        if entry is not None:
            if tuple(site.run_after[entry]) != _DONE:
                return None
            after = dict(init.run_after) | after
        if site.key in without:
            own = after
        elif entry is not None:
            changes.append(run_after_change(site, after))
    return changes, own


def _rewritten(uses: list[Use], variable: str, by: str) -> list[Change] | None:
    """Return edits that read something else instead of the variable; None where a text cannot be edited."""
    changes: dict[str, Change] = {}
    for use in uses:
        if not is_same(use.part) or use.part.value != use.text:
            return None
        text = _replaced(use.text, variable, by)
        if text is None:
            return None
        changes[use.part.pointer] = Change(operation="set", pointer=use.part.pointer, value=text)
    return list(changes.values())


def _replaced(text: str, variable: str, by: str) -> str | None:
    spans = [
        call.span
        for expression in expression_findings(text).expressions
        for call in calls(expression)
        if call.name.casefold() == "variables" and _names(call, variable)
    ]
    for span in sorted(spans, key=lambda span: span.start, reverse=True):
        text = text[: span.start] + by + text[span.end :]
    return text if spans else None


def _names(call: Call, variable: str) -> bool:
    first = call.arguments[0] if call.arguments else None
    return isinstance(first, Literal) and str(first.value).casefold() == variable.casefold()


def _with_item(value: object, loop: str) -> object:
    """Return a value with `items('loop')` read as `item()`."""
    if isinstance(value, str):
        return _items(value, loop)
    if isinstance(value, dict):
        return {key: _with_item(each, loop) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_item(each, loop) for each in value]
    return value


def _items(text: str, loop: str) -> str:
    spans = [
        call.span
        for expression in expression_findings(text).expressions
        for call in calls(expression)
        if call.name.casefold() == "items" and _names(call, loop)
    ]
    for span in sorted(spans, key=lambda span: span.start, reverse=True):
        text = text[: span.start] + "item()" + text[span.end :]
    return text
