"""What expressions depend on: the item of a loop, the trigger, an action; and small questions about their form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from runafter.expressions.ast import Access, Call, Expression, Interpolation, Literal
from runafter.expressions.template import calls
from runafter.lint.flow import Flow, Use
from runafter.program.faults import expression_findings
from runafter.program.outline import Site
from runafter.program.part import Part

ACTION = frozenset({"actions", "body", "outputs", "result", "actionbody", "actionoutputs"})
_OF_THE_CALL = frozenset({"authentication", "host", "retrypolicy", "serviceproviderconfiguration"})
TRIGGER = frozenset({"trigger", "triggerbody", "triggeroutputs", "triggerformdatavalue"})


def expressions_in(part: Part | None) -> list[Expression]:
    """Return every expression below a part."""
    if part is None:
        return []
    return [each for _, text in part.strings() if "@" in text for each in expression_findings(text).expressions]


def sent_by(site: Site) -> list[Expression]:
    """Return the expressions of what a call sends or asks for, without those that say how to call.

    Power Automate reads its token from the trigger's headers, in `authentication` of every action.
    """
    inputs = site.part.get("inputs")
    members = inputs.members() if inputs is not None else ()
    return [each for key, part in members if key.casefold() not in _OF_THE_CALL for each in expressions_in(part)]


def is_from_template(part: Part) -> bool:
    """Tell whether a value is an ARM template's expression, whose value here is a stand-in."""
    written = part.node.value if part.node is not None and not part.path else None
    return isinstance(written, str) and written.startswith("[") and not written.startswith("[[")


def calls_in(part: Part | None) -> Iterator[Call]:
    """Yield every function call below a part."""
    for expression in expressions_in(part):
        yield from calls(expression)


def named_reads(expressions: Iterable[Expression]) -> Iterator[tuple[str, str]]:
    """Yield (function, name) of each call that names something by a literal, both folded."""
    for expression in expressions:
        for call in calls(expression):
            if call.arguments and isinstance(call.arguments[0], Literal) and isinstance(call.arguments[0].value, str):
                yield call.name.casefold(), call.arguments[0].value.casefold()


def actions_read(expressions: Iterable[Expression]) -> set[str]:
    """Return the folded names of the actions that expressions read."""
    return {name for function, name in named_reads(expressions) if function in ACTION}


def variables_read(expressions: Iterable[Expression]) -> set[str]:
    return {name for function, name in named_reads(expressions) if function == "variables"}


def reads_trigger(expressions: Iterable[Expression]) -> bool:
    return any(call.name.casefold() in TRIGGER for expression in expressions for call in calls(expression))


def varies_in(flow: Flow, expressions: Iterable[Expression], loop: Site) -> bool:
    """Tell whether a value may differ between iterations: it reads an item, an action inside the loop, a variable, chance."""
    inside = {site.key for site in flow.inside(loop)}
    for expression in expressions:
        for call in calls(expression):
            name = call.name.casefold()
            if name in {"item", "items", "iterationindexes", "variables", "guid", "rand", "utcnow"}:
                return True
            if name in ACTION:
                first = call.arguments[0] if call.arguments else None
                if not isinstance(first, Literal) or str(first.value).casefold() in inside:
                    return True
    return False


def depends_on(flow: Flow, expressions: Iterable[Expression], target: Site) -> bool:
    """Tell whether a value is computed from an action's outputs, directly or over Compose, ParseJson and the like."""
    seen: set[str] = set()
    waiting = list(actions_read(expressions))
    while waiting:
        name = waiting.pop()
        if name == target.key:
            return True
        site = flow.outline.named.get(name)
        if site is None or name in seen or len(seen) > 200:
            continue
        seen.add(name)
        if flow.call(site) is None:
            waiting.extend(actions_read(use.expression for use in flow.uses_of(site)))
    return False


def variable_writes(flow: Flow, *, initial: bool = False) -> list[tuple[Site, str, str]]:
    """Return (action, folded variable, operation) of each action that changes a variable after its initialization;
    with `initial` also of those that give the first value.
    """
    question = f"variable writes, initial {initial}"
    if question not in flow.answers:
        flow.answers[question] = _variable_writes(flow, initial)
    return list(flow.answers[question])


def _variable_writes(flow: Flow, initial: bool) -> list[tuple[Site, str, str]]:
    found = []
    for site in flow.sites:
        if initial and site.folded == "initializevariable":
            variables = site.part.at("inputs", "variables")
            for row in variables.items() if variables is not None else ():
                if (title := row.text("name")) is not None:
                    found.append((site, title.casefold(), "initialize"))
        operation = _WRITES.get(site.folded)
        name = site.part.at("inputs", "name")
        if operation is not None and name is not None and isinstance(name.value, str):
            found.append((site, name.value.casefold(), operation))
    return found


def is_same_constant(one: Site, other: Site) -> bool:
    """Tell whether two actions set a variable to one and the same literal."""
    if one.folded != "setvariable" or other.folded != "setvariable":
        return False
    mine, theirs = one.part.at("inputs", "value"), other.part.at("inputs", "value")
    if mine is None or theirs is None or any(not isinstance(each, Literal) for each in expressions_in(mine)):
        return False
    return bool(mine.value == theirs.value)


_WRITES = {
    "setvariable": "set",
    "incrementvariable": "increment",
    "decrementvariable": "decrement",
    "appendtoarrayvariable": "append",
    "appendtostringvariable": "append",
}


def runs_overlap(flow: Flow) -> bool:
    """Tell whether two runs may be under way at once: an event starts them and nothing limits them to one."""
    for trigger in flow.triggers:
        if trigger.folded in {"recurrence", "slidingwindow", "manual"}:
            continue
        if trigger.folded == "request" and (trigger.part.text("kind") or "http").casefold() not in {
            "http",
            "eventgrid",
        }:
            continue
        if "singleinstance" in (trigger.part.text("operationOptions") or "").casefold():
            continue
        runs = trigger.part.at("runtimeConfiguration", "concurrency", "runs")
        if runs is None or runs.value != 1:
            return True
    return False


def access_keys(expression: Expression) -> tuple[Expression, list[Access]]:
    """Return what a chain of accesses starts from, and the accesses from left to right."""
    found: list[Access] = []
    node = expression
    while isinstance(node, Access):
        found.append(node)
        node = node.target
    return node, found[::-1]


def walk(expression: Expression) -> Iterator[Expression]:
    """Yield every node of an expression, outer ones first."""
    waiting: list[Expression] = [expression]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, Call):
            waiting.extend(reversed(node.arguments))
        elif isinstance(node, Access):
            waiting.extend((node.key, node.target))
        elif isinstance(node, Interpolation):
            waiting.extend(part for part in reversed(node.parts) if not isinstance(part, str))


def written(use: Use, expression: Expression) -> str:
    """Return an expression's own text."""
    return use.text[expression.span.start : expression.span.end]
