from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.handling import is_in_handler
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule


class FailureTurnedIntoSuccess(Rule):
    """A handler ends the run as Succeeded.

    Why: the run history, alerts and success rates show a success; the failure is known to nobody who does not read the log.
    Instead: Terminate with Failed and a message once the handler has done its work.
    Safe when: the failure is an expected answer (a search that finds nothing).
    Source: Microsoft Learn, "Schema reference for trigger and action types" (Terminate action).
    """

    code = "ERR006"
    severity = "note"
    family = "errors"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for site in flow.sites:
            status = site.part.at("inputs", "runStatus") if site.folded == "terminate" else None
            if status is not None and str(status.value).casefold() == "succeeded" and is_in_handler(site):
                yield self.issue(
                    flow, site.part, f"{site.name!r} ends the run as Succeeded after a failure", sites=(site,)
                )
