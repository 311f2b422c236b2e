from __future__ import annotations

from collections.abc import Iterator

from runafter.expressions.ast import Access, Call, Expression, Literal
from runafter.lint.analysis.reading import access_keys, actions_read, expressions_in
from runafter.lint.finding import Change, Evidence, Fix, Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule
from runafter.program.faults import expression_findings
from runafter.program.outline import Site
from runafter.program.part import Part

_EMPTY = frozenset({"first", "last"})


class NullIntoRequiredParameter(Rule):
    """A value that may be null goes into a parameter that the connector requires.

    Why: `?[...]` turns a missing field into null without a word, and the connector answers null with an error that names
    neither the field nor the source.
    Instead: `coalesce(..., 'default')` where a default makes sense; otherwise test it and end the run with a message.
    Safe when: the field is always there; then say so in the schema's `required`.
    Source: Microsoft Learn, "Reference guide to workflow expression functions" (coalesce; the `?` operator).
    """

    code = "VAL002"
    severity = "note"
    family = "validation"

    def check(self, flow: Flow) -> Iterator[Issue]:
        schemas = _schemas(flow)
        for site, call in flow.calling:
            parameters = site.part.at("inputs", "parameters")
            if call.facts is None or parameters is None:
                continue
            required = {name.casefold() for name, is_required in call.facts.parameters.items() if is_required}
            for name, part in parameters.members():
                if name.casefold() not in required or not isinstance(part.value, str):
                    continue
                whole = expression_findings(part.value).whole
                why = _may_be_null(whole, schemas) if isinstance(whole, Call | Access) else None
                if why is None or _is_tested(flow, site, part.value):
                    continue
                text = part.value[1:]
                fix = None
                if part.node is not None and not part.path and part.value.startswith("@") and "@{" not in part.value:
                    change = Change(operation="set", pointer=part.pointer, value=f"@coalesce({text}, '')")
                    fix = Fix(title="use an empty text where the value is null", changes=(change,))
                yield self.issue(
                    flow,
                    part,
                    f"{site.name!r} needs {name!r}, and {text} {why}",
                    sites=(site,),
                    evidence=[
                        Evidence(text=f"{text} is null when it is missing", pointer=part.pointer, line=part.line)
                    ],
                    hint=f"coalesce({text}, ...) or a condition before it.",
                    fix=fix,
                )


def _schemas(flow: Flow) -> dict[str, Part]:
    """Schemas that say what a body holds, by `body('Name')` folded; the trigger's under the empty name."""
    found: dict[str, Part] = {}
    for site in flow.sites:
        schema = site.part.at("inputs", "schema") if site.folded == "parsejson" else None
        if schema is not None and schema.is_object:
            found[site.key] = schema
    for trigger in flow.triggers:
        schema = trigger.part.at("inputs", "schema")
        if schema is not None and schema.is_object:
            found[""] = schema
    return found


def _may_be_null(whole: Expression, schemas: dict[str, Part]) -> str | None:
    root, accesses = access_keys(whole)
    if not isinstance(root, Call):
        return None
    function = root.name.casefold()
    if function in _EMPTY and accesses and accesses[0].optional:
        return "is null when the list is empty"
    if function == "triggerbody" and "" in schemas:
        return _missing(schemas[""], accesses)
    if function == "body" and root.arguments and isinstance(root.arguments[0], Literal):
        schema = schemas.get(str(root.arguments[0].value).casefold())
        return _missing(schema, accesses) if schema is not None else None
    return None


def _missing(schema: Part, accesses: list[Access]) -> str | None:
    """Say why the schema lets a path be absent or null; None where it does not, or says nothing."""
    here = schema
    for access in accesses:
        if not isinstance(access.key, Literal) or not isinstance(access.key.value, str):
            return None
        name = access.key.value
        properties, required = here.get("properties"), here.get("required")
        inner = properties.get(name) if properties is not None else None
        if inner is None or not inner.is_object:
            return None
        type_ = inner.get("type")
        if type_ is not None and isinstance(type_.value, list) and "null" in type_.value:
            return f"may be null: the schema allows it for {name!r}"
        if required is not None and isinstance(required.value, list) and name not in required.value:
            return f"may be missing: the schema does not require {name!r}"
        here = inner
    return None


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
