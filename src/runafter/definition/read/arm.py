"""ARM templates: every `Microsoft.Logic/workflows` resource, at any depth of nested deployments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from runafter.definition.nodes import Connection, Definition, Node
from runafter.definition.read.arm_expressions import Template, is_expression
from runafter.profiles.detect import detect

_WORKFLOWS = "microsoft.logic/workflows"
_DEPLOYMENTS = "microsoft.resources/deployments"


def is_template(root: Node) -> bool:
    """Tell whether a file is an ARM template (Bicep's compiled form, with named resources, too)."""
    if root.kind != "object" or root.get("resources") is None:
        return False
    schema = root.get("$schema")
    says = schema is not None and isinstance(schema.value, str) and "deploymenttemplate" in schema.value.casefold()
    return says or any(True for _ in _resources(root))


def read_template(root: Node, file: str, given: Mapping[str, Any] | None = None) -> Iterator[Definition]:
    """Yield the definitions of a template; `given` are values for its parameters."""
    template = Template(parameters=_object(root, "parameters"), variables=_object(root, "variables"), given=given or {})
    yield from _read(root, root, template, file)


def _object(node: Node, key: str) -> dict[str, Any]:
    found = node.get_ci(key)
    return found.value if found is not None and found.kind == "object" else {}


def _resources(root: Node) -> Iterator[Node]:
    found = root.get_ci("resources")
    if found is None:
        return
    nodes = found.items() if found.kind == "array" else (child for _, child in found.members())
    for node in nodes:
        if node.kind == "object":
            yield node


def _type(node: Node) -> str:
    found = node.get_ci("type")
    return found.value.casefold() if found is not None and isinstance(found.value, str) else ""


def _read(root: Node, document: Node, template: Template, file: str) -> Iterator[Definition]:
    for resource in _resources(root):
        kind = _type(resource)
        if kind == _WORKFLOWS:
            definition = _workflow(resource, document, template, file)
            if definition is not None:
                yield definition
        elif kind == _DEPLOYMENTS:
            properties = resource.get_ci("properties")
            inner = properties.get_ci("template") if properties is not None else None
            if properties is not None and inner is not None and inner.kind == "object":
                yield from _read(inner, document, _inner_template(properties, inner, template), file)
                continue
        yield from _read(resource, document, template, file)


def _inner_template(properties: Node, inner: Node, outer: Template) -> Template:
    options = _object(properties, "expressionEvaluationOptions")
    if str(options.get("scope", "outer")).casefold() != "inner":
        merged = {**_object(inner, "parameters"), **outer.parameters}
        return Template(
            parameters=merged,
            variables={**_object(inner, "variables"), **outer.variables},
            given=outer.given,
            location=outer.location,
        )
    given = {
        name: outer.resolve(entry["value"])
        for name, entry in _object(properties, "parameters").items()
        if isinstance(entry, dict) and "value" in entry
    }
    given = {name: value for name, value in given.items() if not (isinstance(value, str) and is_expression(value))}
    return Template(
        parameters=_object(inner, "parameters"),
        variables=_object(inner, "variables"),
        given=given,
        location=outer.location,
    )


def _workflow(resource: Node, document: Node, template: Template, file: str) -> Definition | None:
    properties = resource.get_ci("properties")
    node = (properties.get_ci("definition") if properties is not None else None) or resource.get_ci("definition")
    if node is None:
        return None
    template.unresolved.clear()
    resolved = template.resolve(node.value)
    if isinstance(resolved, str) or not isinstance(resolved, dict):
        return None
    values = {}
    for name, entry in _object(properties, "parameters").items() if properties is not None else ():
        if isinstance(entry, dict) and "value" in entry:
            values[name] = template.resolve(entry["value"])
    name_node = resource.get_ci("name")
    name = template.resolve(name_node.value) if name_node is not None else ""
    return Definition(
        name=_plain_name(name, file),
        node=node if node.kind == "object" else document,
        document=document,
        file=file,
        container="arm",
        profile=detect(resolved, container="arm"),
        connections=connections_of(values.get("$connections")),
        parameter_values=values,
        unresolved=tuple(template.unresolved),
        findings=tuple(document.source.findings),
        metadata={"resource": resource.pointer},
        resolved=resolved if resolved != node.value else None,
    )


def _plain_name(name: Any, file: str) -> str:
    if isinstance(name, str) and name and not is_expression(name):
        return name
    if isinstance(name, str) and is_expression(name):
        inner = name.strip("[]")
        if "'" in inner:
            return inner.split("'")[1]
    return file.rsplit("/", 1)[-1].removesuffix(".json")


def connections_of(value: Any) -> dict[str, Connection]:
    """Return the connections of a `$connections` parameter value."""
    found = {}
    entries = value.get("value", value) if isinstance(value, dict) else {}
    for name, entry in entries.items() if isinstance(entries, dict) else ():
        if isinstance(entry, dict):
            api = entry.get("id")
            found[name] = Connection(
                name=name,
                api=api_name(api) or name,
                connection_id=entry.get("connectionId") if isinstance(entry.get("connectionId"), str) else None,
                display_name=entry.get("connectionName") if isinstance(entry.get("connectionName"), str) else None,
                raw=entry,
            )
    return found


def api_name(identifier: Any) -> str | None:
    """Return the connector's name at the end of an API id (`.../managedApis/office365`), also of an unresolved one."""
    if not isinstance(identifier, str) or not identifier:
        return None
    text = identifier.rstrip(" )]}").rstrip("'\"")
    tail = text.rsplit("/", 1)[-1]
    if is_expression(identifier):
        tail = tail.rsplit("'", 1)[-1].strip()
    return tail or None
