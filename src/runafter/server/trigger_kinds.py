"""How each kind of trigger comes to its events here, and which kinds do not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from runafter.program.steps import Trigger

_CALLED = {"request", "manual"}
_SCHEDULED = {"recurrence", "slidingwindow", "http"}
_POLLING = {
    "apiconnection",
    "openapiconnection",
    "serviceprovider",
    # The service pokes and the platform then fetches; what is fetched is the same without the poke.
    "apiconnectionnotification",
    "openapiconnectionnotification",
}
_CALLED_BACK = {"apiconnectionwebhook", "openapiconnectionwebhook"}
_REFUSED = {
    "batch": "batch triggers need the platform's own store of messages",
    "apimanagement": "its API Management instance is outside",
    "apiapp": "API apps were retired",
    "function": "its function app is outside",
    "workflow": "a child flow has a Request trigger",
    "as2receive": "it needs an integration account",
    "x12receive": "it needs an integration account",
    "edifactreceive": "it needs an integration account",
    "liquid": "it needs a Liquid template engine",
}


def is_connector(trigger: Trigger) -> bool:
    """Tell a connector's trigger from those that are part of the language."""
    return trigger.type.casefold() in _POLLING | _CALLED_BACK


def polls_connector(trigger: Trigger) -> bool:
    return trigger.type.casefold() in _POLLING


def is_subscribed(trigger: Trigger) -> bool:
    """Tell whether the trigger waits to be called: `HttpWebhook`, or a connector's webhook."""
    return trigger.type.casefold() in _CALLED_BACK | {"httpwebhook"}


def refusal(trigger: Trigger) -> str | None:
    """Return why the trigger never fires here, None where it does. Its flow can be run by hand all the same."""
    folded = trigger.type.casefold()
    if folded in _CALLED | _SCHEDULED or is_connector(trigger) or is_subscribed(trigger):
        return None
    reason = _REFUSED.get(folded)
    return f"{trigger.type} triggers are not served" + (f": {reason}" if reason else "")


def fetched(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return a poll's inputs: of a notification trigger those of its `fetch` part."""
    fetch = inputs.get("fetch")
    if not isinstance(fetch, Mapping):
        return dict(inputs)
    template = fetch.get("pathTemplate")
    path = str(template.get("template") or "") if isinstance(template, Mapping) else str(fetch.get("path") or "")
    values = template.get("parameters") if isinstance(template, Mapping) else None
    for name, value in values.items() if isinstance(values, Mapping) else ():
        path = path.replace("{" + str(name) + "}", quote(str(value), safe=""))
    rest = {name: value for name, value in inputs.items() if name not in {"fetch", "subscribe"}}
    asked = {name: value for name, value in fetch.items() if name != "pathTemplate"}
    return {**rest, **asked, "path": path}
