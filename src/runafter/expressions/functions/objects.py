"""Functions that return an object with other properties."""

from __future__ import annotations

from typing import Any

from runafter.expressions.functions.registry import ANY, OBJECT, STRING, Arity, Parameter, function, function_error
from runafter.values.compare import type_name
from runafter.values.json import indented
from runafter.values.objects import has_property, spelling


def _properties(arity: str) -> Arity:
    return Arity(3, 3, arity, anchor="-")


_AN_OBJECT = Parameter("its first parameter to be of type object", OBJECT, "-")
_A_NAME = Parameter("its second parameter to be of type string", STRING, "-")


@function(
    "addProperty",
    arity=_properties(
        "expects three parameters: the object as the first parameter, the name of the property to add as the second "
        "parameter, and the value as the third parameter"
    ),
    parameters=(_AN_OBJECT, _A_NAME, ANY),
    returns="object",
    group="json_xml",
    summary="Return the object with one property more, which it must not have in any case.",
    signature="addProperty(object, property, value)",
    example=("addProperty(json('{\"a\": 1}'), 'b', 2)", {"a": 1, "b": 2}),
)
def add_property(target: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    if has_property(target, name):
        function_error(
            "addProperty",
            f"expects the property to not exist in the object. Unable to add property '{name}' to "
            f"'{indented(target)}' as it already exists.",
        )
    return {**target, name: value}


@function(
    "setProperty",
    arity=_properties(
        "expects three parameters: the object as the first parameter, the name of the property to set as the second "
        "parameter, and the value as the third parameter"
    ),
    parameters=(_AN_OBJECT, _A_NAME, ANY),
    returns="object",
    group="json_xml",
    summary="Return the object with a property set; one that is there in any case is replaced, and moves to the end.",
    signature="setProperty(object, property, value)",
    example=("setProperty(json('{\"a\": 1}'), 'a', 2)", {"a": 2}),
)
def set_property(target: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    written = spelling(target, name)
    kept = {key: item for key, item in target.items() if key != written}
    kept[name if written is None else written] = value
    return kept


@function(
    "removeProperty",
    arity=Arity(
        2,
        2,
        "expects two parameters: the object as the first parameter and the name of the property to remove as the "
        "second parameter",
        anchor="-",
    ),
    parameters=(_AN_OBJECT, _A_NAME),
    returns="object",
    group="json_xml",
    summary="Return the object without a property; one that is not there changes nothing.",
    signature="removeProperty(object, property)",
    example=("removeProperty(json('{\"a\": 1, \"b\": 2}'), 'b')", {"a": 1}),
)
def remove_property(target: dict[str, Any], name: str) -> dict[str, Any]:
    written = spelling(target, name)
    return {key: item for key, item in target.items() if key != written}


@function(
    "mergeObjects",
    arity=Arity(1, None, "expects a comma separated list of objects as its parameters"),
    returns="object",
    group="json_xml",
    summary="Put objects together, deeply: inner objects are merged, else the last value wins.",
    signature="mergeObjects(object1, object2, ...)",
    example=('mergeObjects(json(\'{"a": {"x": 1}}\'), json(\'{"a": {"y": 2}}\'))', {"a": {"x": 1, "y": 2}}),
)
def merge_objects(*objects: Any) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for each in objects:
        if type(each) is not dict:
            function_error(
                "mergeObjects",
                f"expects its parameters to be of type object. The provided value is of type '{type_name(each)}'.",
                anchor=None,
            )
        merged = _merged(merged, each)
    return merged


def _merged(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    found = dict(left)
    for key, value in right.items():
        before = found.get(key)
        both = type(before) is dict and type(value) is dict
        found[key] = _merged(before, value) if both and before is not None else value
    return found
