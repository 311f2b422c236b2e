from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule


class BlockOverWrongValue(Rule):
    """A loop runs over something that is no array, or a condition is no expression.

    Why: the platform refuses the flow, or the block fails in every run.
    Instead: an expression that gives an array, such as `@body('List')?['value']`; for conditions an object of tests.
    Safe when: never.
    Source: Microsoft Learn, "Schema reference guide for trigger and action types" (Foreach, If).
    """

    code = "STR017"
    severity = "error"
    family = "structure"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for site in flow.sites:
            if site.folded == "foreach":
                over = site.part.get("foreach")
                if over is not None and not isinstance(over.value, list) and not _is_computed(over.value):
                    yield self.issue(
                        flow, over, f"{site.name!r} runs over {_shown(over.value)}, no array", sites=(site,)
                    )
            elif site.folded == "if":
                test = site.part.get("expression")
                if test is not None and not isinstance(test.value, dict | bool) and not _is_computed(test.value):
                    yield self.issue(
                        flow,
                        test,
                        f"the condition of {site.name!r} is {_shown(test.value)}, no expression",
                        sites=(site,),
                    )


def _is_computed(value: object) -> bool:
    return isinstance(value, str) and value.lstrip().startswith(("@", "["))


def _shown(value: object) -> str:
    return repr(value)[:40]
