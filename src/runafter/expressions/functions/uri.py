"""URI functions: escaping, and the parts of an absolute address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote_plus, unquote_to_bytes

from runafter.expressions.functions.registry import (
    STRING,
    Arity,
    Parameter,
    function,
    function_error,
)
from runafter.expressions.functions.strings import A_STRING, ONLY_ONE
from runafter.values.content import OCTETS, envelope
from runafter.values.json import stringify

_PORTS = {"http": 80, "https": 443, "ftp": 21, "ws": 80, "wss": 443, "ldap": 389, "nntp": 119, "telnet": 23}
_SCHEME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789+-.")
_KEPT = "/:@!$&'()*+,;=-._~%[]?"


def escape(*values: Any) -> str:
    """Join values to a text and escape everything but letters, digits and `-_.~`."""
    return quote("".join(stringify(value) for value in values), safe="~", errors="replace")


@function(
    "uriComponent",
    arity=Arity(1, None, "expects at least one parameter: the value to convert to URI component", "parameters"),
    returns="string",
    group="uri",
    summary="Escape a text for use in an address; several values are joined first.",
    signature="uriComponent(value)",
    example=("uriComponent('a b/c')", "a%20b%2Fc"),
)
def uri_component(*values: Any) -> str:
    return escape(*values)


@function(
    "encodeUriComponent",
    arity=Arity(1, None, "expects at least one parameter: the string to URL encode", "parameters"),
    returns="string",
    group="uri",
    summary="Escape a text for use in an address; the same as uriComponent.",
    signature="encodeUriComponent(value)",
    example=("encodeUriComponent('a b')", "a%20b"),
)
def encode_uri_component(*values: Any) -> str:
    return escape(*values)


@function(
    "decodeUriComponent",
    arity=Arity(1, 1, "expects one parameter: the string to decode", "parameters"),
    parameters=(Parameter("its parameter to be a string", STRING, ""),),
    returns="string",
    group="uri",
    summary="Undo the escapes of an address; '+' becomes a blank.",
    signature="decodeUriComponent(value)",
    example=("decodeUriComponent('a%20b+c')", "a b c"),
)
def decode_uri_component(text: str) -> str:
    return unquote_plus(text)


_TO_BINARY = Arity(1, 1, "expects one parameter: the URI component to convert to binary", "parameters")


@function(
    "uriComponentToString",
    arity=_TO_BINARY,
    parameters=(A_STRING,),
    returns="string",
    group="uri",
    summary="Undo the escapes of an address; '+' becomes a blank.",
    signature="uriComponentToString(value)",
    example=("uriComponentToString('a+b%20c')", "a b c"),
)
def uri_component_to_string(text: str) -> str:
    return unquote_plus(text)


@function(
    "uriComponentToBinary",
    arity=_TO_BINARY,
    parameters=(A_STRING,),
    returns="object",
    group="uri",
    summary="Undo the escapes of an address and return binary content.",
    signature="uriComponentToBinary(value)",
    example=("uriComponentToBinary('a%20b')", {"$content-type": OCTETS, "$content": "YSBi"}),
)
def uri_component_to_binary(text: str) -> dict[str, Any]:
    return envelope(OCTETS, unquote_to_bytes(text.replace("+", " ").encode("utf-8", "replace")))


@dataclass(frozen=True, slots=True)
class Address:
    """An absolute address in its parts; `port` is -1 where the scheme has no usual one."""

    scheme: str
    host: str
    port: int
    path: str
    query: str


def read_address(text: str) -> Address | None:
    """Read an absolute address; None where the text is none."""
    scheme, colon, rest = text.strip().partition(":")
    scheme = scheme.lower()
    if not colon or not scheme or not scheme[0].isalpha() or not _SCHEME.issuperset(scheme):
        return None
    rest, _, _ = rest.partition("#")
    rest, mark, query = rest.partition("?")
    if not rest.startswith("//"):
        if scheme in _PORTS or not rest:
            return None
        return Address(scheme, "", -1, rest, mark + query)
    authority, slash, path = rest[2:].partition("/")
    host, port = _host_and_port(authority.rpartition("@")[2], _PORTS.get(scheme, -1))
    if port is None or (not host and scheme != "file") or any(char in host for char in ' "<>\\^`{|}%'):
        return None
    shown = quote(slash + path or "/", safe=_KEPT)
    return Address(scheme, host.lower(), port, shown, quote(mark + query, safe=_KEPT))


def _host_and_port(authority: str, usual: int) -> tuple[str, int | None]:
    if authority.startswith("["):
        host, bracket, after = authority.partition("]")
        host += bracket
        port = after.removeprefix(":")
    else:
        host, _, port = authority.partition(":")
    if not port:
        return host, usual
    if not (port.isascii() and port.isdigit()) or int(port[:6]) > 65535:
        return host, None
    return host, int(port)


_A_URI = Parameter("", STRING, terse=True)


def _address(name: str, text: str) -> Address:
    found = read_address(text)
    if found is None:
        function_error(
            name,
            f"expects its parameter to be a well-formed absolute URI. The provided value was '{text}'.",
            anchor=None,
        )
    return found


@function(
    "uriHost",
    arity=ONLY_ONE,
    parameters=(_A_URI,),
    returns="string",
    group="uri",
    summary="Return the host of an address.",
    signature="uriHost(uri)",
    example=("uriHost('https://www.contoso.com:8080')", "www.contoso.com"),
)
def uri_host(text: str) -> str:
    return _address("uriHost", text).host


@function(
    "uriPath",
    arity=ONLY_ONE,
    parameters=(_A_URI,),
    returns="string",
    group="uri",
    summary="Return the path of an address, '/' where it has none.",
    signature="uriPath(uri)",
    example=("uriPath('https://www.contoso.com/a/b?c=1')", "/a/b"),
)
def uri_path(text: str) -> str:
    return _address("uriPath", text).path


@function(
    "uriPathAndQuery",
    arity=ONLY_ONE,
    parameters=(_A_URI,),
    returns="string",
    group="uri",
    summary="Return path and query of an address.",
    signature="uriPathAndQuery(uri)",
    example=("uriPathAndQuery('https://www.contoso.com/a?c=1')", "/a?c=1"),
)
def uri_path_and_query(text: str) -> str:
    found = _address("uriPathAndQuery", text)
    return found.path + found.query


@function(
    "uriPort",
    arity=ONLY_ONE,
    parameters=(_A_URI,),
    returns="integer",
    group="uri",
    summary="Return the port of an address, the usual one of its scheme where it names none.",
    signature="uriPort(uri)",
    example=("uriPort('https://www.contoso.com')", 443),
)
def uri_port(text: str) -> int:
    return _address("uriPort", text).port


@function(
    "uriQuery",
    arity=ONLY_ONE,
    parameters=(_A_URI,),
    returns="string",
    group="uri",
    summary="Return the query of an address with its question mark.",
    signature="uriQuery(uri)",
    example=("uriQuery('https://www.contoso.com/a?c=1')", "?c=1"),
)
def uri_query(text: str) -> str:
    return _address("uriQuery", text).query


@function(
    "uriScheme",
    arity=ONLY_ONE,
    parameters=(_A_URI,),
    returns="string",
    group="uri",
    summary="Return the scheme of an address, without '://'.",
    signature="uriScheme(uri)",
    example=("uriScheme('https://www.contoso.com')", "https"),
)
def uri_scheme(text: str) -> str:
    return _address("uriScheme", text).scheme
