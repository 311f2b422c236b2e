"""The page of figures, docs/reference/benchmarks.md, from what bench/results keeps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "reference" / "benchmarks.md"
PEERS = {
    "restate": "Restate",
    "dbos_shipped": "DBOS on SQLite, as shipped",
    "dbos_wal": "DBOS on SQLite, switched to a write-ahead log",
    "temporal_activities": "Temporal dev server, activities",
    "temporal_local": "Temporal dev server, local activities",
}


def is_met(value: float, bar: list[Any]) -> bool:
    """Whether a figure keeps its bar: ("at least", n), ("at most", n) or ("within", low, high)."""
    kind, *limits = bar
    if kind == "at least":
        return bool(value >= limits[0])
    return bool(limits[0] <= value <= limits[1]) if kind == "within" else bool(value <= limits[0])


def text_of(value: Any) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.3f}" if isinstance(value, float) and value < 100 else f"{value:,.0f}"


def bar_text(bar: list[Any]) -> str:
    kind, *limits = bar
    return f"{kind} {' to '.join(f'{limit:,}' for limit in limits)}"


def page(results: list[dict[str, Any]]) -> str:
    """Return the whole page."""
    lines = [(HERE / "page.md").read_text(encoding="utf-8").rstrip(), ""]
    machines = {json.dumps(result["machine"], sort_keys=True): result["machine"] for result in results}
    for machine in machines.values():
        lines += ["Machine: " + ", ".join(f"{name} {value}" for name, value in sorted(machine.items())) + ".", ""]
    for result in results:
        lines += [f"## {result['case']}", "", f"{result['title'][0].upper()}{result['title'][1:]}.", ""]
        figures = result["figures"]
        if "limit_steps_per_s" in figures:
            lines += _side_by_side(figures)
        lines += ["| Figure | Value | Bar |", "|---|---|---|"]
        for name, value in figures.items():
            if isinstance(value, str) or name.startswith(tuple(PEERS)):
                continue
            bar = result["bars"].get(name)
            verdict = "" if bar is None else f"{bar_text(bar)}: {'met' if is_met(value, bar) else '**missed**'}"
            lines.append(f"| {name} | {text_of(value)} | {verdict} |")
        spread = ", ".join(text_of(value) for value in result["all"])
        lines += ["", f"First figure, run by run: {spread}. Commit {result['commit']}, {result['date']}.", ""]
    return "\n".join(lines)


def _side_by_side(figures: dict[str, Any]) -> list[str]:
    rows = [
        "| Variant | Steps a second | Steps done | Version | In process, and what crosses HTTP |",
        "|---|---|---|---|---|",
    ]
    rows.append(f"| Runafter | {text_of(figures['steps_per_s'])} | all | this one | {figures.get('runafter_is', '')} |")
    rows.append(
        f"| the limit (`bench/limit.py`) | {text_of(figures['limit_steps_per_s'])} | all | | one Python process, one row per step, "
        "no flow, no history; SQLite WAL, synchronous FULL |"
    )
    for key, name in PEERS.items():
        if f"{key}_steps_per_s" in figures:
            speed, done = text_of(figures[f"{key}_steps_per_s"]), f"{figures[f'{key}_steps']:,.0f}"
            rows.append(f"| {name} | {speed} | {done} | {figures[f'{key}_version']} | {figures[f'{key}_is']} |")
    return [*rows, ""]


def write_page() -> None:
    """Write the page from the kept results."""
    kept = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((HERE / "results").glob("*.json"))]
    PAGE.write_text(page(kept), encoding="utf-8")


if __name__ == "__main__":
    write_page()
