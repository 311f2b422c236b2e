"""What a rule is: one file, one class, whose docstring is the page that users read."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, ClassVar

from runafter.errors import Finding, Severity
from runafter.lint.finding import Evidence, Fix, Issue, Remedy
from runafter.lint.report import RulePage

if TYPE_CHECKING:
    from runafter.lint.flow import Flow
    from runafter.program.outline import Site
    from runafter.program.part import Part


class Rule(ABC):
    """One pattern. The docstring's first line says it; Why, Instead, Safe when and Source follow.

    A rule is pure: it reads a `Flow` and yields issues in any order.
    """

    code: ClassVar[str]
    severity: ClassVar[Severity] = "warning"
    family: ClassVar[str]

    @abstractmethod
    def check(self, flow: Flow) -> Iterator[Issue]:
        """Yield one issue for each place where the pattern stands."""

    @property
    def name(self) -> str:
        """The name of the rule's module: the pattern."""
        return type(self).__module__.rsplit(".", 1)[-1]

    def page(self) -> RulePage:
        text = inspect.cleandoc(type(self).__doc__ or "")
        return RulePage(
            code=self.code,
            name=self.name,
            title=text.split("\n", 1)[0],
            page=text,
            severity=self.severity,
            family=self.family,
        )

    def issue(
        self,
        flow: Flow,
        at: Part | None,
        message: str,
        *,
        sites: Iterable[Site] = (),
        actions: Iterable[str] = (),
        hint: str | None = None,
        evidence: Iterable[Evidence] = (),
        remedies: Iterable[Remedy] = (),
        fix: Fix | None = None,
        severity: Severity | None = None,
    ) -> Issue:
        """Make an issue at a part of the flow (None: the definition itself)."""
        place = at if at is not None else flow.root
        return Issue(
            finding=Finding(
                code=self.code,
                severity=severity or self.severity,
                message=message,
                pointer=place.pointer,
                line=place.line,
                column=place.column,
                hint=hint,
                file=flow.definition.file or None,
            ),
            rule=self.name,
            flow=flow.definition.name,
            actions=(*(site.name for site in sites), *actions),
            evidence=tuple(evidence),
            remedies=tuple(remedies),
            fix=fix,
        )


def at(text: str, site: Site | Part) -> Evidence:
    """Return a sentence of evidence at the place of an action or part."""
    part = site if not hasattr(site, "part") else site.part
    return Evidence(text=text, pointer=part.pointer, line=part.line, column=part.column)
