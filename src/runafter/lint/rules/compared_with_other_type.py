from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from runafter.expressions.ast import Access, Call, Expression, Literal
from runafter.expressions.template import calls
from runafter.lint.analysis.shapes import schemas_of, type_of_field
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule
from runafter.program.faults import expression_findings
from runafter.program.outline import Site
from runafter.program.part import Part

_INTEGER = frozenset(
    ["length", "int", "indexof", "lastindexof", "nthindexof", "dayofmonth", "dayofweek", "dayofyear", "ticks", "rand"]
)
_BOOLEAN = frozenset(
    [
        "equals",
        "greater",
        "greaterorequals",
        "less",
        "lessorequals",
        "and",
        "or",
        "not",
        "empty",
        "contains",
        "startswith",
        "endswith",
        "bool",
    ]
)
_STRING = frozenset(
    [
        "concat",
        "string",
        "tolower",
        "toupper",
        "trim",
        "replace",
        "substring",
        "formatdatetime",
        "utcnow",
        "guid",
        "uricomponent",
    ]
)


_OPERATORS = frozenset({"equals", "greater", "greaterorequals", "less", "lessorequals"})


class ComparedWithOtherType(Rule):
    """Two values of different types are compared, which is never equal.

    Why: `equals` takes the text '0' and the number 0 for two things, and the text 'true' and the truth for two others. The
    condition is false for every input, and the flow takes the other branch without a word. `greater` and `less` fail.
    Instead: the same type on both sides: `0` without quotes, `true` as an expression, or `int()`, `string()`, `bool()`.
    Safe when: never.
    Source: Microsoft Learn, "Reference guide to workflow expression functions" (equals; equivalence of types).
    """

    code = "VAL003"
    family = "validation"

    def check(self, flow: Flow) -> Iterator[Issue]:
        types = _Types(variables=_variable_types(flow), schemas=schemas_of(flow))
        for use in flow.uses:
            for call in calls(use.expression):
                operator = call.name.casefold()
                if operator in _OPERATORS and len(call.arguments) == 2:
                    pair = [_type_of(argument, types) for argument in call.arguments]
                    if _differ(pair):
                        text = use.text[call.span.start : call.span.end]
                        yield self._found(flow, use.part, use.owner, text, pair, operator)
        for site in flow.sites:
            expression = site.part.get("expression") if site.folded == "if" else None
            for operator, part in _comparisons(expression):
                sides = list(part.items())
                if len(sides) == 2:
                    pair = [_type_of_value(side.value, types) for side in sides]
                    if _differ(pair):
                        text = f"{operator}({sides[0].value!r}, {sides[1].value!r})"
                        yield self._found(flow, part, site, text, pair, operator.casefold())

    def _found(
        self, flow: Flow, part: Part, site: Site | None, text: str, pair: list[str | None], operator: str
    ) -> Issue:
        what = "never equal" if operator == "equals" else "this fails"
        return self.issue(
            flow,
            part,
            f"{text} compares {pair[0]} with {pair[1]}: {what}",
            sites=(site,) if site is not None else (),
        )


def _comparisons(part: Part | None) -> Iterator[tuple[str, Part]]:
    if part is None:
        return
    if part.is_object:
        for name, member in part.members():
            if name.casefold() in _OPERATORS and isinstance(member.value, list):
                yield name, member
            else:
                yield from _comparisons(member)
    elif isinstance(part.value, list):
        for member in part.items():
            yield from _comparisons(member)


def _differ(pair: list[str | None]) -> bool:
    numbers = {"an integer", "a float"}
    return None not in pair and pair[0] != pair[1] and not set(pair) <= numbers


def _type_of_value(value: Any, types: _Types) -> str | None:
    if isinstance(value, str):
        found = expression_findings(value)
        if found.faults:
            return None
        return _type_of(found.whole, types) if found.whole is not None else "a text"
    return {bool: "a boolean", int: "an integer", float: "a float", list: "an array", dict: "an object"}.get(
        type(value)
    )


def _type_of(node: Expression, types: _Types) -> str | None:
    if isinstance(node, Literal):
        return None if node.value is None else _NAMES.get(type(node.value))
    if isinstance(node, Access):
        return _TYPES.get(type_of_field(node, types.schemas) or "")
    if not isinstance(node, Call):
        return "a text"
    name = node.name.casefold()
    if name == "variables" and node.arguments and isinstance(node.arguments[0], Literal):
        return types.variables.get(str(node.arguments[0].value).casefold())
    if name in _INTEGER:
        return "an integer"
    if name in _BOOLEAN:
        return "a boolean"
    return "a text" if name in _STRING else None


_NAMES = {str: "a text", bool: "a boolean", int: "an integer", float: "a float"}
_TYPES = {
    "number": "a float",
    "string": "a text",
    "boolean": "a boolean",
    "integer": "an integer",
    "float": "a float",
    "array": "an array",
    "object": "an object",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Types:
    """What is known of the types of variables, and of the fields of bodies."""

    variables: dict[str, str]
    schemas: dict[str, Part]


def _variable_types(flow: Flow) -> dict[str, str]:
    """What each variable certainly holds: its declared type, unless nothing but null was ever meant."""
    found: dict[str, str] = {}
    for site in flow.sites:
        rows = site.part.at("inputs", "variables") if site.folded == "initializevariable" else None
        for row in rows.items() if rows is not None else ():
            name, type_ = row.text("name"), (row.text("type") or "").casefold()
            if name and type_ in _TYPES:
                found[name.casefold()] = _TYPES[type_]
    return found
