"""The platform's limits on the size of a flow.

They are warnings: exported flows exceed some of them, since the service has
raised or forgiven limits over the years.
"""

from __future__ import annotations

from collections.abc import Sized

from runafter.expressions.ast import Expression, Interpolation
from runafter.program.draft import Draft
from runafter.program.part import Part


def check_limits(draft: Draft, variables: Sized) -> None:
    sites = draft.outline.sites
    root = draft.root
    _most(draft, "LIM010", "actions", len(sites), root.get("actions") or root)
    _most(draft, "LIM015", "variables", len(variables), root.get("actions") or root)
    for code, limit in (("LIM016", "parameters"), ("LIM017", "outputs"), ("LIM019", "triggers")):
        part = root.get(limit)
        if part is not None:
            _most(draft, code, limit, sum(1 for _ in part.members()), part)
    deepest = max(sites, key=lambda site: site.depth, default=None)
    if deepest is not None:
        _most(draft, "LIM011", "nesting", deepest.depth - 1, deepest.part, f"levels of nesting ({deepest.name!r})")
    for site in sites:
        _most(draft, "LIM012", "name_chars", len(site.name), site.part, f"characters in the name of {site.name!r}")
        if (cases := site.part.get("cases")) is not None:
            _most(draft, "LIM014", "switch_cases", sum(1 for _ in cases.members()), cases)
        if (text := site.part.get("description")) is not None and isinstance(text.value, str):
            _most(draft, "LIM020", "description_chars", len(text.value), text)
    for use in draft.uses:
        for length in _lengths(use.expression):
            _most(draft, "LIM013", "expression_chars", length, use.part, "characters in the expression")


def _lengths(expression: Expression) -> list[int]:
    """The limit is on each expression, not on the text around interpolated ones."""
    parts = expression.parts if isinstance(expression, Interpolation) else (expression,)
    return [part.span.end - part.span.start for part in parts if not isinstance(part, str)]


def _most(draft: Draft, code: str, limit: str, count: int, part: Part, what: str | None = None) -> None:
    fact = draft.profile.limits[limit]
    if count > fact.value:
        draft.report(code, f"{count} {what or fact.unit}; {draft.profile.title} allows {fact.value}", part)
