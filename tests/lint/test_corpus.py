"""Real definitions: all are checked, quickly, and what was judged by eye is still so."""

from __future__ import annotations

from collections import Counter
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
def test_what_is_found_in_real_definitions_is_what_was_judged_right() -> None:
    known = catalogue()
    rules = all_rules()
    found: set[tuple[str, str, str]] = set()
    flows = 0
    for record in records(CORPUS):
        definition = definition_of(record)
        flow = Flow(definition, catalogue=known)
        issues = [issue for rule in rules for issue in rule.check(flow)]
        flows += 1
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
    assert sorted(right - found) == []
    assert {code: count for code, count in counts.items() if judged.get(code, 0) < min(count, 10)} == {}
    assert flows == 746


def test_no_rule_is_right_in_less_than_four_of_five_places() -> None:
    for code, rows in VERDICTS.items():
        verdicts = [row["verdict"] for row in rows["judged"]]
        assert set(verdicts) <= {"right", "wrong"}
        assert verdicts.count("right") / len(verdicts) >= 0.8, code
        assert rows["reason"]


def test_verdicts_are_about_rules_that_exist() -> None:
    assert set(VERDICTS) <= {rule.code for rule in all_rules()}
