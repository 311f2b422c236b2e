"""What a stranger waits for before the first word."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

TITLE = "milliseconds of `import runafter` (above a bare interpreter) and of `runafter --help` (whole)"
BARS = {"import_ms": ("at most", 60), "help_ms": ("at most", 150)}


def measure(quick: bool) -> dict[str, float]:
    rounds = 3 if quick else 15
    bare = _median_ms([sys.executable, "-c", "pass"], rounds)
    imported = _median_ms([sys.executable, "-c", "import runafter"], rounds)
    return {
        "help_ms": _median_ms([sys.executable, "-m", "runafter", "--help"], rounds),
        "import_ms": imported - bare,
        "python_ms": bare,
    }


def _median_ms(command: list[str], rounds: int) -> float:
    spent = []
    for _ in range(rounds):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        spent.append((time.perf_counter() - start) * 1e3)
    return statistics.median(spent)
