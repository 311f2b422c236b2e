"""Run the benchmark cases: `python -m bench [case ...] [--runs 5] [--quick]`.

A case is a module in `bench/cases` with `TITLE` and `measure(quick) -> dict` of
figures (numbers); `BARS` may hold ("at least", n), ("at most", n) or ("within", low, high) by figure. The median run by the first
figure is kept as `bench/results/<case>.json` with machine and commit.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
import platform
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.page import bar_text, is_met, text_of, write_page

HERE = Path(__file__).resolve().parent


def machine() -> dict[str, Any]:
    """Return what a reader must know about the machine."""
    facts = {
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        facts["processor"] = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
        memory = Path("/proc/meminfo").read_text(encoding="utf-8").split()[1]
        facts["memory_gb"] = round(int(memory) / 1024**2, 1)
    except (OSError, StopIteration):
        pass
    return facts


def commit() -> str:
    """Return the commit, with a mark where what is measured differs from it; kept results do not count."""
    root = HERE.parent

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False).stdout.strip()

    changed = git("status", "--porcelain", "--", "src", "bench", "pyproject.toml", ":!bench/results")
    return git("describe", "--always") + ("-dirty" if changed else "")


def run_case(name: str, runs: int, quick: bool) -> dict[str, Any]:
    """Measure one case `runs` times in processes of their own and keep the median."""
    case = importlib.import_module(f"bench.cases.{name}")
    found: list[dict[str, Any]] = []
    for _ in range(1 if quick else runs):
        done = subprocess.run(
            [sys.executable, "-m", "bench", name, "--once", *(["--quick"] if quick else [])],
            cwd=HERE.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise SystemExit(f"{name} failed:\n{done.stderr}")
        found.append(json.loads(done.stdout.splitlines()[-1]))
    key = next(iter(found[0]))
    ordered = sorted(found, key=lambda figures: figures[key])
    median = ordered[len(ordered) // 2]
    return {
        "case": name,
        "title": case.TITLE,
        "figures": median,
        "all": [figures[key] for figures in found],
        "bars": getattr(case, "BARS", {}),
        "commit": commit(),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": machine(),
    }


def show(result: dict[str, Any]) -> None:
    print(f"\n{result['case']}: {result['title']}")
    for name, value in result["figures"].items():
        bar = result["bars"].get(name)
        verdict = "" if bar is None else f"   bar: {bar_text(bar)}  {'met' if is_met(value, bar) else 'MISSED'}"
        print(f"  {name:<42} {text_of(value):>14}{verdict}")


def main() -> None:
    known = sorted(path.stem for path in (HERE / "cases").glob("*.py") if not path.stem.startswith("_"))
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("cases", nargs="*", metavar="case", help=f"of: {', '.join(known)}; all when none is named")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="small and once; nothing is kept")
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    unknown = sorted(set(given.cases) - set(known))
    if unknown:
        parser.error(f"no case named {', '.join(unknown)}; there are: {', '.join(known)}")
    if given.once:
        gc.collect()
        print(json.dumps(importlib.import_module(f"bench.cases.{given.cases[0]}").measure(given.quick)))
        return
    for name in given.cases or known:
        result = run_case(name, given.runs, given.quick)
        show(result)
        if not given.quick:
            (HERE / "results").mkdir(exist_ok=True)
            (HERE / "results" / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
            write_page()


if __name__ == "__main__":
    main()
