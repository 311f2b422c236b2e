"""Triggers: fields, schedules, split-on, conditions, concurrency."""

from __future__ import annotations

from typing import Any

from runafter.expressions.template import Template
from runafter.program.actions.base import secured_names
from runafter.program.conditions import condition_template
from runafter.program.draft import Draft
from runafter.program.hints import did_you_mean
from runafter.program.part import Part, is_dynamic
from runafter.program.recurrence import Recurrence, RecurrenceFault, parse_recurrence
from runafter.program.retry import RetryFault, RetryPolicy, default_policy, parse_policy
from runafter.program.steps import Trigger
from runafter.program.targets import find_target
from runafter.values.time import duration_s
from runafter.values.wholes import whole

TRIGGERS: dict[str, tuple[str, ...]] = {
    "Request": (),
    "Manual": (),
    "Recurrence": (),
    "SlidingWindow": (),
    "Http": ("method", "uri"),
    "HttpWebhook": ("subscribe",),
    "ApiConnection": ("host",),
    "ApiConnectionWebhook": ("host",),
    "ApiConnectionNotification": ("host",),
    "OpenApiConnection": ("host",),
    "OpenApiConnectionWebhook": ("host",),
    "OpenApiConnectionNotification": ("host",),
    "ServiceProvider": ("serviceProviderConfiguration",),
    "ApiManagement": (),
    "ApiApp": (),
    "Function": (),
    "Workflow": (),
    "Batch": (),
    "As2Receive": (),
    "X12Receive": (),
    "EdifactReceive": (),
    "Liquid": (),
}
"""Trigger types with what `inputs` must have."""

SCHEDULED = frozenset({"recurrence", "slidingwindow"})
_BY_FOLDED = {name.casefold(): name for name in TRIGGERS}


def make_triggers(draft: Draft) -> dict[str, Trigger]:
    """Turn every trigger into its shape; faults become findings."""
    made: dict[str, Trigger] = {}
    triggers = draft.root.get("triggers")
    for name, part in triggers.members() if triggers is not None else ():
        if not part.is_object:
            draft.report("ACT008", f"trigger {name!r} is no object", part)
            continue
        trigger = _make(draft, name, part)
        if trigger is not None:
            made[name] = trigger
    if not made and not (triggers is not None and list(triggers.members())):
        draft.report("ACT010", "the definition has no trigger", triggers or draft.root)
    return made


def _make(draft: Draft, name: str, part: Part) -> Trigger | None:
    written = part.text("type") or ""
    type_ = _BY_FOLDED.get(written.casefold())
    if type_ is None:
        place = part.get("type") or part
        if is_dynamic(written):
            draft.report("REF007", f"the type of trigger {name!r} is not resolved: {written}", place)
            type_ = written
        elif not written:
            draft.report("ACT002", f"trigger {name!r} has no 'type'", part)
            return None
        else:
            hint = did_you_mean(written, TRIGGERS)
            draft.report("ACT001", f"{written!r} is no trigger type (trigger {name!r})", place, hint=hint)
            return None
    inputs = part.get("inputs")
    _require(draft, name, type_, inputs, part)
    secured = secured_names(part)
    schema = inputs.get("schema") if inputs is not None else None
    tracked, split = part.get("trackedProperties"), part.get("splitOn")
    tracking = part.at("correlation", "clientTrackingId")
    options = _options(part)
    return Trigger(
        name=name,
        type=type_,
        kind=part.text("kind"),
        pointer=part.pointer,
        inputs=draft.without(inputs, None, "schema", "unsubscribe", role="trigger"),
        target=find_target(draft, type_, part) if inputs is not None and inputs.is_object else None,
        conditions=_conditions(draft, part),
        split_on=draft.template(split, None, "trigger") if split is not None else None,
        concurrency=_concurrency(draft, name, part, options),
        recurrence=_recurrence(draft, name, type_, part),
        schema=schema.value if schema is not None else None,
        validates_schema="enableschemavalidation" in {option.casefold() for option in options},
        method=inputs.text("method") if inputs is not None else None,
        relative_path=inputs.text("relativePath") if inputs is not None else None,
        correlation=draft.template(tracking, None, "trigger") if tracking is not None else None,
        retry=_retry(draft, inputs),
        tracked=draft.template(tracked, None, "trigger") if tracked is not None else None,
        secure_inputs="inputs" in secured,
        secure_outputs="outputs" in secured,
        operation_options=options,
    )


