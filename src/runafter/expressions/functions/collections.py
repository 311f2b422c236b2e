"""Functions of arrays, objects and texts taken as collections."""

from __future__ import annotations

from typing import Any

from runafter.expressions.functions.registry import (
    ARRAY,
    INTEGER,
    NULL,
    OBJECT,
    STRING,
    Arity,
    Parameter,
    function,
    function_error,
    link,
    refuse,
)
from runafter.expressions.functions.strings import cut_text, second_string
from runafter.values.compare import identity, ordinal_key, strictly_equal, type_name
from runafter.values.json import stringify
from runafter.values.objects import has_property, property_named
from runafter.values.size import MAX_TEXT, TooLarge
from runafter.values.text import length as text_length

MAX_RANGE = 100_000
_INT32_MAX = 2**31 - 1


@function(
    "length",
    arity=Arity(1, 1, "expects one parameter: an array or a string the length of which is returned", "parameters"),
    parameters=(Parameter("its parameter to be an array or a string", ARRAY | STRING),),
    returns="integer",
    group="collections",
    summary="Return the number of items of an array, or of UTF-16 units of a text.",
    signature="length(collection)",
    example=("length('abcd')", 4),
)
def length(collection: str | list[Any]) -> int:
    return text_length(collection) if isinstance(collection, str) else len(collection)


@function(
    "empty",
    arity=Arity(1, 1, "expects one parameter: the object, array or string to check", "parameters"),
    parameters=(Parameter("its parameter to be an object, an array or a string", OBJECT | ARRAY | STRING | NULL),),
    returns="boolean",
    group="collections",
    summary="Say whether a text, array or object has nothing in it; null is empty too.",
    signature="empty(collection)",
    example=("empty('')", True),
)
def empty(collection: Any) -> bool:
    return not collection


@function(
    "first",
    arity=Arity(1, 1, "expects one parameter: the array or string of which the first element will be returned"),
    parameters=(Parameter("its parameter be an array or a string", ARRAY | STRING),),
    returns="any",
    group="collections",
    summary="Return the first item, null of an empty array, '' of an empty text.",
    signature="first(collection)",
    example=("first(createArray(0, 1, 2))", 0),
)
def first(collection: str | list[Any]) -> Any:
    if isinstance(collection, str):
        return cut_text("first", collection, 0, 1) if collection else ""
    return collection[0] if collection else None


@function(
    "last",
    arity=Arity(1, 1, "expects one parameter: the array or string of which the last element will be returned"),
    parameters=(Parameter("its parameter be an array or a string", ARRAY | STRING),),
    returns="any",
    group="collections",
    summary="Return the last item, null of an empty array, '' of an empty text.",
    signature="last(collection)",
    example=("last('abcd')", "d"),
)
def last(collection: str | list[Any]) -> Any:
    if isinstance(collection, str):
        size = text_length(collection)
        return cut_text("last", collection, size - 1, size) if collection else ""
    return collection[-1] if collection else None


@function(
    "contains",
    arity=Arity(
        2,
        2,
        "expects two parameters : the collection of items to search within and the object to find within the collection",
    ),
    returns="boolean",
    group="collections",
    summary="Say whether a text has a part (case matters), an array an item (1 and 1.0 differ) or an object a property.",
    signature="contains(collection, value)",
    example=("contains('hello world', 'world')", True),
)
def contains(collection: Any, value: Any) -> bool:
    kind = type(collection)
    if kind is list:
        return any(strictly_equal(item, value) for item in collection)
    if kind is str and type(value) is str:
        return value in collection
    if kind is dict and type(value) is str:
        return has_property(collection, value)
    if kind not in (str, dict):
        function_error(
            "contains",
            "expects its first argument 'collection' to be a dictionary (object), an array or a string. "
            f"The provided value is of type '{type_name(collection)}'.",
        )
    function_error(
        "contains",
        "expects parameters of matching types: a dictionary and a key (string), an array and a value (object), or a "
        f"string and a substring. The provided types '{type_name(collection)}' and '{type_name(value)}' are "
        "incompatible.",
        anchor=None,
    )


_COLLECTION = Parameter("its first parameter 'collection' to be an array or a string", ARRAY | STRING)
_COUNT = Parameter("its second parameter 'count' to be an integer", INTEGER)


