"""Anyone can watch their own export run: every public flow at hand runs with inferred mocks."""

from __future__ import annotations

import pytest
from tools import corpus_smoke

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not corpus_smoke.CORPUS.exists(), reason="the public flows lie beside the repository, and are not there"
    ),
]


def test_public_flows_run_to_an_end_with_inferred_mocks() -> None:
    figures = corpus_smoke.measure()

    assert figures.crashes == []
    assert figures.definitions == 746
    assert figures.built >= 0.985 * figures.definitions
    assert figures.ended >= 0.95 * figures.built
    assert figures.statuses["Succeeded"] >= 0.70 * figures.built
    assert figures.ran >= 0.80 * figures.eligible
    assert figures.iterated >= 0.90 * figures.loops
