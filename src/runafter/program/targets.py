"""What a call goes to, as the three dialects write it.

* Power Automate: `host.apiId`, `host.connectionName`, `host.operationId`.
* Consumption and old Power Automate: `host.connection.name`, an expression over
  `$connections`, with `method` and `path`.
* Standard: `host.connection.referenceName`, or `serviceProviderConfiguration`.
"""

from __future__ import annotations

import re
from typing import Any

from runafter.definition.nodes import Definition
from runafter.profiles.load import get_profile
from runafter.program.draft import Draft
from runafter.program.outline import read_outline
from runafter.program.part import Part, is_dynamic
from runafter.protocol.commands import Target

_CONNECTION = re.compile(r"parameters\(\s*'\$connections'\s*\)\s*\??\s*\[\s*'((?:[^']|'')+)'\s*\]")
_NUMBERED = re.compile(r"(?:[-_]\d+|_#workflowname#)+$")
"""Designers name a connection for its connector and number the later ones: `shared_teams_1`, `servicebus-2`."""
_RUNTIME_API = re.compile(r"/apim/([\w.-]+)", re.IGNORECASE)


def find_target(draft: Draft, type_: str, part: Part) -> Target:
    """Read the target of an action or trigger of this type; what the author left out is None."""
    inputs = part.get("inputs")
    kind = part.text("kind")
    if inputs is None or not inputs.is_object:
        return Target(type=type_, kind=kind)
    host = inputs.get("host")
    folded = type_.casefold()
    if folded == "serviceprovider":
        provider = inputs.get("serviceProviderConfiguration")
        return Target(
            type=type_,
            kind=kind,
            api=provider.text("serviceProviderId") if provider is not None else None,
            operation=provider.text("operationId") if provider is not None else None,
            connection=provider.text("connectionName") if provider is not None else None,
        )
    if folded == "function":
        function = inputs.get("function")
        return Target(
            type=type_,
            kind=kind,
            api=function.text("id") if function is not None else None,
            connection=function.text("connectionName") if function is not None else None,
        )
    if folded == "invokefunction":
        return Target(type=type_, kind=kind, operation=inputs.text("functionName"))
    if folded in {"workflow", "invokeworkflow", "sendtobatch"}:
        return Target(type=type_, kind=kind, api=_workflow(host), operation=_text(host, "triggerName"))
    if folded == "apimanagement":
        api = inputs.at("api", "id") or inputs.at("apiManagement", "connection")
        return Target(
            type=type_,
            kind=kind,
            api=api.value if api is not None and isinstance(api.value, str) else None,
            operation=_text(inputs.get("apiManagement"), "operationId"),
        )
    if host is not None and host.is_object:
        return _connector(draft, type_, kind, host)
    return Target(type=type_, kind=kind)


def targets_of(definition: Definition) -> dict[str, Target]:
    """Return what each action and trigger goes to, by name, of a definition that need not be sound."""
    draft = Draft(
        definition=definition,
        profile=get_profile(definition.profile),
        root=Part(definition.value, definition.node),
        outline=read_outline(Part(definition.value, definition.node).get("actions")),
    )
    found = {site.name: find_target(draft, site.type, site.part) for site in draft.outline.sites}
    triggers = draft.root.get("triggers")
    for name, part in triggers.members() if triggers is not None else ():
        found.setdefault(name, find_target(draft, part.text("type") or "", part))
    return found


def connection_in(text: str) -> str | None:
    """Return the connection that an expression over `$connections` names."""
    match = _CONNECTION.search(text)
    return match[1].replace("''", "'") if match else None


def _connector(draft: Draft, type_: str, kind: str | None, host: Part) -> Target:
    connection = (
        host.text("connectionName")
        or host.text("connectionReferenceName")
        or _text(host.get("connection"), "referenceName")
    )
    if connection is None and (name := _text(host.get("connection"), "name")) is not None:
        connection = connection_in(name) or name
    api = _last(host.text("apiId"))
    if api is None and connection is not None:
        api = _api_of(draft, connection)
    if api is None and (found := host.at("api", "runtimeUrl")) is not None and isinstance(found.value, str):
        match = _RUNTIME_API.search(found.value)
        api = match[1] if match else None
    if api is None and connection is not None and not is_dynamic(connection):
        api = _NUMBERED.sub("", connection) or None
    return Target(type=type_, kind=kind, api=api, operation=host.text("operationId"), connection=connection)


def _api_of(draft: Draft, connection: str) -> str | None:
    connections = draft.definition.connections
    folded = connection.casefold()
    known = next((each for name, each in connections.items() if name.casefold() == folded), None)
    if known is not None and known.api:
        return known.api
    for held in _connection_values(draft):
        row = next((value for name, value in held.items() if name.casefold() == folded), None)
        if isinstance(row, dict):
            found = row.get("id") or row.get("apiId") or (row.get("api") or {}).get("id")
            if isinstance(found, str):
                return _last(found)
    return None


def _connection_values(draft: Draft) -> list[dict[str, Any]]:
    """Where `$connections` may be given: beside the definition, or as the parameter's default."""
    given = draft.definition.parameter_values.get("$connections")
    if isinstance(given, dict) and isinstance(given.get("value"), dict):
        given = given["value"]
    declared = (draft.root.at("parameters", "$connections", key) for key in ("value", "defaultValue"))
    inside = (part.value for part in declared if part is not None)
    return [value for value in (given, *inside) if isinstance(value, dict)]


def _workflow(host: Part | None) -> str | None:
    if host is None:
        return None
    workflow = host.get("workflow")
    return _text(workflow, "id") or _text(workflow, "name") or host.text("workflowReferenceName")


def _text(part: Part | None, key: str) -> str | None:
    return part.text(key) if part is not None else None


def _last(identifier: str | None) -> str | None:
    """The connector at the end of a resource id; a template expression has none."""
    if not identifier or identifier.startswith(("[", "@")):
        return None
    if identifier.startswith("/serviceProviders/"):
        return identifier
    return identifier.rstrip("/").rsplit("/", 1)[-1] or None
