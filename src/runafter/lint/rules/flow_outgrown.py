from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at

ACTIONS = 250
LEVELS = 7


class FlowOutgrown(Rule):
    """The flow is half as large as a flow may be, or nests to the last level but one.

    Why: nobody reads 250 actions on a canvas, a save takes long, and the next request meets the limit of 500 actions or
    8 levels in the middle of a change.
    Instead: move parts with an input and an output of their own to child flows; what is mostly computing belongs in a
    function, what fans out and waits by the thousand in code (Durable Functions) or a queue.
    Safe when: the flow is generated, and its source is what people read.
    Source: Microsoft Learn, "Limits and configuration reference for Azure Logic Apps" (500 actions, 8 levels).
    """

    code = "STR014"
    severity = "note"
    family = "structure"

    def check(self, flow: Flow) -> Iterator[Issue]:
        count = len(flow.sites)
        deepest = max(flow.sites, key=lambda site: site.depth, default=None)
        if deepest is None:
            return
        if count >= ACTIONS:
            yield self.issue(
                flow,
                None,
                f"the flow has {count} actions",
                hint="Move parts with an input and an output of their own to child flows.",
            )
        if deepest.depth > LEVELS:
            chain = deepest.chain()
            yield self.issue(
                flow,
                deepest.part,
                f"{deepest.name!r} is inside of {deepest.depth - 1} others",
                sites=(deepest,),
                evidence=[at(f"{each.name!r} contains it", each) for each in chain[:-1]],
                hint=f"Move what is inside {chain[len(chain) // 2].name!r} to a child flow.",
            )
