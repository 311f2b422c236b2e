"""Real definitions: nearly all build, quickly."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tools.corpus_findings import definition_of, records

from runafter.errors import InvalidDefinition
from runafter.program.build import build

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"


@pytest.mark.slow
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real definitions is not beside the repository")
def test_nearly_all_real_definitions_build(record_property: Callable[[str, object], None]) -> None:
    flows = built = 0
    refused: list[InvalidDefinition] = []
    slowest = total = 0.0
    for record in records(CORPUS):
        began = time.perf_counter()
        try:
            build(definition_of(record))
            built += 1
        except InvalidDefinition as fault:
            refused.append(fault)
        took = time.perf_counter() - began
        flows, slowest, total = flows + 1, max(slowest, took), total + took

    record_property("built", built)
    record_property("slowest_s", round(slowest, 3))
    record_property("total_s", round(total, 1))
    assert flows == 746
    assert all(each.pointer for fault in refused for each in fault.findings if each.severity == "error")
    assert built / flows >= 0.985
