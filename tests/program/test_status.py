"""Block status from leaves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runafter.program.graph import make_block
from runafter.program.status import block_status, deciding_actions

CATCH = make_block({"Try": (), "Catch": (("Try", ("Failed",)),)})
SIBLING = make_block({"Try": (), "Catch": (("Try", ("Failed",)),), "Next": (("Try", ("Succeeded",)),)})


def test_a_caught_failure_is_forgiven() -> None:
    assert block_status(CATCH, {"Try": "Failed", "Catch": "Succeeded"}) == "Succeeded"


def test_a_skipped_sibling_of_the_catch_brings_the_failure_back() -> None:
    statuses = {"Try": "Failed", "Catch": "Succeeded", "Next": "Skipped"}

    assert block_status(SIBLING, statuses) == "Failed"
    assert deciding_actions(SIBLING, statuses) == ("Try", "Catch")


def test_a_skipped_catch_leaves_the_success_standing() -> None:
    assert block_status(CATCH, {"Try": "Succeeded", "Catch": "Skipped"}) == "Succeeded"


def test_a_chain_of_skips_leads_back_to_the_failure() -> None:
    block = make_block({"A": (), "B": (("A", ("Succeeded",)),), "C": (("B", ("Succeeded",)),)})

    assert block_status(block, {"A": "Failed", "B": "Skipped", "C": "Skipped"}) == "Failed"


@pytest.mark.parametrize(
    ("leaf", "expected"),
    [
        ("Succeeded", "Succeeded"),
        ("Failed", "Failed"),
        ("TimedOut", "TimedOut"),
        ("Cancelled", "Succeeded"),
        ("Skipped", "Succeeded"),
    ],
)
def test_one_action_decides_alone(leaf: str, expected: str) -> None:
    assert block_status(make_block({"A": ()}), {"A": leaf}) == expected


def test_failed_outweighs_timed_out() -> None:
    block = make_block({"A": (), "B": ()})

    assert block_status(block, {"A": "TimedOut", "B": "Failed"}) == "Failed"


def test_an_empty_block_has_succeeded() -> None:
    assert block_status(make_block({}), {}) == "Succeeded"


@given(st.lists(st.sampled_from(["Succeeded", "Failed", "TimedOut", "Skipped"]), min_size=1, max_size=6))
def test_parallel_actions_fail_exactly_when_one_failed(found: list[str]) -> None:
    block = make_block({f"a{i}": () for i in range(len(found))})

    status = block_status(block, {f"a{i}": s for i, s in enumerate(found)})

    assert (status == "Failed") == ("Failed" in found)
