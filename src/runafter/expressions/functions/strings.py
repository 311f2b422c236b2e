"""String functions. Positions and lengths count UTF-16 units; searches ignore case where the platform's do."""

from __future__ import annotations

from typing import Any

from runafter.errors import EvaluationError
from runafter.expressions.functions.registry import (
    INTEGER,
    NO_LINK,
    STRING,
    Arity,
    Parameter,
    function,
    function_error,
    link,
    not_valid,
)
from runafter.expressions.scope import Scope
from runafter.values.json import stringify
from runafter.values.size import MAX_ITEMS, MAX_TEXT, TooLarge
from runafter.values.text import WHITE, SplitCharacter, cut, length, lower, offset, upper

A_STRING = Parameter("its parameter to be a string", STRING)
ONLY_ONE = Arity(1, 1, "must have only one parameter", invoked=None, anchor=NO_LINK)


def first_string(anchor: str | None = None) -> Parameter:
    return Parameter("its first parameter to be of type string", STRING, anchor)


def second_string(anchor: str | None = None) -> Parameter:
    return Parameter("its second parameter to be of type string", STRING, anchor)


@function(
    "concat",
    arity=Arity(
        1, None, "expects a comma separated list of string and integer parameters", invoked="none", anchor="concat"
    ),
    returns="string",
    group="strings",
    summary="Join values to one text; null adds nothing, objects and arrays add their JSON.",
    signature="concat(text1, text2, ...)",
    example=("concat('a', 1, true)", "a1True"),
)
def concat(*values: Any) -> str:
    text = "".join([value if type(value) is str else stringify(value) for value in values])
    if len(text) > MAX_TEXT:
        raise TooLarge(f"the text is longer than {MAX_TEXT} characters")
    return text


@function(
    "toUpper",
    arity=Arity(1, 1, "expects one parameter: the string to convert to upper casing", invoked="parameters"),
    parameters=(A_STRING,),
    returns="string",
    group="strings",
    summary="Return the text in capital letters.",
    signature="toUpper(text)",
    example=("toUpper('abc')", "ABC"),
)
def to_upper(text: str) -> str:
    return upper(text)


@function(
    "toLower",
    arity=Arity(1, 1, "expects one parameter: the string to convert to lower casing", invoked="parameters"),
    parameters=(A_STRING,),
    returns="string",
    group="strings",
    summary="Return the text in small letters.",
    signature="toLower(text)",
    example=("toLower('ABC')", "abc"),
)
def to_lower(text: str) -> str:
    return lower(text)


@function(
    "trim",
    arity=ONLY_ONE,
    parameters=(Parameter("", STRING, terse=True),),
    returns="string",
    group="strings",
    summary="Take away white space at both ends.",
    signature="trim(text)",
    example=("trim(' a b ')", "a b"),
)
def trim(text: str) -> str:
    return text.strip(WHITE)


@function(
    "replace",
    arity=Arity(
        3,
        3,
        "expects three string parameters: the string to replace characters inside of as the first parameter, the "
        "string that will be replaced by the new string as the second parameter, and the new string as the third "
        "parameter",
    ),
    parameters=(
        first_string(),
        second_string(),
        Parameter("its third parameter to be of type string", STRING),
    ),
    returns="string",
    group="strings",
    summary="Replace every occurrence of a text, case-sensitively.",
    signature="replace(text, oldText, newText)",
    example=("replace('aAa', 'a', 'b')", "bAb"),
)
def replace(text: str, old: str, new: str) -> str:
    if not old:
        not_valid("replace")
    if len(new) > len(old) and len(text) + text.count(old) * (len(new) - len(old)) > MAX_TEXT:
        raise TooLarge(f"the text is longer than {MAX_TEXT} characters")
    return text.replace(old, new)


@function(
    "split",
    arity=Arity(
        2,
        2,
        "expects two parameters: the string to split as the first parameter, the separator as the second parameter",
    ),
    parameters=(first_string(), second_string()),
    returns="array",
    group="strings",
    summary="Cut a text at every delimiter.",
    signature="split(text, delimiter)",
    example=("split('a_b', '_')", ["a", "b"]),
)
def split(text: str, delimiter: str) -> list[str]:
    if not delimiter:
        return [text]
    if text.count(delimiter) >= MAX_ITEMS:
        raise TooLarge(f"the array has more than {MAX_ITEMS} items")
    return text.split(delimiter)


