from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.counting import calls_per_iteration, per_minute
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at

SECONDS_A_CALL = 1.0
SAFETY = 2.0


class ConcurrencyAboveLimit(Rule):
    """A loop runs more iterations at once than the connector's limit bears.

    Why: the calls beyond the limit are refused with 429, retried, refused again, and counted each time. Above the limit,
    more iterations at once make the loop slower, and with few retries items are lost for good.
    Instead: at most limit per minute / 60 x seconds of an iteration / calls of an iteration / 2. The well-known formula
    without the seconds (limit / calls / 2) gives iterations a minute, not iterations at once.
    Safe when: the loop has fewer items than the limit bears anyway.
    Source: Microsoft Learn, connector pages ("Throttling Limits"); Little's law.
    """

    code = "CAP001"
    severity = "note"
    family = "limits"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for site in flow.sites:
            if site.folded != "foreach" or flow.repetitions[site.key] < 2:
                continue
            if site.part.at("runtimeConfiguration", "concurrency", "repetitions") is None:
                continue
            for api, (_, most, callers) in calls_per_iteration(flow, site).items():
                limit = per_minute(flow.catalogue, api)
                if limit is None or most == 0:
                    continue
                seconds = most * SECONDS_A_CALL
                bears = max(1, int(limit / 60 * seconds / most / SAFETY))
                seed = max(1, min(50, int(limit / most / SAFETY)))
                chosen = flow.repetitions[site.key]
                if chosen > bears:
                    yield self.issue(
                        flow,
                        site.part,
                        f"{site.name!r} runs {chosen} iterations at once with up to {most} call{'' if most == 1 else 's'} of {api} each; "
                        f"{limit:g} calls a minute bear {bears}",
                        sites=(site,),
                        evidence=[at(f"{each.name!r} calls {api}", each) for each in callers[:4]],
                        hint=f"By the formula without time: {seed}; with calls of one second: {bears}, which is meant here.",
                    )
