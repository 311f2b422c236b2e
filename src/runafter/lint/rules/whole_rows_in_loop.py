from __future__ import annotations

import re
from collections.abc import Iterator

from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule

MANY = 20
_ONE = re.compile(r"^\s*(?!_)\w*id\s+eq\s", re.IGNORECASE)
"""A filter by the key of the rows themselves, which finds one."""
_LISTS = frozenset({"getitems", "listrecords", "getfileitems", "getitems_v2"})


class WholeRowsInLoop(Rule):
    """A loop of many iterations at once reads whole rows in each.

    Why: all columns of all rows are kept as outputs of every iteration. At fifty iterations at once the run's history grows
    faster than it can be stored, and actions fail with storage errors that have nothing to do with them.
    Instead: `$select` with the columns that are used (`runafter harden --only columns` writes it), `$top`, or fewer
    iterations at once.
    Safe when: rows are few and small.
    Source: Microsoft Learn, "Limits and configuration reference for Azure Logic Apps" (message size, run history storage).
    """

    code = "STO001"
    severity = "note"
    family = "limits"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for site, call in flow.calling:
            loop = flow.order.concurrent_loop(site)
            if loop is None or call.kind != "read" or flow.repetitions[loop.key] < MANY:
                continue
            operation = site.part.at("inputs", "host", "operationId")
            called = operation.value if operation is not None else call.facts.operation if call.facts else ""
            if str(called).casefold() not in _LISTS:
                continue
            parameters = site.part.at("inputs", "parameters") or site.part.at("inputs", "queries")
            names = {key.casefold() for key, _ in parameters.members()} if parameters is not None else set()
            if names & {"$select", "$top", "fetchxml", "view"}:
                continue
            wished = parameters.text("$filter") if parameters is not None else None
            if wished is not None and _ONE.match(wished):
                continue
            yield self.issue(
                flow,
                site.part,
                f"{site.name!r} reads whole rows in {loop.name!r}, {flow.repetitions[loop.key]} times at once",
                sites=(site, loop),
                hint="Say the columns with $select.",
            )
