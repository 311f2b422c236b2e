"""Actions that hold others: Scope, If, Switch, Foreach, Until."""

from __future__ import annotations

from typing import Any

from runafter.expressions.template import Template
from runafter.program.actions.base import Making
from runafter.program.conditions import condition_template
from runafter.program.part import Part, is_dynamic
from runafter.program.steps import Block, ForeachStep, IfStep, ScopeStep, SwitchStep, UntilStep
from runafter.values.wholes import whole


def make_scope(making: Making) -> ScopeStep:
    return ScopeStep(**making.common(), block=making.block("actions"))


def make_if(making: Making) -> IfStep:
    expression = making.part.get("expression")
    if expression is None:
        making.report("ACT002", f"If action {making.site.name!r} has no 'expression'")
    return IfStep(
        **making.common(),
        condition=condition_template(making.draft, expression, making.site),
        then=making.block("actions"),
        otherwise=making.block("else"),
    )


def make_switch(making: Making) -> SwitchStep:
    expression = making.part.get("expression")
    if expression is None:
        making.report("ACT002", f"Switch action {making.site.name!r} has no 'expression'")
    cases: list[tuple[str, Template, Block]] = []
    values: dict[tuple[str, Any], str] = {}
    for name, case in (making.part.get("cases") or Part({}, None)).members():
        wished = case.get("case")
        if wished is None:
            making.report("ACT002", f"case {name!r} of Switch {making.site.name!r} has no 'case'", case)
        elif isinstance(wished.value, bool) or not isinstance(wished.value, str | int):
            making.report("ACT005", f"case {name!r}: a case is a string or an integer, not {wished.value!r}", wished)
        elif not (isinstance(wished.value, str) and is_dynamic(wished.value)):
            key = (type(wished.value).__name__, wished.value)
            if key in values:
                making.report("ACT009", f"cases {values[key]!r} and {name!r} both wait for {wished.value!r}", wished)
            values.setdefault(key, name)
        cases.append((name, making.template(wished), making.block("case", name)))
    return SwitchStep(
        **making.common(),
        expression=making.template(expression),
        cases=tuple(cases),
        default=making.block("default"),
    )


def make_foreach(making: Making) -> ForeachStep:
    source = making.part.get("foreach")
    if source is None:
        making.report("ACT002", f"Foreach action {making.site.name!r} has no 'foreach'")
    return ForeachStep(
        **making.common(),
        source=making.template(source),
        concurrency=_repetitions(making),
        block=making.block("actions"),
    )


def make_until(making: Making) -> UntilStep:
    expression = making.part.get("expression")
    if expression is None:
        making.report("ACT002", f"Until action {making.site.name!r} has no 'expression'")
    return UntilStep(
        **making.common(),
        condition=condition_template(making.draft, expression, making.site, "loop_condition"),
        limit_count=_limit_count(making),
        limit_timeout_s=_limit_timeout(making),
        fails_at_limit=making.has_option("FailWhenLimitsReached"),
        block=making.block("actions"),
    )


def _repetitions(making: Making) -> int:
    """Return how many iterations run at a time: as set, else 1 when Sequential, else the dialect's default."""
    profile = making.draft.profile
    low, high = profile.limit("foreach_concurrency_min"), profile.limit("foreach_concurrency_max")
    default: int = profile.default("foreach_concurrency")
    if making.has_option("Sequential"):
        return 1
    written = making.part.at("runtimeConfiguration", "concurrency", "repetitions")
    if written is None:
        # A loop inside a loop takes one item at a time in Logic Apps, unless it says otherwise.
        nested = any(site.folded == "foreach" for site in making.site.around())
        return 1 if nested else default
    value = written.value
    value = whole(value)
    if isinstance(value, str) and is_dynamic(value):
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        making.report(
            "LIM021",
            f"Foreach {making.site.name!r} wants {written.value!r} repetitions; allowed are {low} to {high}",
            written,
        )
        return default
    return value


def _limit_count(making: Making) -> Template | int:
    profile = making.draft.profile
    written = making.part.at("limit", "count")
    if written is None:
        return int(profile.default("until_count"))
    value = written.value
    if isinstance(value, str) and is_dynamic(value):
        return making.template(written)
    value = whole(value)
    most = profile.limit("until_count")
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        making.report("ACT005", f"limit.count is {written.value!r}; a whole number above 0 is needed", written)
        return int(profile.default("until_count"))
    if value > most:
        making.report("LIM018", f"limit.count is {value}; an Until repeats at most {most} times", written)
    return value


def _limit_timeout(making: Making) -> Template | float:
    written = making.part.at("limit", "timeout")
    if written is not None and isinstance(written.value, str) and is_dynamic(written.value):
        return making.template(written)
    seconds = making.seconds(written, "limit.timeout")
    return float(making.draft.profile.default("until_timeout_s")) if seconds is None else seconds
