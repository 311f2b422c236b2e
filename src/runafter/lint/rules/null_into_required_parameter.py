from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runafter.expressions.ast import Access, Call, Expression, Literal
from runafter.lint.analysis.flowing import loop_of_item
from runafter.lint.analysis.reading import access_keys, actions_read, expressions_in, variable_writes
from runafter.lint.analysis.shapes import schemas_of
from runafter.lint.finding import Change, Evidence, Fix, Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at
from runafter.program.faults import expression_findings
from runafter.program.outline import Site
from runafter.program.part import Part

_EMPTY = frozenset({"first", "last"})
_FURTHEST = 8


class NullIntoRequiredParameter(Rule):
    """A value that may be null goes into a parameter that the connector requires.

    Why: `?[...]` turns a missing field into null without a word, and the connector answers null with an error that names
    neither the field nor the source. The way may lead over Compose actions, variables and items of a loop.
    Instead: `coalesce(..., 'default')` where a default makes sense; otherwise test it and end the run with a message.
    Safe when: the field is always there; then say so in the schema's `required`.
    Source: Microsoft Learn, "Reference guide to workflow expression functions" (coalesce; the `?` operator).
    """

    code = "VAL002"
    severity = "note"
    family = "validation"

    def check(self, flow: Flow) -> Iterator[Issue]:
        schemas = schemas_of(flow)
        for site, call in flow.calling:
            parameters = site.part.at("inputs", "parameters")
            if call.facts is None or parameters is None:
                continue
            required = {name.casefold() for name, is_required in call.facts.parameters.items() if is_required}
            for name, part in parameters.members():
                if name.casefold() not in required or not isinstance(part.value, str):
                    continue
                whole = expression_findings(part.value).whole
                source = _source(flow, site, whole) if isinstance(whole, Call | Access) else None
                why = _may_be_null(source, schemas) if source is not None else None
                if source is None or why is None or _is_tested(flow, site, part.value):
                    continue
                if any(_is_tested(flow, each, text) for each in (*source.over, site) for text in source.texts):
                    continue
                text = part.value[1:]
                fix = None
                if part.node is not None and not part.path and part.value.startswith("@") and "@{" not in part.value:
                    change = Change(operation="set", pointer=part.pointer, value=f"@coalesce({text}, '')")
                    fix = Fix(title="use an empty text where the value is null", changes=(change,))
                origin = source.texts[0][1:] if source.texts else text
                led = f" is {origin} (over {', '.join(repr(each.name) for each in source.over)})" if source.over else ""
                yield self.issue(
                    flow,
                    part,
                    f"{site.name!r} needs {name!r}, and {text}{led}{',' if led else ''} {'which ' if led else ''}{why}",
                    sites=(site, *source.over),
                    evidence=[
                        Evidence(text=f"{origin} is null when it is missing", pointer=part.pointer, line=part.line),
                        *(at(f"it is handed on by {each.name!r}", each) for each in source.over),
                    ],
                    hint=f"coalesce({text}, ...) or a condition before it.",
                    fix=fix,
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """Where a value comes from: a call, and what is taken of its result (None: an item of a list).

    `over` hand it on, the first of them first; `texts` are their expressions.
    """

    root: Expression
    taken: tuple[Access | None, ...]
    over: tuple[Site, ...] = ()
    texts: tuple[str, ...] = ()


def _source(flow: Flow, site: Site, whole: Expression) -> _Source:
    """Follow a value back over Compose, variables that are written once, and items of loops."""
    root, accesses = access_keys(whole)
    found = _Source(root=root, taken=tuple(accesses))
    for _ in range(_FURTHEST):
        step = _before(flow, found.over[0] if found.over else site, found.root)
        if step is None:
            break
        owner, part, item = step
        inner = expression_findings(part.value).whole
        if inner is None:
            break
        root, accesses = access_keys(inner)
        through: tuple[Access | None, ...] = (None,) if item else ()
        found = _Source(
            root=root,
            taken=(*accesses, *through, *found.taken),
            over=(owner, *found.over),
            texts=(part.value, *found.texts),
        )
    return found


def _before(flow: Flow, site: Site, root: Expression) -> tuple[Site, Part, bool] | None:
    """Return who hands a value on, its expression, and whether an item of that is meant."""
    if not isinstance(root, Call):
        return None
    function = root.name.casefold()
    first = root.arguments[0] if root.arguments else None
    named = str(first.value).casefold() if isinstance(first, Literal) else None
    owner: Site | None = None
    part: Part | None = None
    if function == "outputs" and named is not None:
        owner = flow.outline.named.get(named)
        part = owner.part.get("inputs") if owner is not None and owner.folded == "compose" else None
    elif function == "variables" and named is not None:
        writes = [(each, how) for each, name, how in variable_writes(flow, initial=True) if name == named]
        writes = [(each, how) for each, how in writes if how != "initialize" or _initial(each, named) is not None]
        if len(writes) == 1 and flow.order.is_before(writes[0][0], site):
            owner, how = writes[0]
            part = _initial(owner, named) if how == "initialize" else owner.part.at("inputs", "value")
            part = part if how in {"initialize", "set"} else None
    elif function in {"items", "item"}:
        owner = loop_of_item(flow, site, named)
        part = owner.part.get("foreach") if owner is not None else None
    if owner is None or part is None or not isinstance(part.value, str):
        return None
    return owner, part, function in {"items", "item"}


def _initial(site: Site, name: str) -> Part | None:
    rows = site.part.at("inputs", "variables")
    if site.folded != "initializevariable" or rows is None:
        return None
    return next((row.get("value") for row in rows.items() if (row.text("name") or "").casefold() == name), None)


def _may_be_null(source: _Source, schemas: dict[str, Part]) -> str | None:
    root, taken = source.root, source.taken
    if not isinstance(root, Call):
        return None
    function = root.name.casefold()
    if function in _EMPTY and taken and taken[0] is not None and taken[0].optional:
        return "is null when the list is empty"
    if function == "triggerbody" and "" in schemas:
        return _missing(schemas[""], taken)
    if function == "body" and root.arguments and isinstance(root.arguments[0], Literal):
        schema = schemas.get(str(root.arguments[0].value).casefold())
        return _missing(schema, taken) if schema is not None else None
    return None


def _missing(schema: Part, taken: Sequence[Access | None]) -> str | None:
    """Say why the schema lets a path be absent or null; None where it does not, or says nothing."""
    here = schema
    why: str | None = None
    for access in taken:
        if access is None:
            rows = here.get("items")
            if rows is None or not rows.is_object:
                return None
            here, why = rows, None  # a list that is missing has no items
            continue
        if not isinstance(access.key, Literal) or not isinstance(access.key.value, str):
            return None
        name = access.key.value
        properties, required = here.get("properties"), here.get("required")
        inner = properties.get(name) if properties is not None else None
        if inner is None or not inner.is_object:
            return why
        type_ = inner.get("type")
        if type_ is not None and isinstance(type_.value, list) and "null" in type_.value:
            why = why or f"may be null: the schema allows it for {name!r}"
        elif required is not None and isinstance(required.value, list) and name not in required.value:
            why = why or f"may be missing: the schema does not require {name!r}"
        here = inner
    return why


def _is_tested(flow: Flow, site: Site, text: str) -> bool:
    """Tell whether a condition around the action, or before it, reads the same value, or the search that it is the first of."""
    value = text[1:].replace("?", "").replace(" ", "")
    read = actions_read(expression_findings(text).expressions) if "first(" in text or "last(" in text else set()
    tests = [each for each in flow.sites if each.folded in {"if", "switch"}]
    around = set(site.around())
    for test in tests:
        if test in around or flow.order.is_before(test, site):
            condition = expressions_in(test.part.get("expression"))
            if read and read & actions_read(condition):
                return True
            shown = (
                repr((test.part.get("expression") or test.part).value)
                .replace("?", "")
                .replace(" ", "")
                .replace('"', "'")
            )
            if value in shown or value.replace("'", "\\'") in shown:
                return True
    return False
