from __future__ import annotations

from collections.abc import Iterator

from runafter.lint.analysis.starting import fires_on_change, has_filter
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at


class UpdatesWhatTriggersIt(Rule):
    """The flow changes records of the list whose changes start it.

    Why: its own update starts it again, and that run updates again, until the platform stops it.
    Instead: a trigger condition that is false after the update (`not(equals(triggerBody()?['Status'], 'Done'))`), or
    filtering columns that leave out what the flow writes.
    Safe when: the update is inside a condition that is false the second time.
    Source: Microsoft Learn, "Avoid infinite trigger loops" and "Customize your triggers with conditions".
    """

    code = "TRG005"
    family = "trigger"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for trigger in flow.triggers:
            if not fires_on_change(trigger) or has_filter(trigger) or trigger.call is None:
                continue
            inputs = trigger.part.at("inputs", "parameters")
            table = inputs.get("table") or inputs.get("subscriptionRequest/entityname") if inputs is not None else None
            for site, call in flow.calling:
                if (
                    call.kind != "update"
                    or call.api != trigger.call.api
                    or any(s.folded == "if" for s in site.around())
                ):
                    continue
                mine = site.part.at("inputs", "parameters", "table") or site.part.at(
                    "inputs", "parameters", "entityName"
                )
                same = _same_table(table.value if table else None, mine.value if mine else None) or (
                    call.record is not None
                    and trigger.call.record is not None
                    and len(call.record.store) > 1
                    and call.record.store == trigger.call.record.store
                )
                if same:
                    yield self.issue(
                        flow,
                        site.part,
                        f"{site.name!r} changes what {trigger.name!r} watches: each run starts the next one",
                        sites=(site,),
                        evidence=[at(f"{trigger.name!r} fires on every edit", trigger.part)],
                    )
                    break


def _same_table(one: object, other: object) -> bool:
    """Compare table names; Dataverse says `account` in triggers and `accounts` in actions."""
    if not isinstance(one, str) or not isinstance(other, str):
        return False
    mine, theirs = one.casefold(), other.casefold()
    return mine == theirs or theirs in {f"{mine}s", f"{mine}es", f"{mine[:-1]}ies"}