@function(
    "substring",
    arity=Arity(
        2,
        3,
        "expects two parameters: the 'string' to take a section from as the first parameter, the 'start index' as the "
        "second parameter",
    ),
    parameters=(
        Parameter("its first parameter 'string' to be a string", STRING),
        Parameter("its second parameter 'start index' to be an integer", INTEGER),
        Parameter("its third parameter 'length' to be an integer", INTEGER),
    ),
    returns="string",
    group="strings",
    summary="Return a part of a text by start and length; both must lie within it.",
    signature="substring(text, startIndex, length?)",
    example=("substring('hello world', 6, 5)", "world"),
)
def substring(text: str, start: int, count: int | None = None) -> str:
    size = length(text)
    if count is None:
        if not 0 <= start < size:
            function_error(
                "substring",
                "parameter is out of range: 'start index' must be non-negative integer and should be less than the "
                "length of the string.",
                anchor=None,
            )
        return cut_text("substring", text, start, size)
    if start < 0 or count < 0 or start >= size or start + count > size:
        function_error(
            "substring",
            "parameters are out of range: 'start index' and 'length' must be non-negative integers and their sum must "
            "be no larger than the length of the string.",
            anchor=None,
        )
    return cut_text("substring", text, start, start + count)


@function(
    "slice",
    arity=Arity(
        2,
        3,
        "expects two parameters, with an optional third parameter. It expects the source string as the first "
        "parameter, the start index as a second parameter, and an optional third parameter specifying the end index of "
        "the substring",
    ),
    parameters=(
        first_string(),
        Parameter("its second parameter to be an integer", INTEGER),
        Parameter("its third parameter to be an integer", INTEGER),
    ),
    returns="string",
    group="strings",
    summary="Return a part of a text by start and end; negative positions count from the end, and nothing is too far.",
    signature="slice(text, startIndex, endIndex?)",
    example=("slice('Hello World', 3, -1)", "lo Worl"),
)
def slice_text(text: str, start: int, end: int | None = None) -> str:
    size = length(text)
    begin = max(size + start, 0) if start < 0 else min(start, size)
    stop = size if end is None else (max(size + end, 0) if end < 0 else min(end, size))
    return cut_text("slice", text, begin, stop) if begin < stop else ""


def _search_arity(what: str, anchor: str) -> Arity:
    return Arity(
        2,
        2,
        f"expects two parameters: the string as the first parameter, the value to {what} as the second parameter",
        anchor=anchor,
    )


@function(
    "indexOf",
    arity=_search_arity("find the index of", "indexof"),
    parameters=(first_string("indexof"), second_string("indexof")),
    returns="integer",
    group="strings",
    summary="Return where a text first occurs, -1 where it does not; case does not matter.",
    signature="indexOf(text, searchText)",
    example=("indexOf('hello world', 'WORLD')", 6),
)
def index_of(text: str, search: str) -> int:
    return offset(text, upper(text).find(upper(search)))


@function(
    "lastIndexOf",
    arity=_search_arity("find the last index of", "lastindexof"),
    parameters=(first_string("lastindexof"), second_string("lastindexof")),
    returns="integer",
    group="strings",
    summary="Return where a text last occurs, -1 where it does not; case does not matter.",
    signature="lastIndexOf(text, searchText)",
    example=("lastIndexOf('hello hello', 'hello')", 6),
)
def last_index_of(text: str, search: str) -> int:
    if not search:
        return max(length(text) - 1, 0)
    return offset(text, upper(text).rfind(upper(search)))


@function(
    "nthIndexOf",
    arity=Arity(
        3,
        3,
        "expects three parameters: the string as the first parameter, the value to find the index of as the second "
        "parameter and a number parameter to specify which occurrence of the text to find as the third parameter",
        anchor="nthindexof",
    ),
    parameters=(
        first_string("nthindexof"),
        second_string("nthindexof"),
        Parameter("its third parameter to be an integer", INTEGER, "nthindexof"),
    ),
    returns="integer",
    group="strings",
    summary="Return where a text occurs for the nth time, -1 where it does not; a negative n counts from the end.",
    signature="nthIndexOf(text, searchText, occurrence)",
    example=("nthIndexOf('a-b-c', '-', 2)", 3),
)
def nth_index_of(text: str, search: str, occurrence: int) -> int:
    if occurrence == 0:
        function_error("nthIndexOf", "expects its third parameter to be a non-zero integer.", anchor="nthindexof")
    where, wished = upper(text), upper(search)
    if not wished:
        return 0
    if abs(occurrence) > len(where):
        return -1
    found = -1 if occurrence > 0 else len(where)
    for _ in range(abs(occurrence)):
        if occurrence > 0:
            found = where.find(wished, found + 1)
        else:
            found = where.rfind(wished, 0, max(found + len(wished) - 1, 0))
        if found < 0:
            return -1
    return offset(text, found)


