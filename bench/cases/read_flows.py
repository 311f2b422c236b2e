"""Reading every flow at hand from its text and writing it back, byte for byte.

Processor time: one thread computes and nothing is waited for.
"""

from __future__ import annotations

import gc
import json
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

TITLE = "milliseconds of processor time to read one flow: the median, the slowest; seconds to read all and to write all"
BARS = {"median_ms": ("at most", 10), "slowest_ms": ("at most", 300), "read_all_s": ("at most", 20)}
ROOT = Path(__file__).resolve().parents[2]


def measure(quick: bool) -> dict[str, float]:
    from runafter import read
    from runafter.definition.write import write

    texts = list(_texts(40 if quick else None))
    read(texts[0])
    gc.collect()
    gc.freeze()  # the texts in memory are none of the reader's work
    spent: list[float] = []
    written_s = 0.0
    for text in texts:
        start = time.process_time()
        (definition,) = read(text)
        middle = time.process_time()
        same = write(definition.document) == text
        written_s += time.process_time() - middle
        spent.append((middle - start) * 1e3)
        if not same:
            raise RuntimeError("a flow was not written back byte for byte")
    return {
        "median_ms": statistics.median(spent),
        "slowest_ms": max(spent),
        "read_all_s": sum(spent) / 1e3,
        "write_all_s": written_s,
        "flows": len(spent),
    }


def _texts(most: int | None) -> Iterator[bytes]:
    """Yield the definitions of the corpus beside the repository; without one, those of the examples."""
    from tools.corpus_findings import records

    folder = ROOT.parent / "shared" / "corpus"
    if not folder.is_dir():
        for path in sorted((ROOT / "examples").glob("*/flow.json")):
            yield path.read_bytes()
        return
    for count, record in enumerate(records(folder)):
        if most is not None and count >= most:
            return
        yield json.dumps(record["definition"]).encode()
