"""Conversions between text, booleans, arrays, base64 and binary content."""

from __future__ import annotations

import base64 as codec
from typing import Any, NoReturn
from urllib.parse import unquote_to_bytes

from runafter.expressions.functions.registry import (
    ARRAY,
    OBJECT,
    STRING,
    Arity,
    Parameter,
    cannot_convert,
    function,
    function_error,
)
from runafter.expressions.functions.strings import A_STRING
from runafter.values.compare import is_number
from runafter.values.content import (
    CONTENT,
    OCTETS,
    TYPE,
    charset,
    content_bytes,
    decode_base64,
    envelope,
    is_envelope,
    to_text,
)
from runafter.values.json import stringify


def _converted(to: str) -> Arity:
    return Arity(1, 1, f"expects one parameter: the value that is to be converted to {to}", "parameters")


@function(
    "string",
    arity=_converted("a string"),
    returns="string",
    group="conversion",
    summary="Return a value as text: null is '', true 'True', 1.0 '1', objects and arrays compact JSON.",
    signature="string(value)",
    example=("string(createArray(1, 2))", "[1,2]"),
)
def to_string(value: Any) -> str:
    return stringify(value)


@function(
    "bool",
    arity=_converted("a boolean"),
    returns="boolean",
    group="conversion",
    summary="Return a number (0 is false) or one of the texts 'true' and 'false' as a boolean.",
    signature="bool(value)",
    example=("bool('true')", True),
)
def to_bool(value: Any) -> bool:
    if type(value) is bool:
        return value
    if is_number(value):
        return bool(value != 0)
    if type(value) is str:
        word = value.strip().lower()
        if word in {"true", "false"}:
            return word == "true"
    cannot_convert("bool")


@function(
    "array",
    arity=_converted("an array"),
    returns="array",
    group="conversion",
    summary="Return an array that holds the value; an array stays as it is.",
    signature="array(value)",
    example=("array('hello')", ["hello"]),
)
def to_array(value: Any) -> list[Any]:
    return value if type(value) is list else [value]


def as_bytes(value: Any) -> bytes:
    """Return the bytes that a value stands for: content decoded, everything else as UTF-8 text."""
    if is_envelope(value):
        try:
            return content_bytes(value)
        except ValueError:
            return str(value[CONTENT]).encode()
    return stringify(value).encode("utf-8", "replace")


@function(
    "binary",
    arity=_converted("binary"),
    returns="object",
    group="conversion",
    summary="Return a value as binary content, an object with `$content-type` and `$content` in base64.",
    signature="binary(value)",
    example=("binary('hello')", {TYPE: OCTETS, CONTENT: "aGVsbG8="}),
)
def to_binary(value: Any) -> dict[str, Any]:
    if value is None:
        cannot_convert("binary")
    return envelope(OCTETS, as_bytes(value))


@function(
    "base64",
    arity=Arity(1, 1, "expects one parameter: the string to encode into base64 representation", "parameters"),
    parameters=(Parameter("its parameter to be a string, an object or an array", STRING | OBJECT | ARRAY),),
    returns="string",
    group="conversion",
    summary="Return text, or the JSON of an object or array, in base64.",
    signature="base64(value)",
    example=("base64('hello')", "aGVsbG8="),
)
def to_base64(value: Any) -> str:
    return codec.b64encode(as_bytes(value)).decode("ascii")


def _decoded(name: str, text: str) -> bytes:
    try:
        return decode_base64(text)
    except ValueError:
        function_error(
            name,
            "was invoked with a parameter that is not valid. The value cannot be decoded from base64 representation.",
        )


@function(
    "base64ToBinary",
    arity=Arity(1, 1, "expects one parameter: the string to decode from base64 representation", "parameters"),
    parameters=(A_STRING,),
    returns="object",
    group="conversion",
    summary="Return base64 as binary content.",
    signature="base64ToBinary(value)",
    example=("base64ToBinary('aGVsbG8=')", {TYPE: OCTETS, CONTENT: "aGVsbG8="}),
)
def base64_to_binary(text: str) -> dict[str, Any]:
    return envelope(OCTETS, _decoded("base64ToBinary", text))


@function(
    "base64ToString",
    arity=Arity(1, 1, "expects one parameter: the base64 string to decode", "parameters"),
    parameters=(A_STRING,),
    returns="string",
    group="conversion",
    summary="Return the text that base64 stands for.",
    signature="base64ToString(value)",
    example=("base64ToString('aGVsbG8=')", "hello"),
)
def base64_to_string(text: str) -> str:
    return to_text(_decoded("base64ToString", text))


