from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.flowing import derives
from runafter.lint.analysis.reading import expressions_in, runs_overlap
from runafter.lint.analysis.sharing import searches_share
from runafter.lint.finding import Issue, Remedy
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at
from runafter.program.outline import Site


class CheckThenAct(Rule):
    """A record is created when a search found none, while others may search and create at the same time.

    Why: two iterations or runs search, both find nothing, both create. The duplicate shows up weeks later.
    Instead: an upsert by alternate key, or a unique constraint in the store and a handler for its refusal; where
    neither exists, one at a time.
    Safe when: the store refuses a second record with the same key.
    Source: Microsoft Learn, "Use Upsert to create or update a record"; SharePoint, "Enforce unique values" of a column.
    """

    code = "RAC003"
    family = "races"

    def check(self, flow: Flow) -> Iterator[Issue]:
        overlap = runs_overlap(flow)
        reads = [
            (site, call)
            for site, call in flow.calling
            if call.kind == "read" and call.record is not None and len(call.record.store) > 1
        ]
        for site, call in flow.calling:
            if call.kind != "create" or call.record is None:
                continue
            loop = flow.order.concurrent_loop(site)
            if loop is None and not overlap:
                continue
            for reader, read in reads:
                if read.api != call.api or read.record is None or read.record.store != call.record.store:
                    continue
                gate = next(
                    (
                        each
                        for each in site.around()
                        if each.folded in {"if", "switch"}
                        and flow.order.is_before(reader, each)
                        and derives(flow, each, expressions_in(each.part.get("expression")), reader)
                    ),
                    _after_a_miss(site, reader),
                )
                if gate is None:
                    continue
                if loop is not None and loop not in reader.around() and loop not in gate.around():
                    continue
                if loop is not None and not searches_share(flow, reader, loop):
                    continue
                who = f"{loop.name!r} runs iterations at once" if loop is not None else "runs may overlap"
                yield self.issue(
                    flow,
                    site.part,
                    f"{site.name!r} creates what {reader.name!r} did not find, while {who}: two may create it",
                    sites=(site, reader),
                    evidence=[at(f"{reader.name!r} searches", reader), at(f"{gate.name!r} decides", gate)],
                    remedies=[
                        Remedy(text="upsert by an alternate key", cost="a key in the store"),
                        Remedy(text="a unique constraint, and a handler for its refusal", cost="one handler"),
                        Remedy(text="one at a time", cost="throughput"),
                    ],
                    severity="warning" if loop is not None else "note",
                )
                break


def _after_a_miss(site: Site, reader: Site) -> Site | None:
    """Return what stands behind the failure of the read: a service that answers 404 for what is not there."""
    return next(
        (
            each
            for each in site.chain()
            for name, statuses in each.run_after.items()
            if each.level is reader.level
            and name.casefold() == reader.key
            and "Failed" in statuses
            and "Succeeded" not in statuses
        ),
        None,
    )
