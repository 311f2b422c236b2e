"""Values with their places."""

from __future__ import annotations

import pytest

from runafter.definition.source import parse_bytes
from runafter.program.part import Part, is_dynamic

TEXT = b'{"a": {"B~/c": ["x", {"@{k}": "y"}]}}'
NODE = parse_bytes(TEXT)


def test_members_are_found_in_any_letter_case() -> None:
    part = Part(NODE.value, NODE)

    assert part.at("A", "b~/C") is not None
    assert part.at("a", "gone", "further") is None
    assert part.text("a") is None


def test_pointers_and_places_come_from_the_file() -> None:
    strings = [(text, place.pointer, place.column) for place, text in Part(NODE.value, NODE).strings()]

    assert strings == [("x", "/a/B~0~1c/0", 17), ("@{k}", "/a/B~0~1c/1/@{k}", 31), ("y", "/a/B~0~1c/1/@{k}", 31)]


def test_where_the_value_has_left_the_text_the_pointer_goes_on_alone() -> None:
    resolved = {"a": {"new": ["x", "y"]}}

    pointers = [place.pointer for place, _ in Part(resolved, NODE).strings()]

    assert pointers == ["/a/new/0", "/a/new/1"]


@pytest.mark.parametrize(
    ("text", "dynamic"),
    [("@f()", True), ("a@{f()}", True), ("[parameters('x')]", True), ("@@x", False), ("x", False), ("", False)],
)
def test_what_is_computed_cannot_be_judged(text: str, dynamic: bool) -> None:
    assert is_dynamic(text) is dynamic
