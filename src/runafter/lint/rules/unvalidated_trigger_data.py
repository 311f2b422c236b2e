from __future__ import annotations

from collections.abc import Iterator

from runafter.expressions.ast import Expression
from runafter.lint.analysis.reading import depends_on, expressions_in, reads_trigger, sent_by, variables_read
from runafter.lint.analysis.starting import is_schedule
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at
from runafter.program.outline import Site

_CALLED = frozenset({"workflow", "invokeworkflow", "function", "invokefunction"})
"""What is called checks its own input."""


class UnvalidatedTriggerData(Rule):
    """Data of the trigger reaches a write without being checked on the way.

    Why: an empty customer or an amount in words fails three steps later, after the first write, with an error that names
    neither. Or it does not fail, and is stored.
    Instead: Parse JSON with required fields, or a condition on the trigger's data, before the first write; end the run
    with a message otherwise.
    Safe when: the trigger itself checks (schema validation, a condition on the fields used).
    Source: Microsoft Learn, "Validate the schema of request bodies" and "Perform data operations" (Parse JSON).
    """

    code = "VAL001"
    severity = "note"
    family = "validation"

    def check(self, flow: Flow) -> Iterator[Issue]:
        if not flow.triggers or all(is_schedule(trigger) for trigger in flow.triggers):
            return
        for trigger in flow.triggers:
            if "enableschemavalidation" in (trigger.part.text("operationOptions") or "").casefold():
                return
            conditions = trigger.part.get("conditions")
            if conditions is not None and conditions.value:
                return
        guards = [site for site in flow.sites if _is_guard(flow, site)]
        for site, call in flow.calling:
            if not (call.writes or call.kind == "execute") or call.api in _CALLED:
                continue
            inputs = sent_by(site)
            if not inputs or not (reads_trigger(inputs) or _through(flow, inputs)):
                continue
            around = {each.key for each in site.around()}
            if any(guard.key in around or flow.order.is_before(guard, site) for guard in guards):
                continue
            yield self.issue(
                flow,
                site.part,
                f"{site.name!r} ({call.title}) writes data of the trigger that nothing has checked",
                sites=(site,),
                evidence=[at(f"{flow.triggers[0].name!r} brings it", flow.triggers[0].part)],
                hint="Parse it with a schema that says what is required, or test it, before the first write.",
            )
            return


def _is_guard(flow: Flow, site: Site) -> bool:
    if site.folded == "parsejson":
        content = expressions_in(site.part.at("inputs", "content"))
        return bool(site.part.at("inputs", "schema")) and (reads_trigger(content) or _over_trigger(flow, content))
    if site.folded in {"if", "switch"}:
        condition = expressions_in(site.part.get("expression"))
        return reads_trigger(condition) or _over_trigger(flow, condition)
    return False


def _over_trigger(flow: Flow, expressions: list[Expression]) -> bool:
    """Tell whether a value may come from the trigger over another action or a variable."""
    return _through(flow, expressions) or bool(variables_read(expressions))


def _through(flow: Flow, expressions: list[Expression]) -> bool:
    """Tell whether a value comes from the trigger over a Compose, Select or the like."""
    return any(
        depends_on(flow, expressions, site) and any(reads_trigger([use.expression]) for use in flow.uses_of(site))
        for site in flow.sites
        if site.folded in {"compose", "parsejson", "select", "query", "join"}
    )