@function(
    "skip",
    arity=Arity(
        2,
        2,
        "expects two parameters: the collection to skip the objects from as the first parameter and the count of "
        "objects to skip as the second parameter",
    ),
    parameters=(_COLLECTION, _COUNT),
    returns="array or string",
    group="collections",
    summary="Leave out the first items.",
    signature="skip(collection, count)",
    example=("skip(createArray(0, 1, 2, 3), 1)", [1, 2, 3]),
)
def skip(collection: str | list[Any], count: int) -> Any:
    _not_negative("skip", count)
    if isinstance(collection, str):
        size = text_length(collection)
        return cut_text("skip", collection, min(count, size), size)
    return collection[count:]


@function(
    "take",
    arity=Arity(
        2,
        2,
        "expects two parameters: the collection to take the objects from as the first parameter and the count of "
        "objects to take as the second parameter",
    ),
    parameters=(_COLLECTION, _COUNT),
    returns="array or string",
    group="collections",
    summary="Return the first items, all of them where there are fewer.",
    signature="take(collection, count)",
    example=("take('abcde', 3)", "abc"),
)
def take(collection: str | list[Any], count: int) -> Any:
    _not_negative("take", count)
    if isinstance(collection, str):
        return cut_text("take", collection, 0, min(count, text_length(collection)))
    return collection[:count]


def _not_negative(name: str, count: int) -> None:
    if count < 0:
        function_error(
            name,
            f"expects its second parameter 'count' to be a non-negative integer. The provided value is '{count}'.",
            anchor=None,
        )


@function(
    "chunk",
    arity=Arity(
        2,
        2,
        "expects two parameters: the string to chunk as the first parameter, the chunk length as the second parameter",
    ),
    parameters=(
        Parameter("its first parameter to be of type string or array", STRING | ARRAY),
        Parameter("its second parameter to be of type integer", INTEGER),
    ),
    returns="array",
    group="collections",
    summary="Cut a text or an array into pieces of a length.",
    signature="chunk(collection, length)",
    example=("chunk('abcde', 2)", ["ab", "cd", "e"]),
)
def chunk(collection: str | list[Any], size: int) -> list[Any]:
    if size < 1:
        function_error(
            "chunk",
            "expects chunk size to be a positive integer. The provided value is less than 1.",
            anchor=None,
        )
    if isinstance(collection, str):
        whole = text_length(collection)
        if collection.isascii():
            return [collection[at : at + size] for at in range(0, whole, size)]
        return [cut_text("chunk", collection, at, min(at + size, whole)) for at in range(0, whole, size)]
    return [collection[at : at + size] for at in range(0, len(collection), size)]


@function(
    "join",
    arity=Arity(
        2,
        2,
        "expects two parameters: the array of elements to join as the first parameter, and the element separator as "
        "the second parameter",
    ),
    parameters=(Parameter("its first parameter to be an array", ARRAY), second_string()),
    returns="string",
    group="collections",
    summary="Join the items of an array to a text; null adds nothing, objects and arrays add their JSON.",
    signature="join(collection, delimiter)",
    example=("join(createArray('a', 'b'), '.')", "a.b"),
)
def join(collection: list[Any], delimiter: str) -> str:
    texts: list[str] = []
    size = len(delimiter) * (len(collection) - 1)
    for item in collection:
        text = item if type(item) is str else stringify(item)
        size += len(text)
        if size > MAX_TEXT:
            raise TooLarge(f"the text is longer than {MAX_TEXT} characters")
        texts.append(text)
    return delimiter.join(texts)


@function(
    "createArray",
    arity=Arity(1, None, "expects at least one parameter", invoked="none"),
    returns="array",
    group="collections",
    summary="Make an array of the values.",
    signature="createArray(value1, value2, ...)",
    example=("createArray('h', 1)", ["h", 1]),
)
def create_array(*values: Any) -> list[Any]:
    return list(values)


@function(
    "range",
    arity=Arity(
        2,
        2,
        "expects two integer parameters: an inclisive start index of the range as the first parameter and a count of "
        "integers to return as the second parameter",
    ),
    parameters=(
        Parameter("its first parameter 'start index' to be an integer", INTEGER),
        Parameter("its second parameter 'count' to be an integer", INTEGER),
    ),
    returns="array",
    group="collections",
    summary="Return consecutive integers, at most 100,000.",
    signature="range(startIndex, count)",
    example=("range(1, 4)", [1, 2, 3, 4]),
)
def integers(start: int, count: int) -> list[int]:
    if not 0 <= count <= MAX_RANGE or start + count > _INT32_MAX:
        function_error(
            "range",
            f"parameters are out of range: 'count' must be a positive integer no larger than '{MAX_RANGE}' and the sum "
            f"of 'start index' and 'count' must be no larger than {_INT32_MAX}.",
            anchor=None,
        )
    return list(range(start, start + count))