def _affix_arity(anchor: str) -> Arity:
    return _search_arity("check", anchor)


@function(
    "startsWith",
    arity=_affix_arity("startswith"),
    parameters=(first_string("startswith"), second_string("startswith")),
    returns="boolean",
    group="strings",
    summary="Say whether a text starts with another; case does not matter.",
    signature="startsWith(text, searchText)",
    example=("startsWith('hello world', 'HELLO')", True),
)
def starts_with(text: str, search: str) -> bool:
    return upper(text).startswith(upper(search))


@function(
    "endsWith",
    arity=_affix_arity("endswith"),
    parameters=(first_string("endswith"), second_string("endswith")),
    returns="boolean",
    group="strings",
    summary="Say whether a text ends with another; case does not matter.",
    signature="endsWith(text, searchText)",
    example=("endsWith('hello world', 'World')", True),
)
def ends_with(text: str, search: str) -> bool:
    return upper(text).endswith(upper(search))


_GUID_FORMATS = ("N", "D", "B", "P", "X")


@function(
    "guid",
    arity=Arity(0, 1, "can be invoked with no parameters or with an optional format parameter"),
    parameters=(Parameter("its parameter to be of type string", STRING),),
    scope=True,
    returns="string",
    group="strings",
    summary="Make a new unique identifier; formats N, D (default), B, P and X.",
    signature="guid(format?)",
)
def guid(scope: Scope, form: str = "D") -> str:
    kind = form.upper() or "D"
    if kind not in _GUID_FORMATS:
        function_error(
            "guid",
            f"format parameter '{form}' is not valid. The format must be one of 'D', 'N', 'B', 'P' or 'X'.",
            anchor=None,
        )
    bits = 0
    for _ in range(4):
        bits = bits << 32 | int(scope.random() * 2**32)
    bits = bits & ~(0xF << 76) & ~(0x3 << 62) | 4 << 76 | 2 << 62
    plain = f"{bits:032x}"
    dashed = "-".join((plain[:8], plain[8:12], plain[12:16], plain[16:20], plain[20:]))
    match kind:
        case "N":
            return plain
        case "B":
            return f"{{{dashed}}}"
        case "P":
            return f"({dashed})"
        case "X":
            octets = ",".join(f"0x{plain[at : at + 2]}" for at in range(16, 32, 2))
            return f"{{0x{plain[:8]},0x{plain[8:12]},0x{plain[12:16]},{{{octets}}}}}"
    return dashed


@function(
    "trimByteOrderMark",
    arity=ONLY_ONE,
    parameters=(A_STRING,),
    returns="string",
    group="strings",
    summary="Take away a byte order mark at the start.",
    signature="trimByteOrderMark(text)",
    example=("trimByteOrderMark('abc')", "abc"),
)
def trim_byte_order_mark(text: str) -> str:
    return text.removeprefix("\ufeff")


@function(
    "utf8Length",
    arity=ONLY_ONE,
    parameters=(A_STRING,),
    returns="integer",
    group="strings",
    summary="Return the number of bytes of a text in UTF-8.",
    signature="utf8Length(text)",
    example=("utf8Length('é')", 2),
)
def utf8_length(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


@function(
    "utf16Length",
    arity=ONLY_ONE,
    parameters=(A_STRING,),
    returns="integer",
    group="strings",
    summary="Return the number of UTF-16 units of a text.",
    signature="utf16Length(text)",
    example=("utf16Length('é')", 1),
)
def utf16_length(text: str) -> int:
    return length(text)


def cut_text(name: str, text: str, start: int, end: int) -> str:
    """Cut by UTF-16 units, in the words of function `name` where that would split a character."""
    try:
        return cut(text, start, end)
    except SplitCharacter as fault:
        raise EvaluationError(
            f"The template language function '{name}' would split a surrogate pair of the text.{link(name)}"
        ) from fault
