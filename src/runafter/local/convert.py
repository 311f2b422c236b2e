"""From one container to another: what can be carried over, and what would be lost, said before it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from runafter.definition.nodes import Definition
from runafter.errors import NotSupported

CONTAINERS = ("definition", "clientdata", "consumption", "standard")


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """A definition in another container: `document` is plain JSON, `lost` names what has no place in it."""

    document: Any
    lost: tuple[str, ...]


def convert(definition: Definition, container: str) -> Converted:
    """Return the definition in `container` (one of `CONTAINERS`), unknown fields of the definition kept.

    Raises:
        NotSupported: the dialects differ, so that the actions themselves would have to change.
    """
    value = definition.node.value
    lost: list[str] = []
    if definition.unresolved:
        value = definition.value
        lost.append("template expressions: " + ", ".join(definition.unresolved[:5]))
    family = "power-automate" if container == "clientdata" else definition.profile
    if container != "definition":
        _same_dialect(definition, container)
    if definition.environment_variables:
        lost.append("environment variables of the solution: " + ", ".join(sorted(definition.environment_variables)[:5]))
    if container == "definition":
        if definition.connections:
            lost.append("connections: " + ", ".join(definition.connections))
        lost += _outer(definition, parameters=True, kind=True)
        return Converted(document=value, lost=tuple(lost))
    if container == "clientdata":
        lost += _outer(definition, parameters=True, kind=False)
        references = {name: _reference(definition, name) for name in definition.connections}
        properties = {"connectionReferences": references, "definition": value}
        return Converted(document={"properties": properties, "schemaVersion": "1.0.0.0"}, lost=tuple(lost))
    if container == "standard":
        if definition.connections:
            lost.append("connections (they belong into connections.json): " + ", ".join(definition.connections))
        lost += _outer(definition, parameters=True, kind=False)
        return Converted(
            document={"definition": value, "kind": definition.workflow_kind or "Stateful"}, lost=tuple(lost)
        )
    lost += _outer(definition, parameters=False, kind=family == "logic-apps-standard")
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
    return Converted(document={"properties": {"definition": value, "parameters": parameters}}, lost=tuple(lost))


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
