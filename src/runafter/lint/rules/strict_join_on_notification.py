from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.handling import handlers_of, only_sends
from runafter.lint.finding import Change, Fix, Issue, Remedy
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at
from runafter.program.outline import Site


class StrictJoinOnNotification(Rule):
    """An action waits for a notification to succeed before it goes on with the work.

    Why: when the mail or the post fails, the work behind the join is skipped and the run fails, though the data was right.
    Instead: let the join also run after Failed, Skipped and TimedOut of the notification, and log its failure.
    Safe when: the notification is what the flow is for.
    Source: Microsoft Learn, "Handle errors and exceptions in Azure Logic Apps" (run after several actions).
    """

    code = "STR012"
    severity = "note"
    family = "structure"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for site in flow.sites:
            if len(site.run_after) < 2 or not _changes(flow, site):
                continue
            entries = site.part.get("runAfter")
            waited = [site.level.sites[n.casefold()] for n in site.run_after if n.casefold() in site.level.sites]
            if not any(_changes(flow, each) for each in waited):
                continue
            for name, statuses in site.run_after.items():
                branch = site.level.sites.get(name.casefold())
                if branch is None or tuple(statuses) != ("Succeeded",) or not only_sends(flow, branch):
                    continue
                if any(other is not site for other in handlers_of(branch)):
                    continue
                part = entries.get(name) if entries is not None else None
                fix = None
                if part is not None and part.node is not None and not part.path:
                    change = Change(
                        operation="set", pointer=part.pointer, value=["Succeeded", "Failed", "Skipped", "TimedOut"]
                    )
                    fix = Fix(title=f"go on however {branch.name!r} ended", changes=(change,))
                yield self.issue(
                    flow,
                    part or site.part,
                    f"{site.name!r} is skipped when {branch.name!r} fails, which only tells somebody something",
                    sites=(site, branch),
                    evidence=[at(f"{branch.name!r} only sends", branch)],
                    remedies=[
                        Remedy(text="go on however it ended, and log its failure", cost="one action"),
                        Remedy(text="put it behind the work instead of beside it", cost="time"),
                    ],
                    fix=fix,
                )


def _changes(flow: Flow, site: Site) -> bool:
    return any(
        (call := flow.call(each)) is not None and (call.changes_data or call.kind == "execute")
        for each in (site, *flow.inside(site))
    )
