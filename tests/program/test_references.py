"""What expressions read."""

from __future__ import annotations

import pytest
from tests.program.flows import compose, foreach, scope

from runafter.expressions.template import parse_text
from runafter.program.outline import read_outline
from runafter.program.part import Part
from runafter.program.references import references_in, unreachable_reason


def read(text: str) -> list[tuple[str, str | None]]:
    tree = parse_text(text)
    assert not isinstance(tree, str)
    return [(reference.reads, reference.name) for reference in references_in(tree)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@body('A')?['x']", [("action", "A")]),
        ("@BODY('A')[variables('i')]", [("action", "A"), ("variable", "i")]),
        ("a@{outputs('A')}b@{items('L')?['x']}", [("action", "A"), ("loop", "L")]),
        ("@actions(concat('A', 'B'))", [("action", None)]),
        ("@if(item(), parameters('p'), appsetting('s'))", [("item", ""), ("parameter", "p"), ("setting", "s")]),
        ("@triggerBody()", []),
    ],
)
def test_reads_in_the_order_of_the_text(text: str, expected: list[tuple[str, str | None]]) -> None:
    assert read(text) == expected


ACTIONS = {
    "A": compose(),
    "S": scope({"B": compose(), "C": compose(1, "B")}, "A"),
    "L": {**foreach({"D": compose(), "E": scope({"F": compose()})}), "runAfter": {"S": ["Failed"]}},
    "G": compose(),
}


@pytest.mark.parametrize(
    ("reader", "target", "can"),
    [
        ("S", "A", True),
        ("C", "A", True),
        ("C", "B", True),
        ("B", "C", False),
        ("F", "C", True),
        ("F", "D", False),
        ("F", "L", False),
        ("L", "D", False),
        ("G", "A", False),
        ("A", "A", False),
    ],
)
def test_an_action_can_be_read_when_it_or_its_container_is_settled_before(reader: str, target: str, can: bool) -> None:
    named = read_outline(Part(ACTIONS, None)).named

    assert (unreachable_reason(named[reader.casefold()], named[target.casefold()]) is None) is can
