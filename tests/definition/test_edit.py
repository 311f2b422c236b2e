"""Edits change the author's text at the places named and nowhere else."""

from __future__ import annotations

import difflib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runafter.definition.edit import Edits
from runafter.definition.source import parse_bytes
from runafter.definition.write import write

TEXT = b"""{
    // the flow
    "actions": {
        "A": {"type": "Compose", "inputs": 1}, // first
        "B": {
            "type": "Compose",
            "inputs": [1, 2]
        }
    },
    "empty": {}
}
"""


def changed(edits: Edits) -> list[str]:
    """The lines that an edit took out and put in."""
    before = edits.document.source.text.splitlines()
    after = edits.apply().source.text.splitlines()
    return [line for line in difflib.ndiff(before, after) if line[0] in "+-"]


def test_setting_a_value_changes_its_text_alone() -> None:
    edits = Edits(parse_bytes(TEXT))

    edits.set("/actions/B/inputs/1", "two")

    assert changed(edits) == ['-             "inputs": [1, 2]', '+             "inputs": [1, "two"]']


def test_setting_what_is_absent_adds_it_in_the_style_of_its_neighbours() -> None:
    edits = Edits(parse_bytes(TEXT))

    edits.set("/actions/C", {"type": "Compose"})
    edits.set("/actions/A/runAfter", {})

    assert edits.apply().source.text == TEXT.decode().replace('"inputs": 1}', '"inputs": 1, "runAfter": {}}').replace(
        """            "inputs": [1, 2]
        }
""",
        """            "inputs": [1, 2]
        },
        "C": {
            "type": "Compose"
        }
""",
    )


def test_members_are_inserted_before_a_named_one_and_items_at_an_index() -> None:
    edits = Edits(parse_bytes(TEXT))

    edits.insert("/actions", "Zero", 0, before="A")
    edits.insert("/actions/B/inputs", 0, 0)
    edits.insert("/actions/B/inputs", 2, 3)

    root = edits.apply()
    assert [key for key, _ in root.find("/actions").members()] == ["Zero", "A", "B"]
    assert root.find("/actions/B/inputs").value == [0, 1, 2, 3]
    assert '        "Zero": 0,\n        "A": {' in root.source.text


def test_several_members_fill_an_empty_object() -> None:
    edits = Edits(parse_bytes(TEXT))

    edits.set("/empty/a", 1)
    edits.set("/empty/b", [1])

    assert (
        '"empty": {\n        "a": 1,\n        "b": [\n            1\n        ]\n    }\n}\n' in edits.apply().source.text
    )


@pytest.mark.parametrize("gone", [(0,), (1,), (2,), (0, 1), (1, 2), (0, 2), (0, 1, 2)])
def test_any_members_can_be_removed_together(gone: tuple[int, ...]) -> None:
    names = "abc"
    edits = Edits(parse_bytes(b'{\n  "a": 1,\n  "b": 2,\n  "c": 3\n}'))

    for index in gone:
        edits.remove(f"/{names[index]}")

    root = edits.apply()
    assert root.value == {name: index + 1 for index, name in enumerate(names) if index not in gone}
    assert root.source.findings == []


def test_a_removed_item_takes_its_line_with_it() -> None:
    edits = Edits(parse_bytes(TEXT))

    edits.remove("/actions/A/type")
    edits.remove("/empty")

    assert set(changed(edits)) == {
        '-         "A": {"type": "Compose", "inputs": 1}, // first',
        '+         "A": {"inputs": 1}, // first',
        "-     },",
        '-     "empty": {}',
        "+     }",
    }


def test_a_renamed_key_keeps_its_place_and_value() -> None:
    edits = Edits(parse_bytes(TEXT))

    edits.rename_key("/actions/A", 'Über "alles"')

    assert changed(edits)[1] == '+         "Über \\"alles\\"": {"type": "Compose", "inputs": 1}, // first'


def test_encoding_and_line_ends_of_the_file_are_kept() -> None:
    data = b"\xff\xfe" + '{\r\n\t"a": {}\r\n}'.encode("utf-16-le")
    edits = Edits(parse_bytes(data))

    edits.set("/a/b", "é")

    assert write(edits.apply()) == b"\xff\xfe" + '{\r\n\t"a": {\r\n\t\t"b": "é"\r\n\t}\r\n}'.encode("utf-16-le")


def test_what_the_files_encoding_cannot_say_is_escaped() -> None:
    edits = Edits(parse_bytes('{"ö": 1}'.encode("cp1252")))

    edits.set("/ö", "☃\ud800")

    assert write(edits.apply()) == b'{"\xf6": "\\u2603\\ud800"}'


