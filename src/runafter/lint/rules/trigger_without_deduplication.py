from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.reading import calls_in, depends_on, expressions_in, reads_trigger, sent_by
from runafter.lint.analysis.starting import is_event
from runafter.lint.effects import Call
from runafter.lint.finding import Issue, Remedy
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule
from runafter.program.outline import Site


class TriggerWithoutDeduplication(Rule):
    """An event may come twice, and nothing in the flow would notice.

    Why: queues, webhooks and polling triggers deliver at least once. The second delivery creates and sends everything again.
    Instead: look up the event's key before the first write and stop when it is known, or write with that key into a field
    with a unique constraint.
    Safe when: doing everything twice does no harm.
    Source: Microsoft Learn, "Azure Functions reliable event processing" and Service Bus "Duplicate detection" (at least once).
    """

    code = "TRG002"
    severity = "note"
    family = "trigger"

    def check(self, flow: Flow) -> Iterator[Issue]:
        creating = [
            (site, call)
            for site, call in flow.calling
            if call.kind in {"create", "send"} and not call.is_idempotent and not _is_looked_up(flow, site, call)
        ]
        if not creating or not any(call.kind == "create" for _, call in creating):
            return
        first = creating[0][0]
        for trigger in flow.triggers:
            if not is_event(trigger) or trigger.part.at("metadata", "runafter", "deduplicationKey") is not None:
                continue
            if _looks_before(flow) or any(
                call.name.casefold() == "workflow" or "idempot" in repr(site.part.value).casefold()
                for site, _ in creating
                for call in calls_in(site.part.get("inputs"))
            ):
                continue
            yield self.issue(
                flow,
                trigger.part,
                f"an event that {trigger.name!r} delivers twice makes {first.name!r} run twice",
                actions=(trigger.name, first.name),
                remedies=[
                    Remedy(text="look up the event's key before the first write", cost="one call a run"),
                    Remedy(text="write the key into a unique field", cost="a column"),
                ],
            )


def _is_looked_up(flow: Flow, site: Site, call: Call) -> bool:
    """Tell whether a condition around a create has asked the same table whether the row is there."""
    record = call.record
    if call.kind != "create" or record is None or len(record.store) < 2:
        return False
    searches = [
        other
        for other, read in flow.calling
        if read.kind == "read" and read.record is not None and read.record.store == record.store
    ]
    return any(
        depends_on(flow, expressions_in(each.part.get("expression")), search)
        for each in site.around()
        if each.folded in {"if", "switch"}
        for search in searches
    )


def _looks_before(flow: Flow) -> bool:
    """Tell whether a search by the trigger's data decides what happens."""
    searches = {site.key for site, call in flow.calling if call.kind == "read" and reads_trigger(sent_by(site))}
    return any(
        str(call.arguments[0].value).casefold() in searches
        for site in flow.sites
        if site.folded in {"if", "switch"}
        for call in calls_in(site.part.get("expression"))
        if call.arguments and hasattr(call.arguments[0], "value")
    )
