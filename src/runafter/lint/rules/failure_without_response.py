from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.handling import BAD
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule
from runafter.program.outline import Site


class FailureWithoutResponse(Rule):
    """A caller gets an answer when all goes well, and none when something fails.

    Why: the caller then gets the platform's 502 or waits for its own time limit, without a word on what was wrong.
    Instead: a second Response that runs after Failed and TimedOut, with a status of 4xx or 5xx and a message.
    Safe when: callers treat no answer as failure and repeat.
    Source: Microsoft Learn, "Receive and respond to inbound HTTPS calls".
    """

    code = "ERR007"
    severity = "note"
    family = "errors"

    def check(self, flow: Flow) -> Iterator[Issue]:
        responses = [site for site in flow.sites if site.folded == "response"]
        if not responses or not flow.calling:
            return
        if any(_can_follow_failure(each) for site in responses for each in site.chain()):
            return
        before = [site for site, _ in flow.calling if any(flow.order.is_before(site, each) for each in responses)]
        if before:
            yield self.issue(
                flow,
                responses[0].part,
                f"{responses[0].name!r} answers when all goes well; nothing answers when {before[0].name!r} fails",
                sites=(responses[0], before[0]),
            )


def _can_follow_failure(site: Site) -> bool:
    level = site.level
    reachable = {site.key, *level.ancestors(site.key)}
    return any(BAD & set(statuses) for key in reachable for statuses in level.sites[key].run_after.values())
