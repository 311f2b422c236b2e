from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule
from runafter.program.targets import targets_of


class ConnectionNotDeclared(Rule):
    """An action uses a connection that the flow or its project does not declare.

    Why: the flow cannot be saved or started where it is imported, or the action fails for want of a connection.
    Instead: select a connection for the action; in a project add it to `connections.json`.
    Safe when: the connections are added when the flow is deployed.
    Source: Microsoft Learn, "Cloud flow error code reference" (FlowCheckerError, ConnectionNotConfigured), page of
    2026-04-09, read 2026-11-21.
    """

    code = "STR018"
    severity = "warning"
    family = "structure"

    def check(self, flow: Flow) -> Iterator[Issue]:
        declared = {name.casefold() for name in flow.definition.connections}
        if not declared or flow.definition.container == "arm":
            return
        targets = targets_of(flow.definition)
        for site, _ in flow.calling:
            target = targets.get(site.name)
            name = target.connection if target is not None else None
            if not name or "@" in name or "#workflowname#" in name or name.casefold() in declared:
                continue
            yield self.issue(
                flow,
                site.part,
                f"{site.name!r} uses the connection {name!r}, which is not declared",
                sites=(site,),
                hint=f"Declared are {', '.join(sorted(flow.definition.connections)[:8])}.",
            )
