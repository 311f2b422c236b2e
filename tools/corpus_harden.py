"""Harden every flow of a corpus and say what became of its findings, its build and its runs.

    python -m tools.corpus_harden FOLDER [--every N]     # writes docs/reference/corpus-harden.md when N is 1

Each flow is repaired, read again from its bytes, built, repaired once more
(nothing may change), and run with inferred answers before and after.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import runafter
from runafter.connectors.registry import catalogue
from runafter.definition.nodes import Definition
from runafter.definition.source import parse_bytes
from runafter.errors import RunafterError
from runafter.lint.finding import Issue
from runafter.lint.harden import harden
from runafter.lint.readiness import readiness
from runafter.lint.repairs.applying import applied
from runafter.lint.run import check
from runafter.program.build import problems
from tools.corpus_findings import definition_of, records

TARGET = Path(__file__).resolve().parents[1] / "docs" / "reference" / "corpus-harden.md"


@dataclass(kw_only=True)
class Tally:
    """What happened to the flows of a corpus."""

    flows: int = 0
    fixable: int = 0
    changed: int = 0
    halved: int = 0
    stable: int = 0
    builds: int = 0
    same_end: int = 0
    no_new: int = 0
    slowest_s: float = 0.0
    before: Counter[str] = field(default_factory=Counter)
    after: Counter[str] = field(default_factory=Counter)
    grades: Counter[str] = field(default_factory=Counter)
    titles: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    exceptions: list[tuple[str, str]] = field(default_factory=list)

    def add(self, record: dict[str, Any]) -> None:
        known = catalogue()
        definition = definition_of(record)
        self.flows += 1
        found = check([definition], catalogue=known).issues
        open_ = _fixable(found)
        if not open_:
            return
        self.fixable += 1
        began = time.process_time()
        done = harden([definition], catalogue=known)
        self.slowest_s = max(self.slowest_s, time.process_time() - began)
        (hardened,) = done.definitions
        left = check([hardened], catalogue=known).issues
        still = _fixable(left)
        self.before.update(issue.code for issue in open_)
        self.after.update(issue.code for issue in still)
        self.titles.update(issue.fix.title for issue in done.repaired if issue.fix is not None)
        for name, each in (("before", definition), ("after", hardened)):
            self.grades[f"{name} {readiness(each, catalogue=known).grade}"] += 1
        for issue in still:
            self.reasons[issue.code, _reason(hardened, issue, _codes(left))] += 1
        names = ", ".join(sorted({issue.code for issue in still}))
        place = f"{record['source']} {record['path']}"
        checks = {
            "changed": done.is_changed,
            "halved": 2 * len(still) <= len(open_),
            "stable": not harden([hardened], catalogue=known).is_changed,
            "builds": _reads_again(done.after.source.data()) and not _worse(definition, hardened),
            "no_new": not _codes(left) - _codes(found),
            "same_end": (ends := (_end(definition), _end(hardened)))[0] == ends[1],
        }
        for name, is_so in checks.items():
            setattr(self, name, getattr(self, name) + is_so)
            if not is_so:
                said = f"{ends[0]}, then {ends[1]}" if name == "same_end" else names if name == "halved" else ""
                self.exceptions.append((place, f"not {name.replace('_', ' ')} {said}".strip()))


def _fixable(issues: tuple[Issue, ...]) -> list[Issue]:
    return [issue for issue in issues if issue.fix is not None and issue.waived is None]


def _codes(issues: tuple[Issue, ...]) -> Counter[str]:
    return Counter(issue.code for issue in issues if issue.waived is None)


def _reason(definition: Definition, issue: Issue, before: Counter[str]) -> str:
    """Return the codes of the findings that a repair would have brought."""
    assert issue.fix is not None
    document = applied(definition.document, [issue.fix])
    node = document.find(definition.node.pointer) if document is not None else None
    if document is None or node is None or definition.resolved is not None:
        return ""
    found = check([replace(definition, node=node, document=document)], catalogue=catalogue()).issues
    return ", ".join(f"`{code}`" for code in sorted(_codes(found) - before))


def _reads_again(data: bytes) -> bool:
    return parse_bytes(data).kind == "object"


def _worse(before: Definition, after: Definition) -> Counter[str]:
    """Return what is wrong with the build after, and was not before."""
    known = catalogue()
    return Counter(each.code for each in problems(after, catalogue=known)) - Counter(
        each.code for each in problems(before, catalogue=known)
    )


def _end(definition: Definition) -> str:
    """Return how a run with inferred answers ends; a flow that cannot run at all gives its error's code."""
    try:
        return str(runafter.run(definition, mocks="auto").status)
    except RunafterError as error:
        return error.code


def tally(folder: Path, every: int = 1, offset: int = 0) -> Tally:
    """Harden every n-th flow of a corpus."""
    result = Tally()
    for number, record in enumerate(records(folder)):
        if number % every == offset:
            result.add(record)
    return result


def _page(result: Tally) -> Iterator[str]:
    yield "# What harden makes of real flows"
    yield ""
    yield f"{result.flows} definitions from public repositories; {result.fixable} have a finding that can be repaired."
    yield "Each was repaired, read again, built, repaired a second time, and run before and after on the virtual clock with"
    yield f"answers inferred from the flow. The slowest took {result.slowest_s:.1f} s of processor time."
    yield ""
    yield "| Of the flows with a repairable finding | Flows | Share |"
    yield "|---|---|---|"
    for name, text in (
        ("changed", "changed"),
        ("halved", "have at most half of those findings left"),
        ("no_new", "have no finding more of any kind"),
        ("builds", "read and build as before"),
        ("stable", "do not change a second time"),
        ("same_end", "end a run with the same status"),
    ):
        count = getattr(result, name)
        yield f"| {text} | {count} | {100 * count / max(1, result.fixable):.1f}% |"
    yield ""
    yield "| Finding | Repairable before | Left |"
    yield "|---|---|---|"
    for code, count in result.before.most_common():
        yield f"| [`{code}`](rules/{code}.md) | {count} | {result.after[code]} |"
    yield f"| all | {result.before.total()} | {result.after.total()} |"
    yield ""
    yield "| Readiness | Before | After |"
    yield "|---|---|---|"
    for grade in range(6):
        yield f"| {grade} of 5 | {result.grades[f'before {grade}']} | {result.grades[f'after {grade}']} |"
    yield ""
    if result.reasons:
        yield "What is left was not taken, because the result would have had more findings of another kind:"
        yield ""
        yield "| Left | Findings | Would have brought |"
        yield "|---|---|---|"
        for (code, reason), count in sorted(result.reasons.items()):
            yield f"| `{code}` | {count} | {reason or 'not told: a template that is resolved'} |"
        yield ""
    if result.exceptions:
        yield "| Flow | What is not so |"
        yield "|---|---|"
        for place, what in result.exceptions:
            yield f"| `{place}` | {what} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=1, help="take every n-th flow and print, do not write")
    options = parser.parse_args()
    text = "\n".join(_page(tally(options.folder, options.every))) + "\n"
    if options.every == 1:
        TARGET.write_text(text, encoding="utf-8")
        print(f"wrote {TARGET.name}")
    else:
        print(text)


if __name__ == "__main__":
    main()
