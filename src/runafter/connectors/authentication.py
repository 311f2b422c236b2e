"""The `authentication` of an HTTP action: its kinds, what each needs, and the header an emulated call carries.

Kinds and their properties after Microsoft Learn, "Add authentication to outbound calls", from experience of the
platform, not verified against a page.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from runafter.expressions.nearest import nearest
from runafter.protocol.events import Outcome

KINDS = {
    "Basic": ("username", "password"),
    "ClientCertificate": ("pfx",),
    "ActiveDirectoryOAuth": ("audience", "clientId"),
    "ManagedServiceIdentity": (),
    "Raw": ("value",),
}
"""Kind to the properties that it cannot do without; OAuth needs `secret` or `pfx` besides."""

_BY_NAME = {kind.casefold(): kind for kind in KINDS}


def authentication_fault(given: Any) -> Outcome | None:
    """Return the failure of an action whose authentication is none that the platform takes, else None."""
    if given is None or given in ("", {}):
        return None
    if not isinstance(given, Mapping):
        return _refused("The authentication is no object.")
    fields = {str(name).casefold(): value for name, value in given.items() if value not in (None, "")}
    written = str(fields.get("type", ""))
    kind = _BY_NAME.get(written.casefold())
    if kind is None:
        meant = nearest(written, KINDS)
        ending = f"did you mean '{meant}'?" if meant else f"there are {', '.join(KINDS)}."
        return _refused(f"The authentication type '{written}' is not known; {ending}")
    missing = [name for name in KINDS[kind] if name.casefold() not in fields]
    if kind == "ActiveDirectoryOAuth" and not {"secret", "pfx"} & set(fields):
        missing.append("secret")
    if missing:
        return _refused(f"The authentication of type '{kind}' needs {', '.join(map(repr, missing))}.")
    return None


def _refused(message: str) -> Outcome:
    return Outcome(code="InvalidAuthentication", message=message, retriable=False)


def authorization(given: Any) -> str | None:
    """Return the Authorization header that an emulated service sees; of tokens only for whom they were made."""
    if not isinstance(given, Mapping) or not given:
        return None
    fields = {str(name).casefold(): value for name, value in given.items()}
    match str(fields.get("type", "")).casefold():
        case "basic":
            pair = f"{fields.get('username')}:{fields.get('password')}"
            return f"Basic {base64.b64encode(pair.encode()).decode()}"
        case "raw":
            return str(fields.get("value"))
        case "activedirectoryoauth" | "managedserviceidentity":
            return f"Bearer emulated:{fields.get('audience') or 'https://management.azure.com/'}"
        case _:
            return None
