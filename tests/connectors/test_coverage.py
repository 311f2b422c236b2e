"""How many calls of real definitions reach an operation of a pack; the bars hold over the collection where it is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tools.connector_coverage import GOALS, KINDS, Coverage, measure, read_records, report

ROOT = Path(__file__).parents[2]
COLLECTION = ROOT.parent / "shared" / "corpus"


@pytest.fixture(scope="module")
def found() -> dict[str, Coverage]:
    if not COLLECTION.is_dir():
        pytest.skip("the collection of public definitions is not part of the repository")
    return {kind: measure(read_records(COLLECTION / f"{kind}.jsonl.gz")) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_enough_calls_reach_an_operation(found: dict[str, Coverage], kind: str) -> None:
    assert found[kind].share >= GOALS[kind]


def test_half_of_the_flows_have_every_call_resolved(found: dict[str, Coverage]) -> None:
    assert sum(of.whole for of in found.values()) >= sum(of.flows for of in found.values()) / 2


def test_the_page_of_coverage_is_up_to_date(found: dict[str, Coverage]) -> None:
    assert (ROOT / "docs/reference/connector-coverage.md").read_text(encoding="utf-8") == report(found)


def _record(**actions: Any) -> dict[str, Any]:
    return {"definition": {"actions": actions}}


def _call(api: str, operation: str) -> dict[str, Any]:
    host = {"apiId": f"/x/apis/{api}", "connectionName": api, "operationId": operation}
    return {"type": "OpenApiConnection", "inputs": {"host": host, "parameters": {}}}


def test_calls_inside_blocks_count_and_unknown_ones_are_listed() -> None:
    known = _call("shared_sharepointonline", "GetItems")
    strange = _call("shared_nobody", "DoThings")
    block = {"type": "If", "actions": {"A": known}, "else": {"actions": {"B": strange}}}

    of = measure(iter([_record(Block=block), _record(C=known), _record(D={"type": "Compose", "inputs": 1})]))

    assert (of.calls, of.resolved, of.flows, of.whole) == (3, 2, 2, 1)
    assert dict(of.unresolved) == {"nobody DoThings": 1}


def test_a_placeholder_is_no_call() -> None:
    of = measure(iter([_record(A={"type": "OpenApiConnection", "inputs": {"host": {}, "parameters": {}}})]))

    assert (of.calls, of.flows) == (0, 0)
