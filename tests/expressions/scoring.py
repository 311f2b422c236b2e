"""Scores the expression room against measured rows: value and type for value rows, our error for error rows."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from runafter.errors import ExpressionError
from runafter.expressions.evaluate import evaluate

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "conformance"
FLAGS = ("nondeterministic", "runtime_dependent", "culture_data")
NOW = "2026-11-21T02:45:12Z"


def same(found: Any, wished: Any) -> bool:
    """Equal in value and type; a decimal counts as the float that JSON shows, NaN as the string that JSON shows."""
    if isinstance(found, Decimal):
        found = int(found) if isinstance(wished, int) and found == found.to_integral_value() else float(found)
    if isinstance(found, float) and not math.isfinite(found):
        found = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(found)]
    if type(found) is not type(wished):
        return False
    if isinstance(found, list):
        return len(found) == len(wished) and all(map(same, found, wished))
    if isinstance(found, dict):
        return list(found) == list(wished) and all(same(found[key], wished[key]) for key in found)
    return bool(found == wished)


class Score:
    def __init__(self) -> None:
        self.groups: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self.wrong: list[tuple[str, str, Any, Any]] = []

    def row(self, row: dict[str, Any]) -> None:
        kind = "culture" if row.get("culture_data") else "plain"
        if row.get("nondeterministic") or row.get("runtime_dependent"):
            return
        counts = self.groups[f"{kind}:{row['group']}"]
        expression = row["expression"]
        try:
            found: Any = evaluate(expression, now=NOW)
            error = None
        except ExpressionError as fault:
            found, error = None, fault.message
        except Exception as fault:  # noqa: BLE001 - counted as a failure
            counts["escaped"] += 1
            self.wrong.append(("escaped", expression, repr(fault), row.get("expected", row.get("error"))))
            counts["values" if "expected" in row else "errors"] += 1
            return
        if "expected" in row:
            counts["values"] += 1
            if error is None and same(found, row["expected"]):
                counts["values_right"] += 1
            else:
                self.wrong.append(("value", expression, error or found, row["expected"]))
        else:
            counts["errors"] += 1
            if error is None:
                self.wrong.append(("error", expression, found, row["error"]))
            else:
                counts["errors_right"] += 1
                if error == row["error"]:
                    counts["messages_right"] += 1
                else:
                    self.wrong.append(("message", expression, error, row["error"]))

    def total(self, prefix: str, name: str) -> int:
        return sum(counts[name] for group, counts in self.groups.items() if group.startswith(prefix))

    def show(self) -> str:
        lines = []
        for group, counts in sorted(self.groups.items()):
            lines.append(
                f"{group:28} values {counts['values_right']}/{counts['values']}  errors {counts['errors_right']}/"
                f"{counts['errors']}  messages {counts['messages_right']}  escaped {counts['escaped']}"
            )
        return "\n".join(lines)


def score(path: Path = SHARED / "expressions.jsonl") -> Score:
    found = Score()
    for line in path.read_text(encoding="utf-8").splitlines():
        found.row(json.loads(line))
    return found


if __name__ == "__main__":
    import sys

    result = score()
    print(result.show())
    for each in result.wrong:
        if len(sys.argv) > 1:
            print(*each, sep="\n    ")
