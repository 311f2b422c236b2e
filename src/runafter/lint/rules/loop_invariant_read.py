from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.reading import expressions_in, varies_in
from runafter.lint.effects import Call
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule
from runafter.program.outline import Site


class LoopInvariantRead(Rule):
    """A loop reads the same thing in every iteration.

    Why: one call for each item where one call would do: slower, and the connector's limit is used up by repetition.
    Instead: read it once before the loop.
    Safe when: it may change while the loop runs, and each iteration must see the newest state.
    Source: Microsoft Learn, "Handle throttling problems (429) in Azure Logic Apps" (fewer calls).
    """

    code = "LOP002"
    family = "loops"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for site, call in flow.calling:
            if call.kind != "read" or call.waits:
                continue
            around = list(site.around())
            loop = next((each for each in around if each.folded in {"foreach", "until"}), None)
            if loop is None or loop.folded == "until" or _writes_there(flow, loop, call):
                continue
            if varies_in(flow, expressions_in(site.part.get("inputs")), loop):
                continue
            yield self.issue(
                flow,
                site.part,
                f"{site.name!r} ({call.title}) reads the same in every iteration of {loop.name!r}",
                sites=(site, loop),
                hint=f"Move it before {loop.name!r}.",
            )


def _writes_there(flow: Flow, loop: Site, read: Call) -> bool:
    """Tell whether the loop changes what it reads, so that the answer may differ."""
    return any(
        (call := flow.call(each)) is not None
        and call.kind != "read"
        and (call.api == read.api or call.kind in {"execute", "unknown"})
        for each in flow.inside(loop)
    )
