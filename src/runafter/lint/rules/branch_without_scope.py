from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at
from runafter.program.outline import Level, Site


class BranchWithoutScope(Rule):
    """A parallel branch of several actions is not wrapped in a scope.

    Why: the join waits for the branch's last action only. When an earlier one fails, the last one is Skipped, and
    neither join nor handler can tell what failed or why.
    Instead: a scope for each branch; join and handler then see one status and one `result()`.
    Safe when: the branch has two actions or three that cannot fail.
    Source: Microsoft Learn, "Run actions based on group status by using scopes".
    """

    code = "STR002"
    severity = "note"
    family = "structure"

    def check(self, flow: Flow) -> Iterator[Issue]:
        levels = {id(site.level): site.level for site in flow.sites}
        for level in levels.values():
            for start, branch in _branches(level):
                if any(each.folded == "initializevariable" for each in branch):
                    continue  # variables are initialized outside of scopes only
                calls = [each for each in branch if _can_fail(flow, each)]
                if len(branch) > 3 and len(calls) > 1:
                    yield self.issue(
                        flow,
                        start.part,
                        f"the branch from {start.name!r} to {branch[-1].name!r} has {len(branch)} actions and no scope",
                        sites=branch,
                        evidence=[at(f"{each.name!r} can fail", each) for each in calls[:3]],
                    )


def _branches(level: Level) -> Iterator[tuple[Site, list[Site]]]:
    """Yield each chain of actions that begins beside another one and ends before a join: (first, all of it)."""
    graph = level.graph
    for key, site in level.sites.items():
        before = graph.predecessors[key]
        beside = graph.successors[before[0]] if len(before) == 1 else graph.roots() if not before else ()
        others = [level.sites[name] for name in beside if name != key]
        if not any(_plain(other) for other in others) or not _plain(site):
            continue
        chain = [site]
        while len(after := graph.successors[chain[-1].key]) == 1 and len(graph.predecessors[after[0]]) == 1:
            chain.append(level.sites[after[0]])
        if len(after) == 1:
            yield site, chain


def _can_fail(flow: Flow, site: Site) -> bool:
    return any(flow.call(each) is not None or each.folded == "parsejson" for each in (site, *flow.inside(site)))


def _plain(site: Site) -> bool:
    return all("Succeeded" in statuses for statuses in site.run_after.values())
