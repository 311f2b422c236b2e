"""Count what the rules find on a corpus of real definitions, beside the precision of what was judged by eye.

    python -m tools.corpus_checks FOLDER     # writes docs/reference/corpus-checks.md

The verdicts stand in tests/cases/verdicts.yaml: by code, then by flow (the first ten digits of its record's hash) and
JSON pointer, right or wrong.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

import yaml

from runafter.connectors.registry import catalogue
from runafter.lint.flow import Flow
from runafter.lint.run import all_rules
from tools.corpus_findings import definition_of, records

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "reference" / "corpus-checks.md"
VERDICTS = ROOT / "tests" / "cases" / "verdicts.yaml"


def main(folder: Path) -> None:
    known = catalogue()
    findings: Counter[str] = Counter()
    flows: Counter[str] = Counter()
    total, began, slowest = 0, time.process_time(), 0.0
    for record in records(folder):
        definition = definition_of(record)
        start = time.process_time()
        flow = Flow(definition, catalogue=known)
        codes = [issue.code for rule in all_rules() for issue in rule.check(flow)]
        slowest = max(slowest, time.process_time() - start)
        findings.update(codes)
        flows.update(set(codes))
        total += 1
    took = time.process_time() - began
    verdicts = yaml.safe_load(VERDICTS.read_text(encoding="utf-8"))
    lines = [
        "# What the rules find in real flows",
        "",
        f"{total} definitions from public repositories: {took:.0f} s of processor time for all of them, {slowest:.2f} s for",
        "the slowest.",
        "*Judged* is how many findings, drawn at random, were compared with the flow's source; *right* how many of them are",
        "what the rule says. Rules without findings there are proved by their own cases alone.",
        "",
        "| Code | Severity | Findings | Flows | Judged | Right |",
        "|---|---|---|---|---|---|",
    ]
    for rule in all_rules():
        rows = verdicts.get(rule.code, {}).get("judged", [])
        right = sum(row["verdict"] == "right" for row in rows)
        share = f"{100 * right // len(rows)}%" if rows else ""
        link = f"[`{rule.code}`](rules/{rule.code}.md)"
        judged = str(len(rows)) if rows else ""
        lines.append(f"| {link} | {rule.severity} | {findings[rule.code]} | {flows[rule.code]} | {judged} | {share} |")
    TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
