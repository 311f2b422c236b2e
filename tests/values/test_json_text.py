"""Numbers, escapes and forgiving reading of JSON, as .NET does them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from runafter.values.json import compact, float_text, json_numbers, stringify
from runafter.values.jsonread import UnreadableJson, read_json
from runafter.values.size import TooLarge


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.5, "-0.5"),
        (1.0, "1"),
        (123456.789, "123456.789"),
        (1e14, "100000000000000"),
        (123456789012345.0, "123456789012345"),
        (1e15, "1E+15"),
        (1.5e300, "1.5E+300"),
        (0.0001, "0.0001"),
        (0.00012345, "0.00012345"),
        (0.00001, "1E-05"),
        (1.25e-7, "1.25E-07"),
        (5e-324, "5E-324"),
        (1.7976931348623157e308, "1.7976931348623157E+308"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
    ],
)
def test_float_is_printed_as_dotnet_prints_it(value: float, text: str) -> None:
    assert float_text(value) == text


def test_float_inside_json_keeps_a_decimal_place() -> None:
    assert compact([1.0, 1e21, Decimal(2), float("nan")]) == '[1.0,1E+21,2.0,"NaN"]'


def test_text_inside_json_is_escaped_as_the_platform_does() -> None:
    assert compact('a"\\/\n\x01é\u2028') == '"a\\"\\\\/\\n\\u0001é\\u2028"'


def test_binary_content_is_text_at_the_top_and_an_object_inside() -> None:
    content = {"$content-type": "text/plain", "$content": "aMOp"}

    assert stringify(content) == "hé"
    assert stringify([content]) == '[{"$content-type":"text/plain","$content":"aMOp"}]'


def test_value_nested_too_deeply_is_refused() -> None:
    value: list[object] = []
    for _ in range(300):
        value = [value]

    with pytest.raises(TooLarge, match="levels deep"):
        compact(value)


def test_values_that_json_has_are_handed_out_unchanged() -> None:
    value = {"a": [1, 1.5, "x", None]}

    assert json_numbers(value) is value
    assert json_numbers({"a": [Decimal("1.50")], "b": float("inf")}) == {"a": [1.5], "b": "Infinity"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("  ", None),
        ("{'a': 1, b: 2, }", {"a": 1, "b": 2}),
        ("[1, /* c */ 2, // d\n 3]", [1, 2, 3]),
        ("[0x10, 017, -0x1]", [16, 15, -1]),
        ("[Infinity, -Infinity]", [float("inf"), float("-inf")]),
        ('{"a": 1, "a": 2}', {"a": 2}),
        ('"x" rest', "x"),
        ("[1] rest", [1]),
        ('"\\ud83d\\ude00"', "😀"),
        ('"\\ud83d"', "\ufffd"),
        ('"line\nbreak"', "line\nbreak"),
        ("\ufeff[1]", [1]),
        ("123456789012345678901234567890", 123456789012345678901234567890),
    ],
)
def test_reader_forgives(text: str, value: object) -> None:
    assert read_json(text) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Unexpected end of content while loading JObject. Path '', line 1, position 1."),
        ('{"a":[1,}', "Unexpected character encountered while parsing value: }. Path 'a[1]', line 1, position 8."),
        ('{"x y":tru}', "Unexpected character encountered while parsing value: t. Path '['x y']', line 1, position 7."),
        (
            "[\n1 2]",
            "After parsing a value an unexpected character was encountered: 2. Path '[0]', line 2, position 2.",
        ),
    ],
)
def test_reader_says_what_and_where(text: str, message: str) -> None:
    with pytest.raises(UnreadableJson) as caught:
        read_json(text)

    assert str(caught.value) == message
