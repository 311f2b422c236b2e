from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.handling import BAD, is_in_handler
from runafter.lint.analysis.reading import actions_read
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule
from runafter.program.outline import Site

_BLOCKS = frozenset({"scope", "foreach", "until"})
_MUTE = frozenset(
    {"scope", "compose", "query", "select", "join", "table", "parsejson", "if", "switch", "foreach", "wait"}
)


class FailureIgnored(Rule):
    """The flow goes on after a write whether it succeeded or not, and nothing looks at how it ended.

    A scope or loop with writes counts as one, and so does a handler that tells nobody and that nothing reads.

    Why: the run counts as Succeeded, and the record is missing.
    Instead: let the next action run after Succeeded, and a handler after Failed and TimedOut; or test
    `actions('Name')?['status']` behind it.
    Safe when: the call is optional and its failure is logged elsewhere; waive with that reason.
    Source: Microsoft Learn, "Handle errors and exceptions in Azure Logic Apps" (run after behaviour).
    """

    code = "ERR004"
    family = "errors"

    def check(self, flow: Flow) -> Iterator[Issue]:
        looked_at = actions_read(use.expression for use in flow.uses)
        everything = any(
            word in use.text for use in flow.uses for word in ("result(", "workflow()['run']", "@actions()")
        )
        yield from self._mute_handlers(flow)
        for site in flow.sites:
            title = _title(flow, site)
            if title is None or site.key in looked_at or everything or (site.folded in _BLOCKS and is_in_handler(site)):
                continue
            after = [
                (other, set(statuses))
                for other in site.level.sites.values()
                for name, statuses in other.run_after.items()
                if name.casefold() == site.key
            ]
            if not after or not all({"Succeeded", "Failed"} <= statuses for _, statuses in after):
                continue
            yield self.issue(
                flow,
                site.part,
                f"{after[0][0].name!r} runs whether {site.name!r} ({title}) succeeded or failed, and nothing looks at "
                "how it ended",
                sites=(site, after[0][0]),
            )

    def _mute_handlers(self, flow: Flow) -> Iterator[Issue]:
        """A handler keeps a run from ending as Failed; one that does nothing with what it knows hides the failure.

        Behind a single call it is a way to say that the failure is expected, and its name says which.
        """
        for site in flow.sites:
            failed = [
                level_site
                for name, statuses in site.run_after.items()
                if statuses and "Succeeded" not in statuses and BAD & set(statuses)
                if (level_site := site.level.sites.get(name.casefold())) is not None
            ]
            writing = [each for each in failed if each.folded in _BLOCKS and _title(flow, each) is not None]
            inside = [site, *flow.inside(site)]
            if not writing or any(flow.call(each) is not None or each.folded not in _MUTE for each in inside):
                continue
            keys = {each.key for each in inside}
            waited = any(site.key in {name.casefold() for name in each.run_after} for each in site.level.sites.values())
            read = actions_read(use.expression for use in flow.uses if use.owner is None or use.owner.key not in keys)
            if waited or read & keys:
                continue
            yield self.issue(
                flow,
                site.part,
                f"{site.name!r} handles the failure of {writing[0].name!r}, but tells nobody: the run ends as Succeeded",
                sites=(site, writing[0]),
            )


def _title(flow: Flow, site: Site) -> str | None:
    """Return what an action changes outside, itself or by one inside it; None where it changes nothing."""
    call = flow.call(site)
    if call is not None:
        return call.title if call.changes_data else None
    if site.folded not in _BLOCKS:
        return None
    inside = [
        each
        for each in flow.inside(site)
        if (inner := flow.call(each)) is not None and (inner.changes_data or inner.kind == "execute")
    ]
    return f"with {inside[0].name!r}" if inside else None
