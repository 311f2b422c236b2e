"""All findings of one `check`, with what was checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from runafter.lint.finding import Issue
from runafter.lint.waivers import Waiver

LEVELS = {"error": 3, "warning": 2, "note": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePage:
    """What a format says of a rule: its code, name, first sentence, whole page and severity."""

    code: str
    name: str
    title: str
    page: str
    severity: str
    family: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverState:
    """A waiver after a check: how many findings it covered, and whether its last day is past. `where` says where it is."""

    waiver: Waiver
    where: str
    covered: int
    is_over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`issues` in the order of file and line; `rules` by code; `flows` are the names checked, by file.

    `waivers` are those of the flows and of the settings, in the order in which they are written.
    """

    issues: tuple[Issue, ...]
    rules: Mapping[str, RulePage] = field(default_factory=dict)
    flows: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    waivers: tuple[WaiverState, ...] = ()

    def of(self, place: str) -> list[Issue]:
        """Return the findings of one flow, named as in `flows`."""
        name = self.flows[place]
        file = place.removesuffix(f"#{name}")
        return [issue for issue in self.issues if issue.flow == name and (issue.finding.file or "input") == file]

    def count(self, severity: str) -> int:
        """Return how many findings of this severity are not waived."""
        return sum(issue.finding.severity == severity and issue.waived is None for issue in self.issues)

    def fails(self, level: str) -> bool:
        """Tell whether a finding that is not waived reaches `level` (error, warning, note; `never` fails nothing)."""
        bar = LEVELS.get(level)
        return bar is not None and any(
            LEVELS[issue.finding.severity] >= bar for issue in self.issues if issue.waived is None
        )
