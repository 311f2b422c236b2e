"""Findings that somebody has accepted: in the flow's metadata, beside it, in the project's settings, in a baseline.

In an action, a trigger or the definition itself:

    "metadata": {"runafter": {"waive": [{"code": "RTY003", "reason": "...", "expires": "2027-06-30"}]}}

A waiver covers the action it stands in and everything inside it. Without a
reason it counts for nothing, and after `expires` it counts no more. A waiver of
`flow.toml` or `runafter.toml` covers files by pattern, and may name an action.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import pairwise

from runafter.errors import UnreadableSource
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.program.part import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """One acceptance: of a code (or its beginning) at a place and below it.

    `path` is a pattern of files (`*` for any, a folder for all in it), `action`
    an action's or trigger's name; empty ones fit all. `origin` is the file that
    says it.
    """

    code: str
    reason: str
    expires: str = ""
    pointer: str = ""
    path: str = ""
    action: str = ""
    origin: str = ""

    def covers(self, issue: Issue, today: str) -> bool:
        return (
            bool(self.reason)
            and issue.code.startswith(self.code)
            and not self.is_over(today)
            and is_below(issue.finding.pointer, self.pointer)
            and (not self.path or _fits(issue.finding.file or "", self.path))
            and (not self.action or self.action.casefold() in _names(issue))
        )

    def is_over(self, today: str) -> bool:
        """Tell whether the last day is past; an end that is no date is past."""
        if not self.expires:
            return False
        return iso_date(self.expires) is None or bool(today and self.expires < today)


def is_below(place: str, pointer: str) -> bool:
    return not pointer or place == pointer or place.startswith(f"{pointer}/")


def iso_date(text: str) -> dt.date | None:
    """Return the day that a text names as 2027-06-30."""
    try:
        return dt.date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def _fits(file: str, pattern: str) -> bool:
    """Compare the end of a path with a pattern, as .gitignore does: a file, a folder, or with `*`."""
    folded, wished = (text.replace("\\", "/").removeprefix("./").strip("/") for text in (file, pattern))
    return any(fnmatchcase(f"/{folded}", f"*/{each}") for each in (wished, f"{wished}/*"))


def _names(issue: Issue) -> set[str]:
    """Return the folded names of what a finding speaks of or stands in."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in issue.finding.pointer.split("/")]
    inside = {name for key, name in pairwise(parts) if key in {"actions", "triggers"}}
    return {name.casefold() for name in (*issue.actions[:1], *inside)}


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
    """Return every waiver of a flow that has a code; those without a reason cover nothing."""
    triggers = [trigger.part for trigger in flow.triggers]
    return [row for part in (flow.root, *triggers, *(site.part for site in flow.sites)) for row in _read(part)]


def waive(issues: Sequence[Issue], waivers: Sequence[Waiver], *, left: dict[str, int], today: str) -> list[Issue]:
    """Mark accepted findings, with the reason; `left` is what a baseline still covers, and is used up."""
    marked: list[Issue] = []
    for issue in issues:
        waiver = next((each for each in waivers if each.covers(issue, today)), None)
        if waiver is not None:
            marked.append(replace(issue, waived=waiver.reason, waived_in=waiver.origin))
            continue
        mark = issue.fingerprint() if left else ""
        if left.get(mark, 0) > 0:
            left[mark] -= 1
            marked.append(replace(issue, waived="in the baseline", waived_in="baseline"))
        else:
            marked.append(issue)
    return marked


def _read(part: Part) -> Iterable[Waiver]:
    rows = part.at("metadata", "runafter", "waive")
    for row in rows.items() if rows is not None else ():
        code, reason = row.text("code"), row.text("reason")
        if code:
            yield Waiver(
                code=code.upper(),
                reason=(reason or "").strip(),
                expires=row.text("expires") or "",
                pointer=part.pointer,
            )
