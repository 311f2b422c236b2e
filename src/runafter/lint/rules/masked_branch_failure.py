from __future__ import annotations

from collections.abc import Iterator

from runafter.expressions.ast import Access, Literal
from runafter.lint.analysis.reading import access_keys, expressions_in, named_reads, walk
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at
from runafter.program.outline import Site


class MaskedBranchFailure(Rule):
    """Failures of several branches are tested one in the else of the other, so that one hides the next.

    Why: when two branches fail at once, only the first test sees its failure; the second one is never looked at.
    Instead: one condition for each branch, side by side.
    Safe when: the branches cannot both fail.
    Source: Microsoft Learn, "Evaluate actions with scopes and their results"; arithmetic of two failures at once.
    """

    code = "STR011"
    family = "structure"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for outer in flow.sites:
            tested = _tested(flow, outer)
            if not tested:
                continue
            for level in outer.levels:
                for inner in level.sites.values():
                    other = _tested(flow, inner)
                    if not other or level.branch[0] not in {"else", "actions"}:
                        continue
                    for one in tested:
                        for two in other:
                            if one is not two and flow.order.are_siblings_at_once(one, two):
                                yield self.issue(
                                    flow,
                                    inner.part,
                                    f"{inner.name!r} looks at {two.name!r} only when {outer.name!r} found nothing "
                                    f"wrong with {one.name!r}: two failures at once, and one is missed",
                                    sites=(inner, outer),
                                    evidence=[at(f"{one.name!r} and {two.name!r} run at the same time", one)],
                                )


def _tested(flow: Flow, site: Site) -> list[Site]:
    """Return the actions whose status the condition of an If compares."""
    if site.folded != "if":
        return []
    expressions = expressions_in(site.part.get("expression"))
    status = any(
        isinstance(node, Access) and isinstance(node.key, Literal) and str(node.key.value).casefold() == "status"
        for expression in expressions
        for node in walk(expression)
        if access_keys(node)[1]
    )
    if not status:
        return []
    names = {name for function, name in named_reads(expressions) if function in {"actions", "result"}}
    return [each for name in sorted(names) if (each := flow.outline.named.get(name)) is not None]
