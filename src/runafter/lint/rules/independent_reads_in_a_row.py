from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.reading import depends_on
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at
from runafter.program.outline import Site


class IndependentReadsInARow(Rule):
    """Reads wait for each other although none uses what another gives.

    Why: the run takes the sum of their times where the longest alone would do.
    Instead: let all of them run after what the first one runs after, and let the next step wait for all;
    `runafter parallelize` writes it, for writes that need nothing of each other too.
    Safe when: they would meet one connector's limit together, or the order is a courtesy to a slow system.
    Source: Microsoft Learn, "Optimize Power Automate flows: use parallel execution and concurrency"; from memory.
    """

    code = "PAR001"
    severity = "note"
    family = "structure"

    def check(self, flow: Flow) -> Iterator[Issue]:
        rows = [_row(flow, site) for site, _ in flow.calling if _is_plain_read(flow, site)]
        for row in rows:
            if len(row) < 2 or any(len(other) > len(row) and row[-1] in other and row[0] in other for other in rows):
                continue
            names = ", ".join(repr(each.name) for each in row[1:])
            yield self.issue(
                flow,
                row[0].part,
                f"{row[0].name!r} and then {names} run one after the other, and none reads another's outputs",
                sites=row,
                evidence=[at(f"{each.name!r} reads nothing of those before it", each) for each in row[1:]],
                hint="Let them start together.",
            )


def _row(flow: Flow, first: Site) -> list[Site]:
    """Follow the only successors from a read as long as they are reads that use none of those before."""
    row = [first]
    while True:
        after = [each for each in first.level.sites.values() if row[-1].key in {k.casefold() for k in each.run_after}]
        if len(after) != 1 or not _is_plain_read(flow, after[0]) or after[0] in row:
            return row
        follower = after[0]
        statuses = list(follower.run_after.values())
        expressions = [use.expression for use in flow.uses_of(follower)]
        if len(statuses) != 1 or statuses[0] != ("Succeeded",):
            return row
        if any(depends_on(flow, expressions, each) for each in row):
            return row
        row.append(follower)


def _is_plain_read(flow: Flow, site: Site) -> bool:
    call = flow.call(site)
    return call is not None and call.kind == "read" and not call.waits
