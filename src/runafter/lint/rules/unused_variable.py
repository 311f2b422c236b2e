from __future__ import annotations

from collections.abc import Iterator

from runafter.expressions.template import calls
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule


class UnusedVariable(Rule):
    """A variable is never read.

    Why: every change of it is an action that costs time and does nothing; often the reader has another name in it.
    Instead: remove the variable and what changes it, or read it.
    Safe when: it is kept for the run history.
    Source: the references of the flow itself.
    """

    code = "VAR010"
    severity = "note"
    family = "structure"

    def check(self, flow: Flow) -> Iterator[Issue]:
        read: set[str] = set()
        for use in flow.uses:
            for call in calls(use.expression):
                if call.name.casefold() == "variables":
                    value = getattr(call.arguments[0], "value", None) if call.arguments else None
                    if not isinstance(value, str):
                        return
                    read.add(value.casefold())
        text = repr(flow.root.value).casefold()
        for site in flow.sites:
            rows = site.part.at("inputs", "variables") if site.folded == "initializevariable" else None
            for row in rows.items() if rows is not None else ():
                name = row.text("name")
                if (
                    name
                    and name.casefold() not in read
                    and f"variables('{name.casefold()}" not in text.replace("\\'", "'")
                ):
                    yield self.issue(flow, site.part, f"nothing reads the variable {name!r}", sites=(site,))
