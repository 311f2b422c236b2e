"""Where an operation that calls back takes the address to call, and what ends such a subscription.

A custom connector marks the property with `x-ms-notification-url`; Microsoft's
own have a parameter by one of a few names. The service answers the subscription
with a `Location`, and a DELETE there ends it.
Source: Microsoft Learn, "Webhook trigger" of "Create triggers for custom connectors", read 2026-11-21.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from runafter.connectors.manifest import Operation
from runafter.errors import NotSupported

_NAMES = ("notificationurl", "callback_url", "url")


def notification_parameter(operation: Operation) -> str | None:
    """Return the flat name of the parameter that takes the address (`body/callback_url`), None where there is none."""
    if operation.notification is not None:
        return operation.notification
    if not operation.webhook:
        return None
    found = {name.rpartition("/")[2].casefold(): name for name in operation.facts.parameters if "/" in name}
    return next((found[name] for name in _NAMES if name in found), None)


def notified(operation: Operation, arguments: Mapping[str, Any], callback_url: str) -> dict[str, Any]:
    """Return the arguments with the address where the author wrote none.

    Raises:
        NotSupported: the operation is a trigger and has no parameter for it.
    """
    name = notification_parameter(operation)
    if name is None:
        if operation.facts.is_trigger:
            raise NotSupported(
                f"{operation.facts.connector}/{operation.id} has no parameter for the address to call",
                hint="Use the emulated transport, or a trigger that polls.",
            )
        return dict(arguments)
    return _set(arguments, name.split("/"), callback_url)


def _set(values: Mapping[str, Any], path: list[str], address: str) -> dict[str, Any]:
    first, *rest = path
    inner = values.get(first)
    if not rest:
        return {**values, first: inner or address}
    return {**values, first: _set(inner if isinstance(inner, Mapping) else {}, rest, address)}


def address_in(operation: Operation, arguments: Mapping[str, Any]) -> str | None:
    """Return the address that a subscription is to call."""
    name = notification_parameter(operation)
    found: Any = arguments if name is not None else None
    for part in name.split("/") if name is not None else ():
        found = found.get(part) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) and found else None


def digest_of(address: str) -> str:
    """Return by what a subscription is known without saying its address, which is signed."""
    return hashlib.sha256(address.encode()).hexdigest()[:32]
