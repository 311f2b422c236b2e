"""Telling somebody about a failure, over a connection for mail that the flow already has.

Whom to tell is a parameter of the flow, empty until somebody sets it: a repair
must not begin to send mail by itself, and the people whom the flow writes to
are perhaps its customers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from runafter.lint.flow import Flow
from runafter.lint.repairs.front import free_name
from runafter.program.outline import Site

ADDRESS = "failureMailbox"
RETRY = {"type": "exponential", "count": 4, "interval": "PT10S", "minimumInterval": "PT10S", "maximumInterval": "PT1M"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Actions of a handler by name, and the parameters of the flow that they read."""

    actions: dict[str, Any]
    parameters: dict[str, Any]


def telling(flow: Flow, after: str, detail: str) -> Telling | None:
    """Return the mail that a failure sends, behind the action `after`; `detail` names the action with the error.

    None where the flow has no connection for mail.
    """
    inputs = next((made for site, call in flow.calling if call.kind == "send" and (made := _mail(site, detail))), None)
    if inputs is None:
        return None
    mail = free_name(flow, "Mail_the_failure")
    type_ = next(site.type for site, call in flow.calling if call.kind == "send" and _mail(site, detail) is not None)
    action = {
        "type": type_,
        "runAfter": {},
        "inputs": {**inputs, "retryPolicy": RETRY},
        "limit": {"timeout": "PT5M"},
    }
    name = free_name(flow, "Tell_about_the_failure")
    condition = {
        "type": "If",
        "runAfter": {after: ["Succeeded"]},
        "expression": {"not": {"equals": [f"@empty(coalesce(parameters('{ADDRESS}'), ''))", True]}},
        "actions": {mail: action},
        "else": {"actions": {}},
    }
    parameter = {
        "type": "String",
        "defaultValue": "",
        "metadata": {"description": "Where a mail goes when a run fails; empty: nowhere."},
    }
    return Telling(actions={name: condition}, parameters={ADDRESS: parameter})


def _mail(site: Site, detail: str) -> dict[str, Any] | None:
    """Return the inputs of a mail that the flow sends, with receiver, subject and text of ours."""
    inputs = site.part.get("inputs")
    if inputs is None or not isinstance(inputs.value, dict):
        return None
    host = inputs.value.get("host")
    if not isinstance(host, dict):
        return None
    kept = {key: inputs.value[key] for key in ("host", "method", "path", "authentication") if key in inputs.value}
    for place in ("parameters", "body"):
        given = inputs.value.get(place)
        if isinstance(given, dict):
            fields = _fields(given, detail)
            if fields is not None:
                path = inputs.value.get("path")
                if place == "body" and not ("mail" in str(path).casefold() or path is None):
                    return None
                return {**kept, place: fields}
    return None


def _fields(given: dict[str, Any], detail: str) -> dict[str, Any] | None:
    """Fill the fields of a mail by the last word of their names; None where there is no receiver, subject or text."""
    found: dict[str, str] = {}
    for key in given:
        word = str(key).rsplit("/", 1)[-1].casefold()
        found.setdefault({"text": "body", "htmlbody": "body"}.get(word, word), str(key))
    if not {"to", "subject", "body"} <= set(found):
        return None
    text = f"@{{outputs('{detail}')?['action']}}: @{{outputs('{detail}')?['message']}} (run @{{outputs('{detail}')?['run']}})"
    return {
        found["to"]: f"@parameters('{ADDRESS}')",
        found["subject"]: f"Failed: @{{outputs('{detail}')?['flow']}}",
        found["body"]: f"<p>{text}</p>",
    }