@function(
    "reverse",
    arity=Arity(1, 1, "expects an array as the first parameter"),
    parameters=(Parameter("its first parameter to be of type array", ARRAY),),
    returns="array",
    group="collections",
    summary="Return the items in the opposite order.",
    signature="reverse(collection)",
    example=("reverse(createArray(0, 1, 2))", [2, 1, 0]),
)
def reverse(collection: list[Any]) -> list[Any]:
    return collection[::-1]


@function(
    "sort",
    arity=Arity(1, 2, "expects an array as the first parameter and an optional sort field as the second parameter"),
    parameters=(Parameter("its first parameter to be of type array", ARRAY), second_string()),
    returns="array",
    group="collections",
    summary="Return the items in ascending order, by a property where one is named; capitals come before small letters.",
    signature="sort(collection, sortBy?)",
    example=("sort(createArray(2, 1, 3))", [1, 2, 3]),
)
def sort(collection: list[Any], field: str | None = None) -> list[Any]:
    if field is None:
        return sorted(collection, key=_sort_key)
    keyed: list[tuple[tuple[int, Any], Any]] = []
    for item in collection:
        if type(item) is not dict or not has_property(item, field):
            function_error(
                "sort",
                f"did not find the named sortField '{field}' on one or more objects in the array.",
                anchor=None,
            )
        keyed.append((_sort_key(property_named(item, field)), item))
    return [item for _, item in sorted(keyed, key=lambda pair: pair[0])]


def _sort_key(value: Any) -> tuple[int, Any]:
    match value:
        case None:
            return (0, 0)
        case bool():
            return (3, value)
        case str():
            return (2, ordinal_key(value))
        case list():
            return (4, 0)
        case dict():
            return (5, 0)
        case _:
            return (1, value)


def _lists_or_objects(name: str) -> Arity:
    return Arity(2, None, _LISTS_OR_OBJECTS)


_LISTS_OR_OBJECTS = (
    "expects either a comma separated list of arrays or a comma separated list of objects as its parameters"
)


def distinct_types(values: tuple[Any, ...]) -> list[str]:
    """Return the names of the values' types, each once, in order."""
    return list(dict.fromkeys(type_name(value) for value in values))


def _check_collections(name: str, values: tuple[Any, ...]) -> None:
    types = distinct_types(values)
    if len(types) > 1:
        refuse(
            f"Template language function '{name}' expects parameters of same type, but found '{','.join(types)}' "
            "distinct types."
        )
    if types[0] not in {"Array", "Object"}:
        refuse(
            f"The template language function '{name}' {_LISTS_OR_OBJECTS}. The function was invoked with parameters of "
            f"type '{types[0]}'.{link(name)}"
        )


@function(
    "union",
    arity=_lists_or_objects("union"),
    returns="array or object",
    group="collections",
    summary="Put arrays together, each item once, or objects, where the last value of a property wins.",
    signature="union(collection1, collection2, ...)",
    example=("union(createArray(1, 2), createArray(2, 3))", [1, 2, 3]),
)
def union(*collections: Any) -> Any:
    _check_collections("union", collections)
    if isinstance(collections[0], dict):
        merged: dict[str, Any] = {}
        for each in collections:
            merged.update(each)
        return merged
    found: dict[Any, Any] = {}
    for each in collections:
        for item in each:
            found.setdefault(identity(item), item)
    return list(found.values())


@function(
    "intersection",
    arity=_lists_or_objects("intersection"),
    returns="array or object",
    group="collections",
    summary="Return the items that all arrays have, or the properties that all objects have with equal values.",
    signature="intersection(collection1, collection2, ...)",
    example=("intersection(createArray(1, 2), createArray(2, 3))", [2]),
)
def intersection(*collections: Any) -> Any:
    _check_collections("intersection", collections)
    head, *rest = collections
    if isinstance(head, dict):
        return {
            key: value
            for key, value in head.items()
            if all(key in other and strictly_equal(other[key], value) for other in rest)
        }
    keys = [{identity(item) for item in other} for other in rest]
    found = {identity(item): item for item in reversed(head)}
    ordered = dict.fromkeys(identity(item) for item in head)
    return [found[key] for key in ordered if all(key in other for other in keys)]
