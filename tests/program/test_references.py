"""Whether an action can have run when another reads it."""

from __future__ import annotations

import pytest
from tests.program.flows import compose, foreach, scope

from runafter.program.outline import read_outline
from runafter.program.part import Part
from runafter.program.references import unreachable_reason

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
