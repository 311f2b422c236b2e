"""Variables over the whole flow: initialized once, used as their type allows, never set from themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from runafter.expressions.references import references
from runafter.program.actions.variables import VARIABLE_TYPES, VARIABLES, article, fits, wished_types
from runafter.program.draft import Draft
from runafter.program.hints import did_you_mean
from runafter.program.outline import Site
from runafter.program.steps import VariableStep


@dataclass(frozen=True, slots=True)
class Declared:
    """A variable: its name as spelled, its folded type, who initializes it."""

    name: str
    type: str
    site: Site


def declared_variables(draft: Draft, steps: Iterable[tuple[Site, object]]) -> dict[str, Declared]:
    """Return all variables by folded name; a second declaration is a finding."""
    found: dict[str, Declared] = {}
    for site, step in steps:
        if not isinstance(step, VariableStep):
            continue
        for name, type_, _ in step.declarations:
            known = found.get(name.casefold())
            if known is not None:
                draft.report("VAR001", f"variable {name!r} is initialized by {known.site.name!r} too", site.part)
            else:
                found[name.casefold()] = Declared(name, type_, site)
    return found


def check_variables(draft: Draft, steps: Iterable[tuple[Site, object]], variables: Mapping[str, Declared]) -> None:
    for site, step in steps:
        if isinstance(step, VariableStep) and step.operation != "initialize" and step.variable:
            _changed(draft, site, step, variables)
    for use in draft.uses:
        if use.owner is None or use.owner.folded != "setvariable":
            continue
        own = use.owner.part.at("inputs", "name")
        for reference in references(use.expression):
            if (
                reference.reads == "variable"
                and reference.name is not None
                and own is not None
                and reference.name.casefold() == str(own.value).casefold()
            ):
                draft.report("VAR002", f"{use.owner.name!r} sets {reference.name!r} from itself", use.part)


def _changed(draft: Draft, site: Site, step: VariableStep, variables: Mapping[str, Declared]) -> None:
    place = site.part.at("inputs", "name") or site.part
    known = variables.get(step.variable.casefold())
    if "@" in step.variable:
        return
    if known is None:
        hint = did_you_mean(step.variable, [each.name for each in variables.values()])
        draft.report("REF002", f"{site.name!r} changes {step.variable!r}, which is never initialized", place, hint=hint)
        return
    if known.type not in VARIABLE_TYPES:
        return  # VAR005 says so where it is initialized
    wished = wished_types(step.operation)
    if wished and known.type not in wished:
        verb = next(name for name, operation in VARIABLES.items() if operation == step.operation)
        message = f"{verb} {site.name!r} changes {known.name!r}, which is {article(known.type)}"
        draft.report("VAR004", message, place, hint=f"it works on {' and '.join(wished)} variables")
    elif step.operation in {"set", "increment", "decrement"}:
        value = site.part.at("inputs", "value")
        if value is not None and not fits(known.type, value.value):
            message = f"{site.name!r} gives {known.name!r} a value that is not {article(known.type)}"
            draft.report("VAR003", message, value)
