from __future__ import annotations

from collections.abc import Iterator

from runafter.expressions.template import calls
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule


class FunctionOutOfPlace(Rule):
    """`listCallbackUrl()` stands where nothing waits for a call back.

    Why: the address exists for webhook triggers and actions only; elsewhere the flow cannot be saved, or the action fails.
    Instead: a webhook action, or the trigger's address handed over as a parameter.
    Safe when: never.
    Source: Microsoft Learn, "Reference guide to workflow expression functions" (listCallbackUrl).
    """

    code = "EXP021"
    severity = "warning"
    family = "expressions"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for site in flow.sites:
            if "webhook" in site.folded:
                continue
            for use in flow.uses_of(site):
                for call in calls(use.expression):
                    if call.name.casefold() == "listcallbackurl" and not call.arguments:
                        yield self.issue(
                            flow,
                            use.part,
                            f"{site.name!r} asks for a call-back address and is no webhook",
                            sites=(site,),
                        )
