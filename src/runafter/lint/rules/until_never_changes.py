from __future__ import annotations

from collections.abc import Iterator

from runafter.expressions.ast import Call, Literal
from runafter.expressions.template import calls
from runafter.lint.analysis.reading import actions_read, expressions_in, variable_writes, variables_read
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule

_MOVING = frozenset({"utcnow", "rand", "guid", "ticks", "iterationindexes"})


class UntilNeverChanges(Rule):
    """The condition of an Until reads nothing that the loop changes.

    Why: it is true after the first round or never; then the loop spins to its limit.
    Instead: read an action inside the loop, or a variable that the loop sets.
    Safe when: never.
    Source: Microsoft Learn, "Create loops that repeat workflow actions" (Until).
    """

    code = "LOP001"
    family = "loops"

    def check(self, flow: Flow) -> Iterator[Issue]:
        writes = variable_writes(flow)
        for site in flow.sites:
            if site.folded != "until":
                continue
            expressions = expressions_in(site.part.get("expression"))
            if not expressions:
                continue
            inside = {each.key for each in flow.inside(site)}
            changed = {
                variable
                for each, variable, _ in writes
                if each.key in inside or flow.order.are_siblings_at_once(each, site)
            }
            names = {call.name.casefold() for expression in expressions for call in calls(expression)}
            if names & _MOVING or actions_read(expressions) & inside or variables_read(expressions) & changed:
                continue
            if any(
                call.name.casefold() in {"variables", "actions", "body", "outputs"} and not _is_named(call)
                for expression in expressions
                for call in calls(expression)
            ):
                continue
            yield self.issue(
                flow, site.part.get("expression") or site.part, f"nothing in {site.name!r} changes what its condition reads",
                sites=(site,),
            )  # fmt: skip


def _is_named(call: Call) -> bool:
    return bool(call.arguments) and isinstance(call.arguments[0], Literal)
