from __future__ import annotations

import re
from collections.abc import Iterator

from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule

_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")
_SERVICE = re.compile(r"(svc|service|noreply|no-reply|app|bot|automation|flow|admin)", re.IGNORECASE)


class PersonalConnection(Rule):
    """A flow acts with the connection of one person.

    Why: the day that person's password, licence or contract ends, the flow stops, and nobody else can repair it.
    Instead: a connection reference in a solution, bound to a service account or an application.
    Safe when: the flow is that person's own.
    Source: Microsoft Learn, "Use a connection reference in a solution"; "Support for service principal owned flows".
    """

    code = "GOV001"
    severity = "note"
    family = "governance"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for connection in flow.definition.connections.values():
            who = connection.display_name or ""
            match = _ADDRESS.search(who)
            personal = match is not None and not _SERVICE.search(match.group())
            embedded = (
                flow.is_power_automate
                and flow.definition.container in {"clientdata", "solution"}
                and connection.logical_name is None
                and connection.kind == "managed"
            )
            if not personal and not embedded:
                continue
            said = f"belongs to {match.group()}" if personal and match else "is bound to whoever built the flow"
            yield self.issue(
                flow,
                None,
                f"the connection {connection.name!r} {said}",
                actions=(connection.name,),
                hint="Use a connection reference with a service account.",
                severity="warning" if personal else "note",
            )
