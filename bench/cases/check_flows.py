"""`check` over every flow at hand: building, all rules, evidence and fixes; `all_s` counts the reading too.

Processor time: one thread computes and nothing is waited for.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from runafter.definition.nodes import Definition

TITLE = "milliseconds of processor time to check one flow that was read: the median, the slowest, the largest; seconds for all with reading"
BARS = {
    "median_ms": ("at most", 20),
    "slowest_ms": ("at most", 1000),
    "largest_ms": ("at most", 1000),
    "all_s": ("at most", 60),
}
ROOT = Path(__file__).resolve().parents[2]


def measure(quick: bool) -> dict[str, float]:
    from runafter import read
    from runafter.connectors.registry import catalogue
    from runafter.lint.run import check

    known = catalogue()
    check(read((ROOT / "examples" / "order_fan_out" / "flow.json").read_bytes()), catalogue=known)
    spent: list[float] = []
    sizes: list[int] = []
    findings = 0
    began = time.process_time()
    for flow in _flows(40 if quick else None):
        start = time.process_time()
        report = check([flow], catalogue=known)
        spent.append((time.process_time() - start) * 1e3)
        findings += len(report.issues)
        sizes.append(len(repr(flow.value)))
    largest = max(range(len(sizes)), key=sizes.__getitem__)
    return {
        "median_ms": statistics.median(spent),
        "slowest_ms": max(spent),
        "largest_ms": spent[largest],
        "all_s": time.process_time() - began,
        "flows": len(spent),
        "findings": findings,
    }


def _flows(most: int | None) -> Iterator[Definition]:
    """Yield the definitions of the corpus beside the repository; without one, those of the examples."""
    from tools.corpus_findings import definition_of, records

    from runafter import read

    folder = ROOT.parent / "shared" / "corpus"
    if not folder.is_dir():
        yield from read(ROOT / "examples")
        return
    for count, record in enumerate(records(folder)):
        if most is not None and count >= most:
            return
        yield definition_of(record)
