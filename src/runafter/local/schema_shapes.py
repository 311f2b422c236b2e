"""The shape that a JSON schema describes, as triggers and Parse JSON carry one."""

from __future__ import annotations

from typing import Any

from runafter.local.shapes import MAX_DEPTH, Shape, singular

_MOST_SHAPES = 20_000
_MOST_CHARS = 100_000


def from_schema(schema: Any, name: str = "") -> Shape:
    """Return the shape that a JSON schema (drafts 4 to 7, as flows write them) describes; local `$ref`s are followed."""
    return _from_schema(schema, _Schema(schema), name, ("#",))


class _Schema:
    """A whole schema. References within it may make far more of it than it is: `left` is how many shapes are made."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.left = _MOST_SHAPES

    def target(self, reference: str) -> Any:
        found = self.root
        for part in reference.lstrip("#").strip("/").split("/") if reference != "#" else []:
            name = part.replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, dict) else None
        return found


def _reference(schema: Any) -> str | None:
    found = schema.get("$ref") if isinstance(schema, dict) else None
    return found if isinstance(found, str) and found.startswith("#") else None


def _from_schema(schema: Any, whole: _Schema, name: str, way: tuple[str, ...]) -> Shape:
    """Return the shape of a part; `way` holds the references that led to it, '' for each step without one.

    What may be left out and refers back to where it stands is left out, and a list of it is empty.
    """
    shape = Shape(name)
    whole.left -= 1
    if not isinstance(schema, dict) or len(way) > MAX_DEPTH or whole.left < 0:
        return shape
    reference = _reference(schema)
    if reference is not None:
        return _from_schema(whole.target(reference), whole, name, (*way, reference))
    for union in ("allOf", "anyOf", "oneOf"):
        options = schema.get(union)
        if isinstance(options, list) and options:
            for option in options if union == "allOf" else options[:1]:
                shape.unite(_from_schema(option, whole, name, (*way, "")))
    shape = shape.find()
    shape.schema = schema
    kinds = schema.get("type")
    wanted = [kind for kind in kinds if kind != "null"] if isinstance(kinds, list) else [kinds]
    if wanted and isinstance(wanted[0], str):
        shape.kind = wanted[0].lower()
    enum = schema.get("enum")
    if isinstance(enum, list) and enum:
        shape.candidates.extend(enum)
    for word in ("const", "default", "example"):
        if word in schema:
            shape.candidates.insert(0, schema[word])
    members = schema.get("properties")
    required = schema.get("required")
    required = required if isinstance(required, list) else []
    if isinstance(members, dict):
        shape.kind = shape.kind or "object"
        for key, value in members.items():
            if _reference(value) not in way or key in required:
                member = _unescaped(key)
                shape.properties[member] = _from_schema(value, whole, member, (*way, ""))
    for key in required:
        if isinstance(key, str):
            shape.property(_unescaped(key))
    element = schema.get("items")
    if isinstance(element, list):
        element = element[0] if element else None
    if isinstance(element, dict):
        shape.kind = shape.kind or "array"
        if _reference(element) not in way or schema.get("minItems"):
            shape.element = _from_schema(element, whole, singular(name), (*way, ""))
    if isinstance(schema.get("minItems"), int):
        shape.least_items = schema["minItems"]
    if isinstance(schema.get("minLength"), int):
        shape.least_chars = min(schema["minLength"], _MOST_CHARS)
    return shape


def _unescaped(key: str) -> str:
    """Return a schema's key as the flow's expressions read it: `@@odata.etag` is written for `@odata.etag`."""
    return key[1:] if key.startswith("@@") else key
