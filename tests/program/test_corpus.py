"""Real definitions: nearly all build."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools.corpus_findings import definition_of, records

from runafter.errors import InvalidDefinition
from runafter.program.build import build

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"


@pytest.mark.slow
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real definitions is not beside the repository")
def test_nearly_all_real_definitions_build() -> None:
    flows = built = 0
    refused: list[InvalidDefinition] = []
    for record in records(CORPUS):
        flows += 1
        try:
            build(definition_of(record))
            built += 1
        except InvalidDefinition as fault:
            refused.append(fault)

    assert flows == 746
    assert all(each.pointer for fault in refused for each in fault.findings if each.severity == "error")
    assert built / flows >= 0.985
