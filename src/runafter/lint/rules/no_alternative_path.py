from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.handling import is_handled, is_in_handler
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at


class NoAlternativePath(Rule):
    """Calls that change something have no way to go on, or back, when they fail.

    Why: between two writes the outside is half done. Without a path for that case it stays half done.
    Instead: a handler at the action, or around it at its scope, that undoes, retries later or tells somebody.
    Safe when: the flow makes one write only, as its last action, and whoever started it sees the failure.
    Source: Microsoft Learn, "Compensating Transaction pattern".
    """

    code = "ERR003"
    severity = "note"
    family = "errors"

    def check(self, flow: Flow) -> Iterator[Issue]:
        writes = [(site, call) for site, call in flow.calling if call.writes or call.kind == "execute"]
        bare = [(site, call) for site, call in writes if not is_handled(site) and not is_in_handler(site)]
        if len(writes) < 2 or not bare:
            return
        handled = len(writes) - len(bare)
        site, _call = bare[0]
        yield self.issue(
            flow,
            site.part,
            f"{len(bare)} of {len(writes)} calls that change something have no path for their failure, "
            f"first {site.name!r} ({100 * handled // len(writes)}% are covered)",
            sites=(site,),
            evidence=[at(f"{each.name!r} ({what.title}) is not covered", each) for each, what in bare[:5]],
        )
