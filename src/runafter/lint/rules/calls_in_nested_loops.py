from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at


class CallsInNestedLoops(Rule):
    """A call stands in a loop in a loop.

    Why: a hundred items of a hundred lines are ten thousand calls: minutes become hours, and the connector's limit is met
    on the way.
    Instead: read all lines at once before the loop and pick them with Filter array, or use a batch operation.
    Safe when: one of the two lists is short by nature.
    Source: Microsoft Learn, "Handle throttling problems (429) in Azure Logic Apps"; connector pages ("Throttling Limits").
    """

    code = "LOP004"
    severity = "note"
    family = "loops"

    def check(self, flow: Flow) -> Iterator[Issue]:
        told: set[str] = set()
        for site, call in flow.calling:
            loops = [each for each in site.around() if each.folded == "foreach"]
            if len(loops) < 2 or loops[0].key in told:
                continue
            told.add(loops[0].key)
            names = " in ".join(repr(each.name) for each in loops)
            yield self.issue(
                flow,
                site.part,
                f"{site.name!r} ({call.title}) runs for each item of {names}",
                sites=(site, *loops),
                evidence=[at(f"{each.name!r} is a loop around it", each) for each in loops],
            )
