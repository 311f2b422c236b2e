"""From one container to another: what can be carried over, and what would be lost, said before it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from runafter.definition.nodes import Definition
from runafter.definition.write import canonical_value
from runafter.errors import NotSupported

CONTAINERS = ("definition", "clientdata", "consumption", "standard")


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """A definition in another container: `document` is plain JSON, `lost` names what has no place in it.

    `text` is the canonical text: numbers and keys that stand twice are as the author wrote them, which plain JSON
    cannot hold.
    """

    document: Any
    text: str
    lost: tuple[str, ...]


def convert(definition: Definition, container: str) -> Converted:
    """Return the definition in `container` (one of `CONTAINERS`), unknown fields of the definition kept.

    Raises:
        NotSupported: the dialects differ, so that the actions themselves would have to change.
    """
    lost: list[str] = []
    if definition.resolved is not None:
        lost.append("template expressions, written as their values")
    if definition.unresolved:
        lost.append("template expressions: " + ", ".join(definition.unresolved[:5]))
    if container != "definition":
        _same_dialect(definition, container)
    if definition.environment_variables:
        lost.append("environment variables of the solution: " + ", ".join(sorted(definition.environment_variables)[:5]))
    lost += _without_place(definition, container)
    written: Any = definition.node if definition.resolved is None else definition.value
    return Converted(
        document=_around(definition, definition.value, container),
        text=canonical_value(_around(definition, written, container)),
        lost=tuple(lost),
    )


def _without_place(definition: Definition, container: str) -> list[str]:
    """Name what stands outside the definition and has no place in the container."""
    if container == "definition":
        connections = [f"connections: {', '.join(definition.connections)}"] if definition.connections else []
        return connections + _outer(definition, parameters=True, kind=True)
    if container == "clientdata":
        return _outer(definition, parameters=True, kind=False)
    if container == "standard":
        named = ", ".join(definition.connections)
        connections = [f"connections (they belong into connections.json): {named}"] if named else []
        return connections + _outer(definition, parameters=True, kind=False)
    return _outer(definition, parameters=False, kind=definition.profile == "logic-apps-standard")


def _around(definition: Definition, inner: Any, container: str) -> Any:
    """Return the container's JSON around a definition."""
    if container == "definition":
        return inner
    if container == "clientdata":
        references = {name: _reference(definition, name) for name in definition.connections}
        return {"properties": {"connectionReferences": references, "definition": inner}, "schemaVersion": "1.0.0.0"}
    if container == "standard":
        return {"definition": inner, "kind": definition.workflow_kind or "Stateful"}
    parameters = {name: {"value": given} for name, given in definition.parameter_values.items()}
    if definition.connections and "$connections" not in parameters:
        parameters["$connections"] = {
            "value": {
                name: {
                    "connectionId": item.connection_id or "",
                    "connectionName": item.display_name or name,
                    "id": item.api or "",
                }
                for name, item in definition.connections.items()
            }
        }
    return {"properties": {"definition": inner, "parameters": parameters}}


def _same_dialect(definition: Definition, container: str) -> None:
    wanted = {
        "clientdata": {"power-automate"},
        "consumption": {"logic-apps-consumption"},
        "standard": {"logic-apps-standard", "logic-apps-consumption"},
    }[container]
    if definition.profile in wanted:
        return
    from runafter.definition.structure import triggers, walk_actions

    bound = sorted(
        {item.type for item in (*walk_actions(definition), *triggers(definition)) if item.type in _DIALECT_TYPES}
    )
    if not bound:
        return
    raise NotSupported(
        f"{definition.name!r} is written for {definition.profile}; {', '.join(bound)} cannot stand in a {container} file",
        code="SUP010",
        hint="Convert to 'definition', or to a container of its own dialect.",
    )


_DIALECT_TYPES = {
    "OpenApiConnection", "OpenApiConnectionWebhook", "OpenApiConnectionNotification", "ApiConnection", "ApiConnectionWebhook",
    "ApiConnectionNotification", "ServiceProvider", "InvokeFunction", "Function", "ApiManagement",
}  # fmt: skip


def _reference(definition: Definition, name: str) -> Any:
    connection = definition.connections[name]
    if isinstance(connection.raw, dict):
        return connection.raw
    reference = {"connectionReferenceLogicalName": connection.logical_name} if connection.logical_name else {}
    return {
        "runtimeSource": connection.runtime_source or "embedded",
        "connection": reference,
        "api": {"name": connection.api or name},
    }


def _outer(definition: Definition, *, parameters: bool, kind: bool) -> list[str]:
    lost = []
    if parameters and definition.parameter_values:
        lost.append("parameter values: " + ", ".join(sorted(definition.parameter_values)[:5]))
    if kind and definition.workflow_kind:
        lost.append(f"kind: {definition.workflow_kind}")
    if definition.app_settings:
        lost.append("app settings")
    return lost
