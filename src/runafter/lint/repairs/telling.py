"""Telling somebody about a failure, over a connection for mail or chat that the flow already has.

Whom to tell is a parameter of the flow, empty until somebody sets it: a repair
must not begin to send by itself, and the people whom the flow writes to are
perhaps its customers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from runafter.lint.flow import Flow
from runafter.lint.repairs.front import free_name
from runafter.program.outline import Site

ADDRESS = "failureMailbox"
CHANNEL = "failureChannel"
RETRY = {"type": "exponential", "count": 4, "interval": "PT10S", "minimumInterval": "PT10S", "maximumInterval": "PT1M"}
_TEXTS = {
    ADDRESS: "Where a mail goes when a run fails; empty: nowhere.",
    CHANNEL: "The channel that is told when a run fails; empty: none.",
}
_CHANNELS = frozenset({"channelid", "channel"})
_MESSAGES = frozenset({"messagebody", "message", "text"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Actions of a handler by name, and the parameters of the flow that they read."""

    actions: dict[str, Any]
    parameters: dict[str, Any]


def telling(flow: Flow, after: str, detail: str) -> Telling | None:
    """Return the mail or post that a failure sends, behind the action `after`; `detail` names the action with the error.

    None where the flow has no connection for either.
    """
    sending = [site for site, call in flow.calling if call.kind == "send" and not call.waits]
    for address, make, wished in ((ADDRESS, _mail, "Mail_the_failure"), (CHANNEL, _post, "Post_the_failure")):
        for site in sending:
            inputs = _inputs(site, make, detail)
            if inputs is not None:
                return _made(flow, address, free_name(flow, wished), site.type, inputs, after)
    return None


def _made(flow: Flow, address: str, name: str, type_: str, inputs: dict[str, Any], after: str) -> Telling:
    action = {
        "type": type_,
        "runAfter": {},
        "inputs": {**inputs, "retryPolicy": RETRY},
        "limit": {"timeout": "PT5M"},
    }
    condition = {
        "type": "If",
        "runAfter": {after: ["Succeeded"]},
        "expression": {"not": {"equals": [f"@empty(coalesce(parameters('{address}'), ''))", True]}},
        "actions": {name: action},
        "else": {"actions": {}},
    }
    parameter = {"type": "String", "defaultValue": "", "metadata": {"description": _TEXTS[address]}}
    return Telling(
        actions={free_name(flow, "Tell_about_the_failure"): condition},
        parameters={address: parameter},
    )


def _inputs(site: Site, make: Any, detail: str) -> dict[str, Any] | None:
    """Return the inputs of a call like this one, with receiver and text of ours."""
    inputs = site.part.get("inputs")
    if inputs is None or not isinstance(inputs.value, dict) or not isinstance(inputs.value.get("host"), dict):
        return None
    value = inputs.value
    kept = {key: value[key] for key in ("host", "method", "path", "authentication") if key in value}
    for place in ("parameters", "body"):
        given = value.get(place)
        if not isinstance(given, dict) or (place == "body" and "mail" not in str(value.get("path")).casefold()):
            continue
        fields = make(given, detail)
        if fields is not None:
            return {**kept, place: fields}
    return None


def _mail(given: dict[str, Any], detail: str) -> dict[str, Any] | None:
    """Fill the fields of a mail by the last word of their names; None where there is no receiver, subject or text."""
    found: dict[str, str] = {}
    for key in given:
        word = str(key).rsplit("/", 1)[-1].casefold()
        found.setdefault({"text": "body", "htmlbody": "body"}.get(word, word), str(key))
    if not {"to", "subject", "body"} <= set(found):
        return None
    return {
        found["to"]: f"@parameters('{ADDRESS}')",
        found["subject"]: f"Failed: @{{outputs('{detail}')?['flow']}}",
        found["body"]: f"<p>{_text(detail)}</p>",
    }


def _post(given: dict[str, Any], detail: str) -> dict[str, Any] | None:
    """Keep what is fixed of a post and fill channel and text; None where something else of it is computed."""
    fields: dict[str, Any] = {}
    for key, value in given.items():
        word = str(key).rsplit("/", 1)[-1].casefold()
        if word in _CHANNELS:
            fields[key] = f"@parameters('{CHANNEL}')"
        elif word in _MESSAGES:
            fields[key] = _text(detail)
        elif isinstance(value, str) and not value.startswith("@") and "@{" not in value:
            fields[key] = value
        else:
            return None
    words = {str(key).rsplit("/", 1)[-1].casefold() for key in fields}
    return fields if words & _CHANNELS and words & _MESSAGES else None


def _text(detail: str) -> str:
    return f"@{{outputs('{detail}')?['action']}}: @{{outputs('{detail}')?['message']}} (run @{{outputs('{detail}')?['run']}})"
