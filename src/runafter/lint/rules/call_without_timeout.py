from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.finding import Change, Fix, Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule


class CallWithoutTimeout(Rule):
    """A plain HTTP call, a child workflow or a function has no time limit of its own.

    Why: a service that accepts the call and says no more holds the run until the platform gives up; with the
    asynchronous pattern that can be the length of the run.
    Instead: `"limit": {"timeout": "PT2M"}`, and a handler for TimedOut.
    Safe when: the caller can wait for as long as the run may last.
    Source: Microsoft Learn, "Schema reference for trigger and action types" (limit.timeout).
    """

    code = "TMO001"
    severity = "note"
    family = "timeout"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for site, call in flow.calling:
            if call.waits or site.folded not in {"http", "workflow", "function", "invokefunction", "apimanagement"}:
                continue
            if site.part.at("limit", "timeout") is not None:
                continue
            node = site.part.node
            fix = None
            if node is not None and not site.part.path:
                has_limit = site.part.get("limit") is not None
                fix = Fix(
                    title="limit the call to two minutes",
                    changes=(
                        Change(operation="insert", pointer=f"{site.part.pointer}/limit", key="timeout", value="PT2M")
                        if has_limit
                        else Change(
                            operation="insert", pointer=site.part.pointer, key="limit", value={"timeout": "PT2M"}
                        ),
                    ),
                )
            yield self.issue(
                flow,
                site.part,
                f"{site.name!r} ({call.title}) has no time limit",
                sites=(site,),
                fix=None if site.folded == "workflow" else fix,
            )
