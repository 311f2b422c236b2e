"""What each function of the language tells of its arguments and gives back, as shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from runafter.local.shapes import Shape


def settle(shape: Shape, kind: str | None) -> None:
    """Let a variable's declared type decide what its value is, where nothing more exact is known."""
    found = shape.find()
    if kind is None or found.is_known:
        return
    if kind != "string" or found.kind in {None, "array", "object", "number", "integer", "boolean"}:
        found.kind = kind


def kind_of(value: Any) -> str:
    """Return the kind of a known value."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    return {float: "number", str: "string", list: "array", dict: "object"}.get(type(value), "string")


def json_text(text: Shape, value: Shape) -> None:
    """Note that a text holds this value as JSON."""
    shape = text.find()
    if shape.base64_of is not None:
        json_text(shape.base64_of, value)
    elif shape.json_of is None:
        shape.json_of = value
    else:
        shape.json_of.unite(value)


def _json(arguments: list[Shape]) -> Shape:
    value = Shape("value")
    if arguments and not arguments[0].is_known:
        json_text(arguments[0], value)
        inner = arguments[0].find().json_of
        return inner if inner is not None else value
    return value


def _string(arguments: list[Shape]) -> Shape:
    """`string`: text as it is, everything else as JSON; so what reads the text tells of the argument."""
    text = Shape(kind="string")
    if arguments and not arguments[0].is_known:
        if _collection_kind(arguments[0]) is not None:
            text.json_of = arguments[0]
        elif arguments[0].find().kind in {None, "string"}:
            return arguments[0]
    return text


def _base64_text(arguments: list[Shape]) -> Shape:
    inner = Shape("text", kind="string")
    if arguments and not arguments[0].is_known:
        shape = arguments[0].find()
        if shape.base64_of is None:
            shape.base64_of = inner
        return shape.base64_of
    return inner


def _split(arguments: list[Shape]) -> Shape:
    parts = Shape("part", kind="array")
    if len(arguments) == 2 and not arguments[0].is_known and arguments[1].is_known:
        text = arguments[0].want("string")
        separator = arguments[1].find().constant
        if isinstance(separator, str) and separator:
            if text.split is None:
                text.split = (separator, parts)
            return text.split[1] if text.split[0] == separator else parts
    return parts


def _first(arguments: list[Shape]) -> Shape:
    if not arguments:
        return Shape()
    if arguments[0].find().kind != "string":
        arguments[0].find().kind = "array"
    return arguments[0].item()


def _same_array(arguments: list[Shape]) -> Shape:
    if not arguments:
        return Shape(kind="array")
    return arguments[0].find()


def _merged(arguments: list[Shape]) -> Shape:
    unknown = [shape for shape in arguments if not shape.is_known]
    for other in unknown[1:]:
        unknown[0].unite(other)
    return unknown[0].find() if unknown else (arguments[0] if arguments else Shape())


def _if(arguments: list[Shape]) -> Shape:
    if arguments and not arguments[0].is_known:
        arguments[0].want("boolean")
    return _merged(arguments[1:3])


def _range(arguments: list[Shape]) -> Shape:
    for argument in arguments:
        if not argument.is_known:
            argument.want("integer")
    shape = Shape(kind="array")
    shape.item().want("integer")
    return shape


def _join(arguments: list[Shape]) -> Shape:
    if arguments and not arguments[0].is_known:
        arguments[0].find().kind = "array"
        arguments[0].item().want("string")
    return Shape(kind="string")


def _collections(arguments: list[Shape]) -> Shape:
    """`union` and `intersection`: all arrays or all objects; unknown ones follow those that tell."""
    kinds = {_collection_kind(argument) for argument in arguments} - {None}
    if "object" in kinds:
        merged = Shape(kind="object")
        for argument in arguments:
            argument.find().kind = argument.find().kind or "object"
            for key, value in argument.find().properties.items():
                merged.properties.setdefault(key, value)
        return merged
    result = Shape(kind="array")
    for argument in arguments:
        if not argument.is_known:
            argument.find().kind = "array"
            result.item().unite(argument.item())
    return result


def _collection_kind(shape: Shape) -> str | None:
    found = shape.find()
    if found.is_known:
        return "object" if isinstance(found.constant, dict) else "array" if isinstance(found.constant, list) else None
    if found.kind in {"array", "object"}:
        return found.kind
    return "object" if found.properties else "array" if found.element is not None else None


def _array_of(arguments: list[Shape]) -> Shape:
    shape = Shape(kind="array")
    for argument in arguments:
        shape.item().unite(argument)
    return shape


def _number_text(arguments: list[Shape]) -> Shape:
    if arguments and not arguments[0].is_known:
        shape = arguments[0].find()
        if shape.kind in {None, "string"}:
            shape.kind = "numeric"
        if shape.kind in {"numeric", "integer", "number"}:
            return shape
    return Shape(kind="number")


def _substring(arguments: list[Shape]) -> Shape:
    if arguments:
        text = arguments[0].want("string")
        ends = [shape.find().constant for shape in arguments[1:] if shape.is_known]
        if all(isinstance(end, int) for end in ends):
            text.least_chars = max(text.least_chars, sum(ends))
    return Shape(kind="string")


def _an_object(arguments: list[Shape]) -> Shape:
    """Properties are added to, set in and removed from objects only; the others are those of the object given."""
    result = Shape(kind="object")
    if arguments:
        result.base = arguments[0]
        if not arguments[0].is_known:
            arguments[0].find().kind = arguments[0].find().kind or "object"
    return result


def _set_property(arguments: list[Shape]) -> Shape:
    shape = _an_object(arguments)
    if len(arguments) >= 2 and arguments[1].is_known and isinstance(arguments[1].find().constant, str):
        shape.properties[arguments[1].find().constant] = arguments[2] if len(arguments) > 2 else Shape()
    return shape


def _decimal_wish(arguments: list[Shape]) -> Shape:
    for argument in arguments:
        argument.want("boolean")
    return Shape(kind="boolean")


def _xml(arguments: list[Shape]) -> Shape:
    if arguments and not arguments[0].is_known:
        arguments[0].want("xml")
    return Shape("xml")


def _uri_part(arguments: list[Shape]) -> Shape:
    if arguments and not arguments[0].is_known:
        arguments[0].want("uri")
    return Shape(kind="string")


RULES: dict[str, Callable[[list[Shape]], Shape]] = {
    "json": _json,
    "string": _string,
    "base64tojson": lambda arguments: _json([_base64_text(arguments)]),
    "base64tostring": _base64_text,
    "decodebase64": _base64_text,
    "base64tobinary": _base64_text,
    "split": _split,
    "first": _first,
    "last": _first,
    "take": _same_array,
    "skip": _same_array,
    "reverse": _same_array,
    "sort": _same_array,
    "union": _collections,
    "intersection": _collections,
    "join": _join,
    "range": _range,
    "chunk": _array_of,
    "coalesce": _merged,
    "if": _if,
    "createarray": _array_of,
    "array": _array_of,
    "int": _number_text,
    "float": _number_text,
    "decimal": _number_text,
    "substring": _substring,
    "setproperty": _set_property,
    "addproperty": _set_property,
    "removeproperty": _an_object,
    "bool": _decimal_wish,
    "xml": _xml,
    "urihost": _uri_part,
    "uripath": _uri_part,
    "uriquery": _uri_part,
    "uripathandquery": _uri_part,
    "urischeme": _uri_part,
    "uriport": _uri_part,
}
