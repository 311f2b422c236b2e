"""Dirty files are read, every place is known, and nothing is lost on the way back."""

from __future__ import annotations

import codecs
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runafter.definition.source import parse_bytes
from runafter.definition.write import canonical, write
from runafter.errors import UnreadableSource


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (codecs.BOM_UTF8 + b'{"a": "\xc3\xa9"}', "utf-8"),
        (codecs.BOM_UTF16_LE + '{"a": "é"}'.encode("utf-16-le"), "utf-16-le"),
        (codecs.BOM_UTF16_BE + '{"a": "é"}'.encode("utf-16-be"), "utf-16-be"),
        ('{"a": "é"}'.encode("utf-16-le"), "utf-16-le"),
        (codecs.BOM_UTF32_LE + '{"a": "é"}'.encode("utf-32-le"), "utf-32-le"),
        (b'{"a": "\xe9"}', "cp1252"),
    ],
)
def test_encodings_are_read_and_written_back(data: bytes, encoding: str) -> None:
    root = parse_bytes(data, "x.json")

    assert root.value == {"a": "é"}
    assert root.source.encoding == encoding
    assert write(root) == data


def test_comments_trailing_commas_and_bare_keys_are_read_and_noted() -> None:
    text = b'{ // the first\n  "a": [1, 2,], /* both */\n  b: \'it\\\'s "x"\',\n}'

    root = parse_bytes(text, "x.json")

    assert root.value == {"a": [1, 2], "b": 'it\'s "x"'}
    assert {finding.code for finding in root.source.findings} == {"DEF012"}
    assert write(root) == text


def test_a_duplicate_key_is_a_finding_with_its_place_and_the_last_one_counts() -> None:
    root = parse_bytes(b'{"a": 1,\n  "a": 2}', "x.json")

    (finding,) = root.source.findings
    assert root.value == {"a": 2}
    assert (finding.code, finding.line, finding.column, finding.pointer) == ("DEF010", 2, 3, "/a")
    assert canonical(root) == '{\n  "a": 1,\n  "a": 2\n}\n'


def test_nodes_know_pointer_line_and_column() -> None:
    root = parse_bytes(b'{\r\n  "a/b": {"~": [10,\r\n    20]}\r\n}')
    node = root.find("/a~1b/~0/1")

    assert node is not None
    assert (node.value, node.pointer, node.line, node.column) == (20, "/a~1b/~0/1", 3, 5)
    assert root.find("/a~1b/x") is None


def test_a_fault_says_where_it_is() -> None:
    with pytest.raises(UnreadableSource) as caught:
        parse_bytes(b'{\n  "a": 1\n  "b": 2\n}', "flow.json")

    assert (caught.value.line, caught.value.column, caught.value.file) == (3, 3, "flow.json")
    assert "'}'" in caught.value.message


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_what_json_writes_is_read_the_same_and_canonical_text_is_stable(value: object) -> None:
    root = parse_bytes(json.dumps(value).encode())
    text = canonical(root)
    again = parse_bytes(text.encode("utf-8", "surrogatepass"))

    assert root.value == value
    assert again.value == value
    assert canonical(again) == text


@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:\\ntf01-e./*\n', max_size=80).map(str.encode))
def test_any_bytes_are_read_or_refused_by_name_and_written_back_as_they_were(data: bytes) -> None:
    refusal: UnreadableSource | None = None
    try:
        written = write(parse_bytes(data, "x.json"))
    except UnreadableSource as fault:
        refusal = fault

    assert refusal is not None or written == data
    assert refusal is None or (refusal.code.startswith("DEF") and refusal.message)
