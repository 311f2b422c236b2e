"""Real definitions: all are checked, quickly, and what was judged by eye is still so."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.lint.cases import load
from tools.corpus_findings import definition_of, records

from runafter.connectors.registry import catalogue
from runafter.lint.flow import Flow
from runafter.lint.readiness import readiness
from runafter.lint.run import all_rules

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
VERDICTS: dict[str, Any] = load("verdicts.yaml")

needs_corpus = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="the corpus of real definitions is not beside the repository"
)


@pytest.mark.slow
@needs_corpus
def test_all_real_definitions_are_checked_in_no_time(record_property: Callable[[str, object], None]) -> None:
    known = catalogue()
    rules = all_rules()
    found: set[tuple[str, str, str]] = set()
    times: list[float] = []
    for record in records(CORPUS):
        definition = definition_of(record)
        began = time.process_time()
        flow = Flow(definition, catalogue=known)
        issues = [issue for rule in rules for issue in rule.check(flow)]
        times.append(time.process_time() - began)
        found.update((issue.code, record["hash"][:10], issue.finding.pointer) for issue in issues)
        assert 0 <= readiness(definition, catalogue=known).grade <= 5
        assert all(issue.finding.message and issue.finding.severity for issue in issues)

    right = {
        (code, row["flow"], row["pointer"])
        for code, rows in VERDICTS.items()
        for row in rows["judged"]
        if row["verdict"] == "right"
    }
    counts = Counter(code for code, _, _ in found)
    judged = {code: len(rows["judged"]) for code, rows in VERDICTS.items()}
    times.sort()
    record_property("median_ms", round(times[len(times) // 2] * 1000, 1))
    record_property("slowest_s", round(times[-1], 2))
    assert sorted(right - found) == []
    assert {code: count for code, count in counts.items() if judged.get(code, 0) < min(count, 10)} == {}
    assert len(times) == 746
    assert sum(times) < 60
    assert times[-1] < 1
    assert times[len(times) // 2] < 0.02


def test_no_rule_is_right_in_less_than_four_of_five_places() -> None:
    for code, rows in VERDICTS.items():
        verdicts = [row["verdict"] for row in rows["judged"]]
        assert set(verdicts) <= {"right", "wrong"}
        assert verdicts.count("right") / len(verdicts) >= 0.8, code
        assert rows["reason"]


def test_verdicts_are_about_rules_that_exist() -> None:
    assert set(VERDICTS) <= {rule.code for rule in all_rules()}
