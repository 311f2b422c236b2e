"""JSON and XML: `json`, `xml`, `xpath` and the escapes of XML names and values."""

from __future__ import annotations

from typing import Any

from runafter.errors import EvaluationError
from runafter.expressions.functions.registry import (
    OBJECT,
    STRING,
    Arity,
    Parameter,
    function,
    function_error,
)
from runafter.expressions.functions.strings import A_STRING, ONLY_ONE
from runafter.expressions.xmlnames import decode_name, decode_value, encode_name, encode_value
from runafter.values.compare import type_name
from runafter.values.content import XML, content_bytes, content_text, envelope, is_envelope
from runafter.values.jsonread import UnreadableJson, read_json


def parse_json(name: str, text: str) -> Any:
    """Read JSON, or refuse it in the words of function `name`."""
    try:
        return read_json(text)
    except UnreadableJson as fault:
        function_error(
            name, f"parameter is not valid. The provided value '{text}' cannot be parsed: '{fault}'.", anchor=None
        )


@function(
    "json",
    arity=Arity(1, 1, "expects one parameter: the string or XML to be parsed"),
    returns="any",
    group="json_xml",
    summary="Read JSON from a text, forgivingly, or turn XML into JSON.",
    signature="json(value)",
    example=("json('[1, 2, 3]')", [1, 2, 3]),
)
def json(value: Any) -> Any:
    if type(value) is str:
        return parse_json("json", value)
    if is_envelope(value):
        if "xml" in value["$content-type"].lower():
            from runafter.expressions import xmltext  # lxml is slow to load

            try:
                return xmltext.to_json(xmltext.parse_xml(content_bytes(value)))
            except (xmltext.BadXml, ValueError) as fault:
                function_error(
                    "json", f"parameter is not valid. The provided value cannot be converted: '{fault}'.", anchor=None
                )
        return parse_json("json", content_text(value))
    function_error(
        "json",
        f"expects its parameter to be a string or an XML. The provided value is of type '{type_name(value)}'.",
        anchor=None,
    )


@function(
    "xml",
    arity=Arity(1, 1, "expects one parameter: the string or object to be converted"),
    parameters=(Parameter("its parameter to be a string or an object", STRING | OBJECT),),
    returns="object",
    group="json_xml",
    summary="Return XML content made from a text or from an object with one property; a DOCTYPE is refused.",
    signature="xml(value)",
    example=("xml('<a/>')", {"$content-type": XML, "$content": "PGEgLz4="}),
)
def xml(value: Any) -> dict[str, Any]:
    from runafter.expressions import xmltext  # lxml is slow to load

    if is_envelope(value):
        return {"$content-type": XML, "$content": value["$content"]}
    try:
        if type(value) is str:
            text = xmltext.outer_xml(xmltext.parse_xml(value))
        else:
            text = xmltext.from_json(value)
    except xmltext.BadXml as fault:
        function_error(
            "xml", f"parameter is not valid. The provided value cannot be converted to XML: '{fault}'.", anchor=None
        )
    return envelope(XML, text.encode("utf-8", "replace"))


@function(
    "xpath",
    arity=Arity(2, 2, "expects two parameters: an XML object and an XPath expression"),
    returns="any",
    group="json_xml",
    summary="Return the nodes that match a path, always as an array, or the value of an XPath function.",
    signature="xpath(xml, xpath)",
    example=("xpath(xml('<a><b>1</b></a>'), 'count(/a/b)')", 1.0),
)
def xpath(document: Any, path: Any) -> Any:
    from runafter.expressions import xmltext  # lxml is slow to load

    if not (is_envelope(document) and "xml" in document["$content-type"].lower()):
        function_error(
            "xpath",
            f"expects its first parameter to be an XML object. The provided value is of type '{type_name(document)}'.",
            anchor=None,
        )
    if type(path) is not str:
        function_error(
            "xpath",
            f"expects its second parameter to be a string. The provided value is of type '{type_name(path)}'.",
            anchor=None,
        )
    try:
        found = xmltext.evaluate_path(xmltext.parse_xml(content_bytes(document)), path)
    except xmltext.BadPath:
        function_error(
            "xpath",
            "parameters are invalid: the 'xpath' parameter must be a supported, well formed XPath expression.",
            anchor=None,
        )
    except (xmltext.BadXml, ValueError) as fault:
        raise EvaluationError(
            f"The template language function 'xpath' parameters are invalid: the 'xml' parameter is no XML: '{fault}'."
        ) from fault
    if isinstance(found, list):
        return [text if is_plain else envelope(XML, text.encode()) for is_plain, text in found]
    return found


@function(
    "encodeXmlName",
    arity=ONLY_ONE,
    parameters=(A_STRING,),
    returns="string",
    group="json_xml",
    summary="Escape what an XML name must not hold as `_xHHHH_`.",
    signature="encodeXmlName(name)",
    example=("encodeXmlName('Order Details')", "Order_x0020_Details"),
)
def encode_xml_name(text: str) -> str:
    return encode_name(text)


@function(
    "decodeXmlName",
    arity=ONLY_ONE,
    parameters=(A_STRING,),
    returns="string",
    group="json_xml",
    summary="Undo the escapes of an XML name.",
    signature="decodeXmlName(name)",
    example=("decodeXmlName('Order_x0020_Details')", "Order Details"),
)
def decode_xml_name(text: str) -> str:
    return decode_name(text)


@function(
    "encodeXmlValue",
    arity=ONLY_ONE,
    parameters=(A_STRING,),
    returns="string",
    group="json_xml",
    summary="Escape a text for use inside XML.",
    signature="encodeXmlValue(value)",
    example=("encodeXmlValue('a < b')", "a &lt; b"),
)
def encode_xml_value(text: str) -> str:
    return encode_value(text)


@function(
    "decodeXmlValue",
    arity=ONLY_ONE,
    parameters=(A_STRING,),
    returns="string",
    group="json_xml",
    summary="Undo the escapes of a text inside XML.",
    signature="decodeXmlValue(value)",
    example=("decodeXmlValue('a &lt; b')", "a < b"),
)
def decode_xml_value(text: str) -> str:
    return decode_value(text)