@function(
    "decodeBase64",
    arity=Arity(1, 1, "expects one parameter: the string to decode from base64 representation", "parameters"),
    parameters=(A_STRING,),
    returns="string",
    group="conversion",
    summary="Return the text that base64 stands for; the older name of base64ToString.",
    signature="decodeBase64(value)",
    example=("decodeBase64('aGVsbG8=')", "hello"),
)
def decode_base64_text(text: str) -> str:
    return to_text(_decoded("decodeBase64", text))


@function(
    "base64ToJson",
    arity=Arity(1, 1, "expects one parameter: the base64 string to decode", "parameters"),
    parameters=(A_STRING,),
    returns="any",
    group="conversion",
    summary="Return the JSON that base64 stands for.",
    signature="base64ToJson(value)",
    example=("base64ToJson('eyJhIjoxfQ==')", {"a": 1}),
    hidden=True,
)
def base64_to_json(text: str) -> Any:
    from runafter.expressions.functions.json_xml import parse_json

    return parse_json("base64ToJson", to_text(_decoded("base64ToJson", text)))


@function(
    "dataUri",
    arity=Arity(1, 1, "expects one parameter: the value to be converted to a data URI", "parameters"),
    returns="string",
    group="conversion",
    summary="Return a value as a data URI in base64; binary content keeps its type.",
    signature="dataUri(value)",
    example=("dataUri('hello')", "data:text/plain;charset=utf-8;base64,aGVsbG8="),
)
def to_data_uri(value: Any) -> str:
    if is_envelope(value):
        kind = value[TYPE]
    else:
        kind = "text/plain;charset=utf-8" if type(value) is str else "application/json;charset=utf-8"
    return f"data:{kind};base64,{codec.b64encode(as_bytes(value)).decode('ascii')}"


def _data_uri(name: str, text: str) -> tuple[str, bytes]:
    """Return type and bytes of a data URI."""
    head, comma, data = text.partition(",")
    if not comma or head[:5].lower() != "data:":
        _not_a_data_uri(name, text)
    kind = head[5:]
    if kind.lower().endswith(";base64"):
        try:
            return kind[:-7], decode_base64(unquote_to_bytes(data).decode("ascii"))
        except ValueError:
            _not_a_data_uri(name, text)
    return kind, unquote_to_bytes(data)


def _not_a_data_uri(name: str, text: str) -> NoReturn:
    function_error(
        name,
        f"expects its parameter to be formatted as a valid data URI. The provided value '{text}' was not formatted "
        "correctly.",
        anchor=None,
    )


@function(
    "dataUriToBinary",
    arity=Arity(1, 1, "expects one parameter: the data URI that is to be converted to binary", "parameters"),
    parameters=(A_STRING,),
    returns="object",
    group="conversion",
    summary="Return a data URI as binary content.",
    signature="dataUriToBinary(value)",
    example=("dataUriToBinary('data:text/plain;base64,aGk=')", {TYPE: "text/plain", CONTENT: "aGk="}),
)
def data_uri_to_binary(text: str) -> dict[str, Any]:
    kind, data = _data_uri("dataUriToBinary", text)
    return envelope(kind or "text/plain;charset=US-ASCII", data)


@function(
    "dataUriToString",
    arity=Arity(1, 1, "expects one parameter: the data URI that is to be converted to string", "parameters"),
    parameters=(A_STRING,),
    returns="string",
    group="conversion",
    summary="Return the text of a data URI.",
    signature="dataUriToString(value)",
    example=("dataUriToString('data:,A%20note')", "A note"),
)
def data_uri_to_string(text: str) -> str:
    kind, data = _data_uri("dataUriToString", text)
    return to_text(data, charset(kind))


@function(
    "decodeDataUri",
    arity=Arity(1, 1, "expects one parameter: the data URI", "parameters"),
    parameters=(Parameter("its parameter to be a string", STRING, ""),),
    returns="string",
    group="conversion",
    summary="Return the text of a data URI; the older name of dataUriToString.",
    signature="decodeDataUri(value)",
    example=("decodeDataUri('data:text/plain;base64,aGk=')", "hi"),
)
def decode_data_uri(text: str) -> str:
    kind, data = _data_uri("decodeDataUri", text)
    return to_text(data, charset(kind))
