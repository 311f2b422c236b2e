"""What a flow cannot do without: the values of the trigger whose absence makes it fail anyway, only later.

Counted is what certainly is evaluated: not what stands in a branch, a loop or a
handler, nor in a function that may choose not to look. So a check of these
values refuses no run that would have ended well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from runafter.expressions.ast import Access, Call, Expression, Interpolation, Literal
from runafter.lint.analysis.reading import access_keys, actions_read, expressions_in, reads_trigger
from runafter.lint.flow import Flow
from runafter.program.faults import expression_findings
from runafter.program.outline import Site

_TRIGGER = frozenset({"triggerbody", "triggeroutputs"})
_CHOOSING = frozenset({"if", "coalesce", "and", "or", "empty", "equals", "not", "contains", "string", "concat", "json"})
_NEEDS_A_VALUE = frozenset(
    {
        "tolower", "toupper", "trim", "split", "substring", "slice", "length", "int", "float", "decimal", "formatdatetime",
        "formatnumber", "replace", "indexof", "lastindexof", "startswith", "endswith", "first", "last", "take", "skip", "join",
        "adddays", "addhours", "addminutes", "addseconds", "addtotime", "subtractfromtime", "ticks", "convertfromutc",
        "converttoutc", "converttimezone", "startofday", "startofmonth", "dayofweek", "add", "sub", "mul", "div", "mod",
    }
)  # fmt: skip
_BRANCHES = frozenset({"if", "switch", "foreach", "until"})


def demanded(flow: Flow) -> dict[str, str]:
    """Return expressions over the trigger that must not be null, each with the name to call it by."""
    found: dict[str, str] = {}
    for site in flow.sites:
        if not is_certain(site):
            continue
        call = flow.call(site)
        required = call.facts.parameters if call is not None and call.facts is not None else {}
        for text, expression in _of_site(site, required):
            root, accesses = access_keys(expression)
            if not isinstance(root, Call) or root.name.casefold() not in _TRIGGER or not accesses:
                continue
            name = _name(accesses)
            if name is not None:
                found.setdefault(_safe(text, expression), name)
    return found


def is_certain(site: Site) -> bool:
    """Tell whether an action runs in every run that goes well up to it."""
    chain = site.chain()
    return all(each.folded not in _BRANCHES for each in chain[:-1]) and all(
        set(statuses) == {"Succeeded"} and _leads_from_success(each)
        for each in chain
        for statuses in each.run_after.values()
    )


def reads_body(flow: Flow) -> bool:
    """Tell whether any action reads the body of the trigger."""
    return any(_reads_body(use.expression) for use in flow.uses if use.owner is not None)


def list_read(flow: Flow) -> tuple[Site, str] | None:
    """Return the read at the root whose list the flow goes through, and the expression of the list, without `@`.

    Only where every change outside waits for that read.
    """
    for loop in flow.outline.root.sites.values():
        source = loop.part.text("foreach") if loop.folded == "foreach" else None
        if source is None or not source.startswith("@") or source.startswith(("@{", "@@")):
            continue
        names = actions_read(expressions_in(loop.part.get("foreach")))
        sites = [flow.outline.root.sites.get(name) for name in names]
        if len(sites) != 1 or sites[0] is None or not is_certain(sites[0]) or not is_certain(loop):
            continue
        site, call = sites[0], flow.call(sites[0])
        if call is None or call.kind != "read":
            continue
        level = flow.outline.root
        changing = [each.chain()[0].key for each, call in flow.calling if call.writes or call.kind == "execute"]
        if changing and all(site.key in level.ancestors(key) for key in changing):
            return site, source[1:]
    return None


def _leads_from_success(site: Site) -> bool:
    level = site.level
    return all(
        "Succeeded" in statuses for key in level.ancestors(site.key) for statuses in level.sites[key].run_after.values()
    )


def _of_site(site: Site, required: Mapping[str, bool]) -> Iterator[tuple[str, Expression]]:
    """Yield (whole text, expression) of each value that must be there for the action to work."""
    inputs = site.part.get("inputs")
    parameters = inputs.get("parameters") if inputs is not None else None
    for name, part in parameters.members() if parameters is not None else ():
        if required.get(name) and isinstance(part.value, str):
            for expression in expression_findings(part.value).expressions:
                if isinstance(expression, Access):
                    yield part.value, expression
    if site.folded == "foreach" and (source := site.part.text("foreach")) is not None:
        for expression in expression_findings(source).expressions:
            yield source, expression
    for place in (inputs, site.part.get("expression"), site.part.get("foreach")):
        for _, text in place.strings() if place is not None and site.folded not in {"if", "switch"} else ():
            for expression in expression_findings(text).expressions if "@" in text else ():
                for found in _needed(expression):
                    yield text, found


def _needed(expression: Expression) -> Iterator[Expression]:
    if isinstance(expression, Interpolation):
        for part in expression.parts:
            if not isinstance(part, str):
                yield from _needed(part)
    elif isinstance(expression, Call):
        name = expression.name.casefold()
        if name in _CHOOSING:
            return
        if name in _NEEDS_A_VALUE and expression.arguments and isinstance(expression.arguments[0], Access):
            yield expression.arguments[0]
        for argument in expression.arguments:
            yield from _needed(argument)


def _safe(text: str, expression: Expression) -> str:
    """Return the text of an access with every step optional, so that a missing parent is null and no error."""
    root, accesses = access_keys(expression)
    parts = [text[root.span.start : root.span.end]]
    for access in accesses:
        key = access.key
        shown = (
            "'" + str(key.value).replace("'", "''") + "'" if isinstance(key, Literal) and isinstance(key.value, str) else
            text[key.span.start : key.span.end]
        )  # fmt: skip
        parts.append(f"?[{shown}]")
    return "".join(parts)


def _name(accesses: list[Access]) -> str | None:
    keys = [access.key.value if isinstance(access.key, Literal) else None for access in accesses]
    if any(key is None for key in keys):
        return None
    name = "/".join(str(key) for key in keys)
    return name.removeprefix("body/")


def _reads_body(expression: Expression) -> bool:
    if not reads_trigger([expression]):
        return False
    waiting: list[Expression] = [expression]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Call):
            if node.name.casefold() == "triggerbody":
                return True
            waiting += node.arguments
        elif isinstance(node, Access):
            root, accesses = access_keys(node)
            first = accesses[0].key if accesses else None
            if (
                isinstance(root, Call)
                and root.name.casefold() == "triggeroutputs"
                and isinstance(first, Literal)
                and str(first.value).split("/")[0] == "body"
            ):
                return True
            waiting += [node.target, node.key]
        elif isinstance(node, Interpolation):
            waiting += [part for part in node.parts if not isinstance(part, str)]
    return False
