"""Untouched files stay byte for byte; the canonical form depends on content and order alone."""

from __future__ import annotations

from runafter.definition.source import parse_bytes
from runafter.definition.write import canonical, canonical_value, write


def test_an_untouched_file_is_written_byte_for_byte() -> None:
    data = b'\xef\xbb\xbf{ // note\r\n\t"b":1.0e+2 ,"a" :[ ],\r\n "b":"\\u0041",}\n\n'

    assert write(parse_bytes(data)) == data


def test_canonical_form_keeps_order_duplicates_and_numbers_and_drops_the_rest() -> None:
    data = rb"""{ /* note */ "b": 1.50, "a": {"x": [], "y": {}, "z": [1,{"k":null}]}, "b": "\u0041\u00e9\ud800\n", }"""

    assert canonical(parse_bytes(data)) == (
        '{\n  "b": 1.50,\n  "a": {\n    "x": [],\n    "y": {},\n    "z": [\n      1,\n      {\n'
        '        "k": null\n      }\n    ]\n  },\n  "b": "Aé\\ud800\\n"\n}\n'
    )


def test_canonical_form_of_numbers_is_json_with_the_authors_digits() -> None:
    text = canonical(parse_bytes(b"[+7, -.5, 5., 007, 1E5, 12345678901234567890, 1.10]"))

    assert text.split() == ["[", "7,", "-0.5,", "5.0,", "7,", "1E5,", "12345678901234567890,", "1.10", "]"]


def test_canonical_form_is_its_own_canonical_form() -> None:
    once = canonical(parse_bytes(b'{"a":[1,{"b":"\\u00e9"}],a:2,}'))

    assert canonical(parse_bytes(once.encode())) == once


def test_nodes_and_plain_values_have_one_canonical_text() -> None:
    value = {"a": [1, "é\ud800", {}, [], None, True], "b": {"c": 1.5}}

    text = canonical_value(value)

    assert canonical(parse_bytes(text.encode())) == text
    assert parse_bytes(text.encode()).value == value
