"""Findings that somebody has accepted: in the flow's own metadata, or in a baseline file.

In an action, a trigger or the definition itself:

    "metadata": {"runafter": {"waive": [{"code": "RTY003", "reason": "...", "expires": "2027-06-30"}]}}

A waiver covers the action it stands in and everything inside it. Without a
reason it counts for nothing, and after `expires` it counts no more.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from runafter.errors import UnreadableSource
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.program.part import Part


@dataclass(frozen=True, slots=True)
class Waiver:
    """One acceptance: of a code (or its beginning) at a place and below it."""

    code: str
    reason: str
    expires: str
    pointer: str

    def covers(self, issue: Issue, today: str) -> bool:
        if self.expires and today and self.expires < today:
            return False
        place = issue.finding.pointer
        inside = place == self.pointer or place.startswith(f"{self.pointer}/") or not self.pointer
        return inside and issue.code.startswith(self.code)


@dataclass(frozen=True, slots=True)
class Baseline:
    """Fingerprints of findings that were there before; each covers as many equal findings as it counted."""

    counts: dict[str, int]

    @staticmethod
    def of(issues: Iterable[Issue]) -> Baseline:
        counts: dict[str, int] = {}
        for issue in issues:
            if issue.waived is None:
                mark = issue.fingerprint()
                counts[mark] = counts.get(mark, 0) + 1
        return Baseline(counts)

    def text(self) -> str:
        return json.dumps({"version": 1, "findings": dict(sorted(self.counts.items()))}, indent=2) + "\n"

    @staticmethod
    def read(text: str, name: str = "") -> Baseline:
        """Read a baseline file.

        Raises:
            UnreadableSource: DEF003, the text is no baseline.
        """
        try:
            value = json.loads(text)
            counts = {str(mark): int(count) for mark, count in value["findings"].items()}
        except (ValueError, KeyError, TypeError, AttributeError) as fault:
            raise UnreadableSource(
                "the file is no baseline", file=name or None, code="DEF003", hint="Write one with --write-baseline."
            ) from fault
        return Baseline(counts)


def waivers_of(flow: Flow) -> list[Waiver]:
    """Return every waiver of a flow that has a code and a reason."""
    triggers = [trigger.part for trigger in flow.triggers]
    return [row for part in (flow.root, *triggers, *(site.part for site in flow.sites)) for row in _read(part)]


def waive(flow: Flow, issues: Sequence[Issue], *, baseline: Baseline | None, today: str) -> list[Issue]:
    """Mark accepted findings, with the reason."""
    waivers = waivers_of(flow)
    left = dict(baseline.counts) if baseline is not None else {}
    marked: list[Issue] = []
    for issue in issues:
        waiver = next((each for each in waivers if each.covers(issue, today)), None)
        if waiver is not None:
            marked.append(replace(issue, waived=waiver.reason))
            continue
        mark = issue.fingerprint() if left else ""
        if left.get(mark, 0) > 0:
            left[mark] -= 1
            marked.append(replace(issue, waived="in the baseline"))
        else:
            marked.append(issue)
    return marked


def _read(part: Part) -> Iterable[Waiver]:
    rows = part.at("metadata", "runafter", "waive")
    for row in rows.items() if rows is not None else ():
        code, reason = row.text("code"), row.text("reason")
        if code and reason and reason.strip():
            yield Waiver(code.upper(), reason.strip(), row.text("expires") or "", part.pointer)
