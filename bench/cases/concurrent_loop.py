"""Table 2 of the articles: 100 items of Get item and Update item at six degrees of concurrency; lost items beside."""

from __future__ import annotations

from bench.article_tables import figures, loops

TITLE = "100 items x Get item + Update item, profile calibrated-sharepoint, four retries: mean virtual seconds"
BARS = {
    "at_1_seconds": ("within", 480, 600),
    "at_5_seconds": ("within", 120, 180),
    "at_10_seconds": ("within", 90, 120),
    "at_20_seconds": ("within", 75, 120),
    "at_50_seconds": ("within", 90, 150),
}


def measure(quick: bool) -> dict[str, float]:
    seeds = 4 if quick else 40
    rows = {f"at_{degree}": loops(degree, seeds) for degree in (1, 5, 7, 10, 20, 50)}
    return figures(rows, counts=True) | {"seeds": seeds}
