from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule

_PURE = frozenset({"appendtoarrayvariable", "compose", "parsejson"})


class LoopOnlyCollects(Rule):
    """A loop does nothing but append to an array.

    Why: one or two actions for each item, one after the other, each counted and kept in the history; Select does the whole
    list in one action and a fraction of the time.
    Instead: Select over the loop's source, after Filter array where only some items are wanted.
    Safe when: the list is always short.
    Source: Microsoft Learn, "Perform data operations in Azure Logic Apps" (Select, Filter array).
    """

    code = "LOP003"
    severity = "note"
    family = "loops"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for site in flow.sites:
            if site.folded != "foreach":
                continue
            inside = list(flow.inside(site))
            appends = [each for each in inside if each.folded == "appendtoarrayvariable"]
            if len(appends) == 1 and all(each.folded in _PURE for each in inside):
                yield self.issue(
                    flow,
                    site.part,
                    f"{site.name!r} only appends to an array: Select makes the same in one action",
                    sites=(site, appends[0]),
                )
