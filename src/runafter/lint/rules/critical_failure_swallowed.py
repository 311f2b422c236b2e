from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.handling import BAD, handlers_of
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule


class CriticalFailureSwallowed(Rule):
    """An action is declared critical, but its failure leaves the run Succeeded.

    The declaration stands in the action: `"metadata": {"runafter": {"criticality": "critical"}}`; `important` and `optional`
    are the other two.

    Why: what was agreed before building is not what was built.
    Instead: let a handler end the run as Failed, or let nothing run after the failure.
    Safe when: never; change the declaration if it is wrong.
    Source: the declaration in the flow.
    """

    code = "STR010"
    severity = "error"
    family = "structure"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for site in flow.sites:
            declared = site.part.at("metadata", "runafter", "criticality")
            if declared is None or str(declared.value).casefold() != "critical":
                continue
            handlers = list(handlers_of(site))
            if not handlers:
                continue
            behind = {each.key for each in handlers}
            for each in handlers:
                behind.update(key for key in each.level.sites if each.key in each.level.ancestors(key))
            after = [site.level.sites[key] for key in behind]
            if any(
                inner.folded == "terminate" and (inner.part.at("inputs", "runStatus") is not None)
                and str(inner.part.at("inputs", "runStatus").value).casefold() != "succeeded"  # type: ignore[union-attr]
                for each in after
                for inner in (each, *flow.inside(each))
            ):  # fmt: skip
                continue
            if not any(BAD & set(statuses) for each in handlers for statuses in each.run_after.values()):
                continue
            yield self.issue(
                flow,
                site.part,
                f"{site.name!r} is declared critical, but {handlers[0].name!r} handles its failure and nothing ends the "
                "run as Failed",
                sites=(site, handlers[0]),
            )
