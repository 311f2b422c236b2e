"""A thousand virtual runs of each fragile twin and of what `harden` makes of it, while 5% of all calls fail in passing.

A run needs no manual work when it succeeded and left what a run without faults
leaves: no row missing, none twice, no id of another item.
"""

from __future__ import annotations

TITLE = "virtual runs without manual work under 5% transient faults, hardened and fragile samples: shares"
BARS = {"hardened": ("at least", 0.999)}


def measure(quick: bool) -> dict[str, float]:
    from bench.twins import SAMPLES, TRANSIENT, play

    runs = 20 if quick else 1_000
    figures: dict[str, float] = {}
    for sample in SAMPLES:
        good = play(sample, is_hardened=True).content()
        for name, is_hardened in (("hardened", True), ("fragile", False)):
            played = (play(sample, is_hardened=is_hardened, seed=seed, faults=TRANSIENT) for seed in range(runs))
            whole = sum(each.succeeded and each.content() == good for each in played)
            figures[f"{name}_{sample}"] = whole / runs
    shares = {name: [figures[f"{name}_{sample}"] for sample in SAMPLES] for name in ("hardened", "fragile")}
    return {
        "hardened": min(shares["hardened"]),
        "fragile": sum(shares["fragile"]) / len(SAMPLES),
        **figures,
        "runs_each": runs,
    }
