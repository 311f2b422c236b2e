"""What starts a flow: an event, a schedule, a person or another flow; and what the event is about."""

from __future__ import annotations

import re

from runafter.lint.flow import Flow, TriggerPart

_CHANGE = re.compile(r"(modif|updat|change|edit)", re.IGNORECASE)
_MANUAL_KINDS = frozenset({"button", "powerapp", "powerappv2", "skills", "virtualagent", "powerpages", "agent"})


def is_schedule(trigger: TriggerPart) -> bool:
    return trigger.folded in {"recurrence", "slidingwindow"}


def is_manual(trigger: TriggerPart) -> bool:
    """Tell whether a person or another flow starts it, and waits for it."""
    return trigger.folded in {"manual", "agent", "batch"} or (
        trigger.folded == "request" and (trigger.part.text("kind") or "").casefold() in _MANUAL_KINDS
    )


def is_event(trigger: TriggerPart) -> bool:
    """Tell whether something that happened elsewhere starts the flow: a connector's event, a queue, a plain request."""
    return not is_schedule(trigger) and not is_manual(trigger)


def operation_text(trigger: TriggerPart) -> str:
    """Return what names the event: operation and path, not the trigger's own name."""
    inputs = trigger.part.get("inputs")
    path = inputs.text("path") if inputs is not None and inputs.is_object else None
    title = trigger.call.title if trigger.call is not None else ""
    return f"{title} {path or ''}"


def fires_on_change(trigger: TriggerPart) -> bool:
    """Tell whether every edit of a record starts the flow."""
    if trigger.call is None:
        return False
    text = operation_text(trigger).casefold()
    if "onupdated" in text or "getonchanged" in text or "onupdateditems" in text:
        return True
    parameters = trigger.part.at("inputs", "parameters")
    message = parameters.get("subscriptionRequest/message") if parameters is not None else None
    if (
        message is not None
    ):  # Dataverse: 1 added, 2 deleted, 3 modified, 4 to 7 combinations; 3, 4, 5, 7 hold "modified"
        return str(message.value) in {"3", "4", "6", "7"}
    return bool(_CHANGE.search(text)) and "subscri" not in text


def has_filter(trigger: TriggerPart) -> bool:
    """Tell whether a trigger has a condition, or a filter of its connector."""
    conditions = trigger.part.get("conditions")
    if conditions is not None and conditions.value:
        return True
    inputs = trigger.part.get("inputs")
    text = repr(inputs.value).casefold() if inputs is not None else ""
    return any(
        word in text
        for word in ("filterexpression", "filteringattributes", "$filter", "'view'", '"view"', "scopebyviewid")
    )


def concurrency(flow: Flow, trigger: TriggerPart) -> int | None:
    """Return how many runs may be under way at once; None where nothing limits them."""
    if "singleinstance" in (trigger.part.text("operationOptions") or "").casefold():
        return 1
    runs = trigger.part.at("runtimeConfiguration", "concurrency", "runs")
    if runs is None:
        return None
    return runs.value if isinstance(runs.value, int) else 100
