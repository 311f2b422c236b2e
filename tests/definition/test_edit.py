"""Edits touch the places they name and nothing else."""

from __future__ import annotations

import difflib
import json

import pytest
from tests.definition.flows import definition

from runafter.definition.edit import Edits, rename_action, rename_in_text
from runafter.definition.read import read_bytes
from runafter.definition.source import parse_bytes
from runafter.definition.write import canonical, write


def changed_lines(before: str, after: str) -> list[str]:
    return [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]


def test_setting_a_value_keeps_comments_and_formatting() -> None:
    root = parse_bytes(b'{\n    // keep me\n    "a" : 1,   "b":2\n}')
    edits = Edits(root)
    edits.set("/a", {"x": [1]})

    after = edits.apply()

    assert (
        write(after) == b'{\n    // keep me\n    "a" : {\n        "x": [\n            1\n        ]\n    },   "b":2\n}'
    )


def test_inserting_removing_and_renaming_members() -> None:
    root = parse_bytes(b'{\n  "a": 1,\n  "b": {},\n  "c": 3\n}')
    edits = Edits(root)
    edits.insert("", "d", 4)
    edits.insert("/b", "inner", True)
    edits.remove("/a")
    edits.rename_key("/c", "C")

    after = edits.apply()

    assert after.value == {"b": {"inner": True}, "C": 3, "d": 4}
    assert write(after) == b'{\n  "b": {\n    "inner": true\n  },\n  "C": 3,\n  "d": 4\n}'


def test_inserting_before_a_member_and_into_an_array() -> None:
    root = parse_bytes(b'{\n  "a": [\n    1\n  ],\n  "z": 0\n}')
    edits = Edits(root)
    edits.insert("", "m", "x", before="z")
    edits.insert("/a", 0, 0)
    edits.insert("/a", 1, 2)

    after = edits.apply()

    assert after.value == {"a": [0, 1, 2], "m": "x", "z": 0}
    assert list(after.value) == ["a", "m", "z"]


def test_edits_that_overlap_are_refused() -> None:
    edits = Edits(parse_bytes(b'{"a": {"b": 1}}'))
    edits.set("/a", 1)
    edits.set("/a/b", 2)

    with pytest.raises(ValueError, match="same place"):
        edits.apply()


def test_after_one_field_and_one_name_changed_the_canonical_diff_is_those_places() -> None:
    flow = definition()
    flow["actions"]["Other"] = {
        "type": "Compose",
        "inputs": "outputs('Get order') is text here",
        "runAfter": {"GET ORDER": ["SUCCEEDED"]},
    }
    (found,) = read_bytes(json.dumps(flow).encode(), "x.json")
    before = canonical(found.document)

    renamed = rename_action(found, "get order", "Fetch 'it'")
    edits = Edits(renamed)
    edits.set("/contentVersion", "2.0.0.0")
    after = canonical(edits.apply())

    removed = [line[2:].strip() for line in changed_lines(before, after) if line[0] == "-"]
    added = [line[2:].strip() for line in changed_lines(before, after) if line[0] == "+"]
    assert removed == [
        '"contentVersion": "1.0.0.0",', '"Get order": {', '"inputs": "Order @{outputs(\'Get order\')}",', '"Get order": [', '"GET ORDER": [',
    ]  # fmt: skip
    assert added == [
        '"contentVersion": "2.0.0.0",', '"Fetch \'it\'": {', '"inputs": "Order @{outputs(\'Fetch \'\'it\'\'\')}",', '"Fetch \'it\'": [',
        '"Fetch \'it\'": [',
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "renamed"),
    [
        ("@outputs('A')?['A']", "@outputs('B')?['A']"),
        ("@concat('outputs(''A'')', body( 'a' ))", "@concat('outputs(''A'')', body( 'B' ))"),
        ("outputs('A')", "outputs('A')"),
        ("@@outputs('A')", "@@outputs('A')"),
        ("x @{items('A')} y @{variables('A')}", "x @{items('B')} y @{variables('A')}"),
        ("a@@{outputs('A')}", "a@@{outputs('A')}"),
        ("@myoutputs('A')", "@myoutputs('A')"),
        ("@{actions('A').status}@{result('A')}", "@{actions('B').status}@{result('B')}"),
    ],
)
def test_only_references_inside_expressions_are_renamed(text: str, renamed: str) -> None:
    assert rename_in_text(text, "A", "B") == renamed


def test_a_taken_name_is_refused() -> None:
    (found,) = read_bytes(json.dumps(definition()).encode(), "x.json")

    with pytest.raises(ValueError, match="taken"):
        rename_action(found, "Say", "get ORDER")
