"""What a body holds: the schemas of Parse JSON actions and of the trigger."""

from __future__ import annotations

from collections.abc import Mapping

from runafter.expressions.ast import Access, Call, Expression, Literal
from runafter.lint.analysis.reading import access_keys
from runafter.lint.flow import Flow
from runafter.program.part import Part


def schemas_of(flow: Flow) -> dict[str, Part]:
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


def type_of_field(expression: Expression, schemas: Mapping[str, Part]) -> str | None:
    """Return the JSON type that a schema gives to a field that is read (null beside it does not count); None where it
    gives none, or several.
    """
    root, accesses = access_keys(expression)
    if not isinstance(root, Call) or not accesses:
        return None
    first = root.arguments[0] if root.arguments else None
    function = root.name.casefold()
    name = "" if function == "triggerbody" else str(first.value).casefold() if isinstance(first, Literal) else None
    here = schemas.get(name) if name is not None and function in {"triggerbody", "body"} else None
    for access in accesses:
        here = _below(here, access) if here is not None else None
    type_ = here.get("type") if here is not None else None
    types = type_.value if type_ is not None and isinstance(type_.value, list) else [type_.value if type_ else None]
    chosen = [each for each in types if each != "null"]
    return chosen[0] if len(chosen) == 1 and isinstance(chosen[0], str) else None


def _below(schema: Part, access: Access) -> Part | None:
    key = access.key.value if isinstance(access.key, Literal) else None
    if isinstance(key, int):
        found = schema.get("items")
    elif isinstance(key, str):
        properties = schema.get("properties")
        found = properties.get(key) if properties is not None and properties.is_object else None
    else:
        return None
    return found if found is not None and found.is_object else None
