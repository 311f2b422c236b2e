"""Table 1 of the articles: four actions in 1, 3 and 4 branches; seconds of virtual time, mean over seeds."""

from __future__ import annotations

from bench.article_tables import branches, figures

TITLE = "four connector actions in 1, 3 and 4 branches, profile calibrated-branches: mean virtual seconds"
BARS = {
    "serial_seconds": ("within", 12, 15),
    "three_branches_seconds": ("within", 4, 6),
    "four_branches_seconds": ("within", 3, 5),
    "gain_of_the_fourth": ("at most", 0.25),
}


def measure(quick: bool) -> dict[str, float]:
    seeds = 8 if quick else 40
    rows = {
        name: branches(count, seeds) for name, count in (("serial", 1), ("three_branches", 3), ("four_branches", 4))
    }
    found = figures(rows, counts=False)
    gain = 1 - rows["four_branches"].mean_s / rows["three_branches"].mean_s
    return found | {"gain_of_the_fourth": round(gain, 3), "seeds": seeds}
