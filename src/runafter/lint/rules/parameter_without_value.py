from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule


class ParameterWithoutValue(Rule):
    """A parameter of a project's workflow has no default, and the project gives it no value.

    Why: the workflow is refused when the project starts, or each expression that reads the parameter fails.
    Instead: a value in `parameters.json`, or a default.
    Safe when: `parameters.json` is written when the project is deployed.
    Source: Microsoft Learn, "Create cross-environment parameters for workflow inputs" (Standard: parameters.json);
    naoto256/logicapps-lint, README (missing project parameter values), read 2026-11-21.
    """

    code = "STR019"
    severity = "warning"
    family = "structure"

    def check(self, flow: Flow) -> Iterator[Issue]:
        if flow.definition.container != "standard":
            return
        given = {name.casefold() for name in flow.definition.parameter_values}
        declared = flow.root.get("parameters")
        for name, part in declared.members() if declared is not None else ():
            has_own = part.get("value") is not None or part.get("defaultValue") is not None
            if name.startswith("$") or has_own or name.casefold() in given:
                continue
            yield self.issue(flow, part, f"the parameter {name!r} has neither a value nor a default")
