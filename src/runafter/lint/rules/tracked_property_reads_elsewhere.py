from __future__ import annotations

from collections.abc import Iterator

from runafter.expressions.references import references
from runafter.lint.analysis.reading import expressions_in
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule

_OWN = frozenset({"this_action", "parameter", "trigger", "item", "setting"})


class TrackedPropertyReadsElsewhere(Rule):
    """A tracked property reads another action or a variable.

    Why: tracked properties know the action they stand at (`action()`), the trigger and parameters only. What is tracked
    for others fails to be written, and the record that operations search for is missing.
    Instead: put the value into this action's inputs, and track `action()['inputs']`.
    Safe when: never.
    Source: Microsoft Learn, "Monitor and collect diagnostics data for workflows" (tracked properties).
    """

    code = "MON002"
    severity = "warning"
    family = "monitoring"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for site in flow.sites:
            tracked = site.part.get("trackedProperties")
            for key, part in tracked.members() if tracked is not None else ():
                for expression in expressions_in(part):
                    read = next(
                        (
                            each
                            for each in references(expression)
                            if each.reads not in _OWN
                            and not (each.reads == "action" and (each.name or "").casefold() in {"", site.key})
                        ),
                        None,
                    )
                    if read is not None:
                        what = f"{read.function}('{read.name}')" if read.name else f"{read.function}()"
                        yield self.issue(
                            flow,
                            part,
                            f"the tracked property {key!r} of {site.name!r} reads {what}, which it cannot",
                            sites=(site,),
                        )
