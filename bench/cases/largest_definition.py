"""Reading, checking and building the definition with the most text among the flows at hand."""

from __future__ import annotations

import gzip
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

TITLE = "milliseconds to read, check and build the largest definition at hand"
BARS = {"first_read_and_problems_ms": ("at most", 1000)}
ROOT = Path(__file__).resolve().parents[2]


def measure(quick: bool) -> dict[str, float]:
    from runafter import build, problems, read

    source = _largest()
    start = time.perf_counter()
    (definition,) = read(source)
    problems(definition)
    cold = (time.perf_counter() - start) * 1e3
    return {
        "first_read_and_problems_ms": cold,
        "problems_ms": _median_ms(lambda: problems(definition), quick),
        "read_ms": _median_ms(lambda: read(source), quick),
        "build_ms": _median_ms(lambda: build(definition), quick),
        "bytes": len(source),
    }


def _median_ms(call: Callable[[], Any], quick: bool) -> float:
    spent = []
    for _ in range(1 if quick else 5):
        start = time.perf_counter()
        call()
        spent.append((time.perf_counter() - start) * 1e3)
    return statistics.median(spent)


def _largest() -> bytes:
    best = max((path.read_bytes() for path in (ROOT / "examples").glob("*/flow.json")), key=len, default=b"")
    for archive in sorted((ROOT.parent / "shared" / "corpus").glob("*.jsonl.gz")):
        with gzip.open(archive, "rt", encoding="utf-8") as lines:
            for line in lines:
                data = json.dumps({"definition": json.loads(line)["definition"]}, indent=2).encode()
                best = max(best, data, key=len)
    return best
