"""Parsing and compiling expressions that were not seen before."""

from __future__ import annotations

import statistics
import time

TITLE = "microseconds to parse and compile one new expression of four calls"


def measure(quick: bool) -> dict[str, float]:
    from runafter.expressions.template import compile_template

    size = 200 if quick else 2_000
    rounds = []
    for part in range(5):
        texts = [
            f"@concat(toUpper(triggerBody()?['n{part}x{index}']), '-', string(add(1, {index})))"
            for index in range(size)
        ]
        start = time.perf_counter()
        for text in texts:
            compile_template(text)
        rounds.append((time.perf_counter() - start) / size * 1e6)
    return {"us_per_expression": statistics.median(rounds)}
