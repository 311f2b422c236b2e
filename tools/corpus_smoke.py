"""Run every public flow beside the repository with inferred mocks on the virtual clock, and say what came of it.

`python -m tools.corpus_smoke` prints the figures and writes docs/reference/corpus-runs.md.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import runafter
from runafter.definition.read import read_bytes
from runafter.program.steps import Program

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT.parent / "shared" / "corpus"
PAGE = ROOT / "docs" / "reference" / "corpus-runs.md"
_CONTAINERS = {"Scope", "If", "Switch", "Foreach", "Until"}


@dataclass(slots=True)
class Figures:
    """What came of the flows. `eligible` counts actions outside untaken branches and error handlers."""

    definitions: int = 0
    built: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    eligible: int = 0
    ran: int = 0
    loops: int = 0
    iterated: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    crashes: list[str] = field(default_factory=list)

    @property
    def ended(self) -> int:
        return sum(
            count
            for status, count in self.statuses.items()
            if status in {"Succeeded", "Failed", "Cancelled", "TimedOut"}
        )


def records() -> Iterator[dict[str, Any]]:
    """Yield the records of the public flows."""
    for archive in sorted(CORPUS.glob("*.jsonl.gz")):
        with gzip.open(archive, "rt", encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)


def contained(record: dict[str, Any]) -> runafter.Definition:
    """Return the definition of a record, read from a container of the kind it came in."""
    value = record["definition"]
    if record["kind"] == "power-automate":
        properties = {"connectionReferences": record.get("connectionReferences") or {}, "definition": value}
        document: dict[str, Any] = {"properties": properties, "schemaVersion": "1.0.0.0"}
    elif record.get("arm"):
        template = record.get("template") or {}
        workflow = {"definition": value, "parameters": record.get("parameters") or {}}
        document = {
            "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
            "parameters": template.get("parameters") or {},
            "variables": template.get("variables") or {},
            "resources": [{"type": "Microsoft.Logic/workflows", "name": "flow", "properties": workflow}],
        }
    elif record["kind"] == "logic-apps-standard":
        document = {"definition": value, "kind": record.get("workflowKind") or "Stateful"}
    else:
        document = {"properties": {"definition": value, "parameters": record.get("parameters") or {}}}
    return read_bytes(json.dumps(document).encode("utf-8", "surrogatepass"), str(record["path"]))[0]


def measure() -> Figures:
    """Run them all."""
    figures = Figures()
    for record in records():
        figures.definitions += 1
        try:
            definition = contained(record)
            runafter.build(definition)
        except runafter.InvalidDefinition:
            continue
        except Exception as fault:  # noqa: BLE001 - counted as our own
            figures.crashes.append(f"{record['path']}: {fault!r}")
            continue
        figures.built += 1
        try:
            result = runafter.run(definition, mocks="auto")
        except Exception as fault:  # noqa: BLE001 - counted as our own
            figures.crashes.append(f"{record['path']}: {fault!r}")
            continue
        _count(figures, result)
    return figures


def _count(figures: Figures, result: runafter.RunResult) -> None:
    figures.statuses[result.status] += 1
    tally = _Tally(result)
    for name, step in result.program.steps.items():
        records_ = result.actions.get(name) or ()
        has_run = any(record.status != "Skipped" for record in records_)
        if not tally.is_handler(name) and not tally.is_untaken(name):
            figures.eligible += 1
            figures.ran += has_run
        if step.type == "Foreach" and has_run:
            figures.loops += 1
            figures.iterated += any(record.iterations for record in records_)
    if result.status != "Succeeded":
        figures.reasons[_reason(result)] += 1


def _reason(result: runafter.RunResult) -> str:
    for found in result.actions.values():
        for record in found:
            if record.status not in {"Failed", "TimedOut"} or record.type in _CONTAINERS:
                continue
            message = record.error.get("message", "") if isinstance(record.error, dict) else ""
            for words, reason in _REASONS:
                if words in message:
                    return reason
            return f"{record.type} ended {record.code}"
    return "the flow ended itself (Terminate), or its condition or loop could not be read"


_REASONS = (
    ("schema validation failed", "a made-up value does not meet a ParseJson schema"),
    ("expects a value but got null", "a made-up value does not meet a ParseJson schema"),
    ("outside bounds", "a list or split text is shorter than a later index"),
    ("start index", "a made-up text is too short for substring"),
    ("date time string", "a made-up text stands where a time is read"),
    ("matching types", "two made-up values of different types are compared"),
    ("expects its", "a made-up value has another type than a function takes"),
    ("expects either", "a made-up value has another type than a function takes"),
    ("cannot be selected", "a made-up value lacks a property that is read by a computed name"),
    ("doesn't exist", "a made-up value lacks a property that is read by a computed name"),
    ("cannot be initialized", "a variable is set to a made-up value of another type"),
    ("cannot be converted", "a made-up text is no number"),
    ("cannot be parsed", "a made-up text is no JSON"),
    ("property value in the", "a made-up value is no list"),
)


class _Tally:
    """Tells error handlers and untaken branches of one run."""

    def __init__(self, result: runafter.RunResult) -> None:
        self.result = result
        self.program: Program = result.program
        self._handlers: dict[str, bool] = {}

    def is_handler(self, name: str) -> bool:
        """Tell whether an action runs only after something that did not succeed, or follows such an action."""
        if name in self._handlers:
            return self._handlers[name]
        self._handlers[name] = False
        step = self.program.steps[name]
        found = any("Succeeded" not in wished for _, wished in step.run_after)
        found = found or any(
            "Skipped" not in wished and other in self.program.steps and self.is_handler(other)
            for other, wished in step.run_after
        )
        found = found or (step.container is not None and self.is_handler(step.container))
        self._handlers[name] = found
        return found

    def is_untaken(self, name: str) -> bool:
        """Tell whether an action stands in a branch that was not taken, or is skipped because of one."""
        seen: set[str] = set()
        while name not in seen:
            seen.add(name)
            found = self.result.actions.get(name) or ()
            step = self.program.steps[name]
            if not found:
                if step.container is None:
                    return False
                name = step.container
                continue
            if any(record.status != "Skipped" for record in found):
                return False
            codes = {record.error.get("code") for record in found if isinstance(record.error, dict)}
            if codes == {"ActionBranchingConditionNotSatisfied"}:
                return True
            because = found[0].because
            if because is None or because[0] not in self.program.steps or because[1] != "Skipped":
                return False
            name = because[0]
        return False


def page(figures: Figures) -> str:
    """Return the page of figures."""
    share = 100 * figures.ran / max(figures.eligible, 1)
    lines = [
        "# Public flows run with inferred mocks",
        "",
        "Every public definition at hand, run as `runafter run FLOW --mock auto --virtual` does: trigger, parameters and answers are made up from how",
        "the flow uses them. Written by `python -m tools.corpus_smoke`.",
        "",
        "| Figure | |",
        "|---|---|",
        f"| definitions | {figures.definitions} |",
        f"| that build | {figures.built} ({100 * figures.built / max(figures.definitions, 1):.1f}%) |",
        f"| that reached a terminal status | {figures.ended} ({100 * figures.ended / max(figures.built, 1):.1f}% of those that build) |",
        *(f"| {status} | {count} |" for status, count in figures.statuses.most_common()),
        f"| actions outside untaken branches and error handlers | {figures.eligible} |",
        f"| of these, run | {figures.ran} ({share:.1f}%) |",
        f"| loops that were reached, and iterated | {figures.loops}, {figures.iterated} |",
        f"| internal errors | {len(figures.crashes)} |",
        "",
        "## Why the others did not succeed",
        "",
        "| Reason, at the first action that failed | Flows |",
        "|---|---|",
        *(f"| {reason} | {count} |" for reason, count in figures.reasons.most_common()),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    found = measure()
    PAGE.write_text(page(found), encoding="utf-8")
    print(page(found))
    for crash in found.crashes:
        print(crash)