def test_the_document_edited_stays_as_it_was() -> None:
    root = parse_bytes(TEXT)
    edits = Edits(root)

    edits.remove("/actions")
    edits.apply()

    assert write(root) == TEXT


def test_edits_of_one_place_and_of_nothing_are_refused() -> None:
    twice, absent = Edits(parse_bytes(TEXT)), Edits(parse_bytes(TEXT))

    twice.set("/actions/A", 1)
    twice.set("/actions/A/type", "Scope")

    with pytest.raises(ValueError, match="same place"):
        twice.apply()
    for wrong in (
        lambda: absent.remove("/x"),
        lambda: absent.remove(""),
        lambda: absent.set("/x/y", 1),
        lambda: absent.rename_key("/actions/B/inputs/0", "k"),
        lambda: absent.insert("/actions/A/type", "k", 1),
        lambda: absent.set("/empty", float("nan")),
    ):
        with pytest.raises(ValueError):
            wrong()


def test_members_are_wrapped_with_their_text_and_their_own_edits() -> None:
    document = parse_bytes(
        b'{\n  "a": {\n    "A": {"x": 1}, // one\n    "B": {\n      "y": [\n        1\n      ]\n    },\n    "C": 3\n  }\n}\n'
    )
    edits = Edits(document)
    edits.set("/a/B/y", {"z": 2})
    edits.wrap(["/a/A", "/a/B"], "S", {"type": "Scope"}, "in")
    edits.insert("/a/B", "w", None)
    edits.insert("/a", "D", 4)

    assert edits.apply().source.text.splitlines() == [
        "{",
        '  "a": {',
        '    "S": {',
        '      "type": "Scope",',
        '      "in": {',
        '        "A": {"x": 1}, // one',
        '        "B": {',
        '          "y": {',
        '            "z": 2',
        "          },",
        '          "w": null',
        "        }",
        "      }",
        "    },",
        '    "C": 3,',
        '    "D": 4',
        "  }",
        "}",
    ]


def test_one_line_is_wrapped_in_one_line() -> None:
    edits = Edits(parse_bytes(b'{"a": {"A": 1, "B": 2}}'))
    edits.wrap(["/a/B"], "S", {}, "in")

    assert edits.apply().source.text == '{"a": {"A": 1, "S": {"in": {"B": 2}}}}'


def test_a_member_moves_with_its_text() -> None:
    edits = Edits(parse_bytes(b'{\n  "A": [1,2],\n  "B": {  "x": 1 },\n  "C": 3\n}'))
    edits.move("/C", "A")

    assert edits.apply().source.text == '{\n  "C": 3,\n  "A": [1,2],\n  "B": {  "x": 1 }\n}'


@pytest.mark.parametrize("members", [["/a/A", "/a/C"], ["/a/B", "/a/A"], [""]])
def test_only_neighbours_are_wrapped(members: list[str]) -> None:
    with pytest.raises(ValueError, match="side by side"):
        Edits(parse_bytes(b'{"a": {"A": 1, "B": 2, "C": 3}}')).wrap(members, "S", {}, "in")


def test_a_member_moves_beside_its_siblings_only() -> None:
    with pytest.raises(ValueError, match="beside"):
        Edits(parse_bytes(b'{"a": {"A": 1}, "b": 2}')).move("/a/A", "b")


LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)


@given(
    members=st.dictionaries(st.text(max_size=4), VALUES, min_size=1, max_size=6),
    indent=st.sampled_from([None, 1, 2, 4, "\t"]),
    data=st.data(),
)
def test_a_wrap_keeps_every_value_and_order(
    members: dict[str, Any], indent: int | str | None, data: st.DataObject
) -> None:
    document = parse_bytes(json.dumps({"a": members, "b": 0}, indent=indent).encode())
    names = list(members)
    first = data.draw(st.integers(0, len(names) - 1))
    last = data.draw(st.integers(first, len(names) - 1))
    chosen = names[first : last + 1]
    key = "wrap" + "x" * 4  # longer than any other
    nodes = [node for name, node in document.members() if name == "a" for _, node in node.members()]
    edits = Edits(document)
    edits.wrap([node.pointer for node in nodes[first : last + 1]], key, {"type": "Scope"}, "in")

    made = json.loads(edits.apply().source.text)

    inside = {name: members[name] for name in chosen}
    expected = [*names[:first], key, *names[last + 1 :]]
    assert list(made["a"]) == expected
    assert made["a"][key] == {"type": "Scope", "in": inside}
    assert list(made["a"][key]["in"]) == chosen
    assert {name: made["a"][name] for name in expected if name != key} == {
        name: value for name, value in members.items() if name not in inside
    }
