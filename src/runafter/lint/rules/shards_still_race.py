from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.reading import calls_in, runs_overlap
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule


class ShardsStillRace(Rule):
    """A counter is spread over shards with `mod()`, but several writers may meet on one shard.

    Why: shards make a collision rarer, not impossible: with five shards and twenty iterations at once, four share each one.
    Instead: one writer for each shard (an outer loop over shards, sequential inside), or an atomic increment.
    Safe when: at most one iteration per shard is under way.
    Source: Microsoft Learn, "Sharding pattern"; arithmetic of the pigeonhole principle.
    """

    code = "SHD001"
    severity = "note"
    family = "races"

    def check(self, flow: Flow) -> Iterator[Issue]:
        overlap = runs_overlap(flow)
        for site, call in flow.calling:
            if call.kind != "update":
                continue
            loop = flow.order.concurrent_loop(site)
            if loop is None and not overlap:
                continue
            parameters = site.part.at("inputs", "parameters")
            places = [site.part.at("inputs", name) for name in ("path", "uri")]
            if parameters is not None:
                places += [part for name, part in parameters.members() if "/" not in name]
            if any(found.name.casefold() == "mod" for place in places for found in calls_in(place)):
                who = f"the iterations of {loop.name!r}" if loop is not None else "runs that overlap"
                yield self.issue(
                    flow,
                    site.part,
                    f"{site.name!r} writes to a shard, but {who} may share one",
                    sites=(site,),
                    hint="Give each shard one writer, or let the store increment.",
                )
