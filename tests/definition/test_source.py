"""Text of any encoding and JSON of any manners become nodes that know their places."""

from __future__ import annotations

import codecs
import json

import pytest

from runafter.definition.source import MAX_DEPTH, parse_bytes
from runafter.definition.text import MAX_BYTES, decode
from runafter.definition.write import write
from runafter.errors import UnreadableSource


def codes(data: bytes) -> list[str]:
    return [finding.code for finding in parse_bytes(data, "f.json").source.findings]


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
        (b"", "utf-16-le"),
        (b"", "utf-16-be"),
    ],
)
def test_every_unicode_encoding_is_read_and_written_as_it_was(mark: bytes, encoding: str) -> None:
    data = mark + '{\r\n  "größe": "😀"\r\n}\r\n'.encode(encoding)

    root = parse_bytes(data)

    assert root.value == {"größe": "😀"}
    assert write(root) == data


def test_windows_1252_is_read_with_a_finding() -> None:
    data = '{"größe": 1}'.encode("cp1252")

    root = parse_bytes(data, "f.json")

    assert root.value == {"größe": 1}
    assert [finding.code for finding in root.source.findings] == ["DEF011"]
    assert write(root) == data


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\x00\x00\x81", b"\xff\xfe{\x00\x00", b"\xef\xbb\xbf\xff"])
def test_what_is_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableSource) as caught:
        decode(data, "f.json")

    assert caught.value.code == "DEF001"


def test_a_file_over_the_limit_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(UnreadableSource) as caught:
        decode(bytes(MAX_BYTES + 1))

    assert caught.value.code == "DEF002"


def test_line_and_column_count_from_one_with_any_line_ending() -> None:
    root = parse_bytes(b'{\r\n  "a": 1,\n  "b": [2,\r 3]}')

    places = {pointer: (node.line, node.column) for pointer in ("", "/a", "/b", "/b/1") if (node := root.find(pointer))}
    assert places == {"": (1, 1), "/a": (2, 8), "/b": (3, 8), "/b/1": (4, 2)}


def test_pointers_escape_and_find_their_nodes_again() -> None:
    root = parse_bytes('{"a/b": {"c~d": [0, {"é [x],.": 1}]}}'.encode())

    node = root.find("/a~1b/c~0d/1/é [x],.")

    assert node is not None
    assert node.pointer == "/a~1b/c~0d/1/é [x],."
    assert node.text == "1"
    assert [root.find(pointer) for pointer in ("/a", "/a~1b/c~0d/2", "/a~1b/c~0d/x", "/a~1b/c~0d/0/z")] == [None] * 4


def test_comments_are_passed_over_in_silence() -> None:
    text = b'// head\n{"a": /* why */ 1, // so\n"b": "http://x /* no */"}// end'

    assert parse_bytes(text).value == {"a": 1, "b": "http://x /* no */"}
    assert codes(text) == []


def test_equal_keys_are_kept_with_a_finding_and_the_last_counts() -> None:
    root = parse_bytes(b'{"x": {"a": 1,\n "a": 2}}', "f.json")

    inner = root.get("x")
    assert inner is not None
    assert [(key, node.value) for key, node in inner.members()] == [("a", 1), ("a", 2)]
    assert inner.value == {"a": 2}
    (finding,) = root.source.findings
    assert (finding.code, finding.pointer, finding.line, finding.column) == ("DEF010", "/x/a", 2, 2)


def test_a_file_full_of_faults_gives_no_endless_list() -> None:
    root = parse_bytes(b"{" + b"a:1," * 5000 + b"}")

    assert len(root.source.findings) == 1000
    assert len(list(root.members())) == 5000


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1,}', {"a": 1}),
        ("[1, 2, ]", [1, 2]),
        ("{a: 1, $b: 2}", {"a": 1, "$b": 2}),
        (r"{'a\'b': 'c\"d\\'}", {"a'b": 'c"d\\'}),
    ],
)
def test_lax_json_is_read_with_a_finding(text: str, value: object) -> None:
    root = parse_bytes(text.encode(), "f.json")

    assert root.value == value
    assert {finding.code for finding in root.source.findings} == {"DEF012"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12345678901234567890123", 12345678901234567890123),
        ("-0", 0),
        ("1.50", 1.5),
        ("1e3", 1000.0),
        ("+7", 7),
        (".5", 0.5),
        ("5.", 5.0),
        (r'"\ud800x"', "\ud800x"),
        (r'"\ud83d\ude00"', "😀"),
        ('"a\tb"', "a\tb"),
        (" null ", None),
        ("true", True),
    ],
)
def test_scalars_keep_their_value_and_their_text(text: str, value: object) -> None:
    root = parse_bytes(text.encode())

    assert root.value == value
    assert type(root.value) is type(value)
    assert root.text == text.strip()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"a": }', (1, 7)),
        ('{"a" 1}', (1, 6)),
        ('{"a": 1 "b": 2}', (1, 9)),
        ("[1 2]", (1, 4)),
        ('{"a": 1}\n}', (2, 1)),
        ("", (1, 1)),
        ('{"a": "x', (1, 7)),
        ("/* never", (1, 1)),
        (r'{"a": "\x"}', (1, 8)),
        ("{,}", (1, 2)),
        ("[,]", (1, 2)),
        ("nul", (1, 1)),
        ("1e999", (1, 1)),
        ("9" * 5000, (1, 1)),
        ("٣", (1, 1)),
    ],
)
def test_what_is_no_json_is_refused_at_its_place(text: str, place: tuple[int, int]) -> None:
    with pytest.raises(UnreadableSource) as caught:
        parse_bytes(text.encode(), "f.json")

    assert caught.value.code == "DEF003"
    assert (caught.value.line, caught.value.column) == place


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_nesting_is_read_to_the_limit_and_refused_beyond(opening: str, closing: str) -> None:
    deepest = parse_bytes((opening * MAX_DEPTH + "1" + closing * MAX_DEPTH).encode())

    assert json.dumps(deepest.value).count("1") == 1
    with pytest.raises(UnreadableSource) as caught:
        parse_bytes((opening * 100_000).encode())
    assert caught.value.code == "DEF004"


def test_bicep_is_refused_with_what_to_do() -> None:
    with pytest.raises(UnreadableSource, match="az bicep build"):
        parse_bytes(b"param location string = 'westeurope'", "main.bicep")


def test_members_are_found_whatever_their_letter_case_but_the_exact_one_first() -> None:
    root = parse_bytes(b'{"RunAfter": 1, "Type": 2, "type": 3}')

    found = [node.value if (node := root.get_ci(key)) else None for key in ("runAfter", "type", "TYPE", "x")]
    assert found == [1, 3, 2, None]
