from __future__ import annotations

from collections.abc import Iterator

from runafter.expressions.template import calls
from runafter.lint.analysis.handling import is_in_handler
from runafter.lint.analysis.reading import expressions_in
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule

_PURE = {"compose": "Compose", "select": "Select", "query": "Filter array", "join": "Join", "table": "Table"}
_READERS = frozenset({"actions", "body", "outputs", "result", "actionbody", "actionoutputs"})


class UnusedResult(Rule):
    """What an action computes is never read.

    Why: an action more to run, to count and to understand; often the reader reads another action by mistake.
    Instead: remove it, or read it.
    Safe when: it is there to be seen in the run history.
    Source: the references of the flow itself.
    """

    code = "CMP001"
    severity = "note"
    family = "structure"

    def check(self, flow: Flow) -> Iterator[Issue]:
        read: set[str] = set()
        for use in flow.uses:
            for call in calls(use.expression):
                if call.name.casefold() in _READERS:
                    first = call.arguments[0] if call.arguments else None
                    value = getattr(first, "value", None)
                    if not isinstance(value, str):
                        if call.arguments or call.name.casefold() == "actions":
                            return  # computed: anything may be read
                        continue
                    read.add(value.casefold())
        outputs = flow.root.get("outputs")
        shown = repr(outputs.value).casefold() if outputs is not None else ""
        for site in flow.sites:
            if site.folded not in _PURE or site.key in read or site.key in shown:
                continue
            if any(each.key in read for each in site.around()) or any(s.folded in _SCRIPTS for s in flow.sites):
                continue
            if is_in_handler(site) or any(each.level.branch[0] == "tool" for each in site.chain()):
                continue
            if site.folded == "compose" and _fails_or_marks(flow, site.key):
                continue
            yield self.issue(flow, site.part, f"nothing reads {site.name!r} ({_PURE[site.folded]})", sites=(site,))


_SCRIPTS = frozenset({"javascriptcode", "csharpscriptcode", "powershellcode"})


def _fails_or_marks(flow: Flow, key: str) -> bool:
    """Tell whether a Compose is there for its effect on the order: others wait for it in parallel, or it stands alone."""
    site = flow.outline.named[key]
    value = site.part.get("inputs")
    if not expressions_in(value):
        return True  # a remark, or a step to wait for
    return len(site.run_after) > 1 or value is None or value.value in ("", None) or len(site.level.sites) == 1