def _require(draft: Draft, name: str, type_: str, inputs: Part | None, part: Part) -> None:
    if inputs is not None and isinstance(inputs.value, str):
        return
    for field in TRIGGERS.get(type_, ()):
        if inputs is None or not inputs.has(field):
            draft.report("ACT002", f"{type_} trigger {name!r} has no '{field}'", inputs or part)


def _options(part: Part) -> tuple[str, ...]:
    text = part.text("operationOptions") or ""
    return tuple(option.strip() for option in text.split(",") if option.strip())


def _conditions(draft: Draft, part: Part) -> tuple[Template, ...]:
    found: list[Template] = []
    written = part.get("conditions")
    for row in written.items() if written is not None else ():
        expression = row.get("expression") if row.is_object else row
        if expression is None:
            draft.report("ACT002", "a trigger condition has no 'expression'", row)
        else:
            found.append(condition_template(draft, expression, None, "trigger"))
    return tuple(found)


def _concurrency(draft: Draft, name: str, part: Part, options: tuple[str, ...]) -> tuple[int, int] | None:
    """Return (runs at a time, runs that may wait) where concurrency is switched on."""
    profile = draft.profile
    single = "singleinstance" in {option.casefold() for option in options}
    written = part.at("runtimeConfiguration", "concurrency")
    base: int = profile.default("waiting_runs_base")
    if written is None:
        return (1, base + 1) if single else None
    if single:
        draft.report("TRG011", f"trigger {name!r} has both SingleInstance and concurrency", written)
    low, high = profile.limit("trigger_concurrency_min"), profile.limit("trigger_concurrency_max")
    runs = _bounded(draft, written.get("runs"), low, high, f"trigger {name!r} wants", "runs at a time")
    runs = profile.default("trigger_concurrency") if runs is None else runs
    most = profile.limit("waiting_runs_max")
    waiting = _bounded(draft, written.get("maximumWaitingRuns"), 1, most, f"trigger {name!r} lets", "runs wait")
    return runs, min(base + runs, most) if waiting is None else waiting


def _bounded(draft: Draft, part: Part | None, low: int, high: int, who: str, what: str) -> int | None:
    if part is None:
        return None
    value = part.value
    value = whole(value)
    if isinstance(value, str) and is_dynamic(value):
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        draft.report("LIM021", f"{who} {part.value!r} {what}; allowed are {low} to {high}", part)
        return None
    return value


def _recurrence(draft: Draft, name: str, type_: str, part: Part) -> Recurrence | None:
    inputs = part.get("inputs")
    written = part.get("recurrence") or (inputs.get("recurrence") if inputs is not None else None)
    if written is None:
        if type_.casefold() in SCHEDULED:
            draft.report("ACT002", f"{type_} trigger {name!r} has no 'recurrence'", part)
        return None
    if any(is_dynamic(text) for _, text in written.strings()):
        draft.template(written, None, "trigger")
        return None
    try:
        recurrence = parse_recurrence(written.value)
    except RecurrenceFault as fault:
        place = written.get(fault.field) or written.at("schedule", fault.field) or written
        draft.report("TRG010", f"trigger {name!r}: {fault}", place)
        return None
    _check_delay(draft, name, type_, inputs)
    shortest = draft.profile.limit("recurrence_min_s")
    if recurrence.nominal_s < shortest and not recurrence.has_schedule:
        draft.report(
            "TRG010", f"trigger {name!r} fires more often than every {shortest} s", written, severity="warning"
        )
    return recurrence


def _check_delay(draft: Draft, name: str, type_: str, inputs: Part | None) -> None:
    delay = inputs.get("delay") if inputs is not None and type_.casefold() == "slidingwindow" else None
    if delay is None or (isinstance(delay.value, str) and is_dynamic(delay.value)):
        return
    try:
        fits = duration_s(delay.value) >= 0
    except (TypeError, ValueError):
        fits = False
    if not fits:
        draft.report("TRG010", f"trigger {name!r}: 'delay' is {delay.value!r}; an ISO 8601 duration is needed", delay)


def _retry(draft: Draft, inputs: Part | None) -> RetryPolicy | None:
    written: Any = inputs.get("retryPolicy") if inputs is not None else None
    if written is None or any(is_dynamic(text) for _, text in written.strings()):
        return None
    try:
        return parse_policy(written.value, draft.profile)
    except RetryFault as fault:
        draft.report("ACT011", str(fault), (written.get(fault.field) if fault.field else None) or written)
        return default_policy(draft.profile)
