"""ARM templates: every `Microsoft.Logic/workflows` resource, at any depth of nested deployments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from runafter.definition.nodes import Connection, Definition, Node
from runafter.definition.read.arm_expressions import Template, Unresolved, is_expression
from runafter.definition.read.arm_functions import lookup
from runafter.definition.source import Source, parse
from runafter.definition.write import canonical_value
from runafter.errors import Finding, UnreadableSource
from runafter.profiles.detect import detect

_REFERENCE = re.compile(r"\[\s*(variables|parameters)\(\s*'([^']+)'\s*\)\s*\]", re.IGNORECASE)
_NAME = re.compile(r"[^\s()\[\]{}'\"]+")
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
    """Yield the definitions of a template.

    `given` are values for its parameters, by name or as the content of a
    deployment parameters file.

    Raises:
        UnreadableSource: DEF014, its only workflows have definitions that the template does not hold.
    """
    template = Template(
        parameters=_object(root, "parameters"),
        variables=_object(root, "variables"),
        given=_given(given or {}),
        functions=_functions(root),
    )
    elsewhere: list[Node] = []
    found = list(_read(root, root, template, file, elsewhere))
    if elsewhere and not found:
        raise UnreadableSource(
            f"the template does not hold the workflow's definition: {elsewhere[0].text[:120]}",
            pointer=elsewhere[0].pointer,
            line=elsewhere[0].line,
            column=elsewhere[0].column,
            file=file or None,
            code="DEF014",
            hint="Give the template's parameters.",
        )
    missing = tuple(_left_out(node, file) for node in elsewhere)
    for index, definition in enumerate(found):
        yield definition if index else replace(definition, findings=(*definition.findings, *missing))


def _left_out(node: Node, file: str) -> Finding:
    return Finding(
        code="DEF014",
        severity="warning",
        message=f"a workflow is left out: the template does not hold its definition: {node.text[:120]}",
        file=file or None,
        pointer=node.pointer,
        line=node.line,
        column=node.column,
        hint="Give the template's parameters.",
    )


def _given(values: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = values.get("parameters")
    if "$schema" not in values or not isinstance(inner, Mapping):
        return values
    return {name: entry["value"] for name, entry in inner.items() if isinstance(entry, Mapping) and "value" in entry}


def _functions(root: Node) -> dict[str, Any]:
    """The functions that a template declares, as `namespace.name`."""
    found: dict[str, Any] = {}
    declared = root.get_ci("functions")
    for group in declared.items() if declared is not None else ():
        space = group.get_ci("namespace")
        for name, row in _object(group, "members").items() if space is not None else ():
            if space is not None and isinstance(row, dict):
                found[f"{space.value}.{name}"] = row
    return found


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


def _read(root: Node, document: Node, template: Template, file: str, elsewhere: list[Node]) -> Iterator[Definition]:
    for resource in _resources(root):
        loop = _object(resource, "copy")
        if not loop:
            yield from _resource(resource, root, document, template, file, elsewhere)
            continue
        try:
            for _ in template.looped(loop):
                yield from _resource(resource, root, document, template, file, elsewhere)
        except Unresolved:
            yield from _resource(resource, root, document, template, file, elsewhere)


def _resource(
    resource: Node, root: Node, document: Node, template: Template, file: str, elsewhere: list[Node]
) -> Iterator[Definition]:
    kind = _type(resource)
    if kind == _WORKFLOWS:
        definition = _workflow(resource, root, document, template, file, elsewhere)
        if definition is not None:
            yield definition
    elif kind == _DEPLOYMENTS:
        properties = resource.get_ci("properties")
        inner = properties.get_ci("template") if properties is not None else None
        if properties is not None and inner is not None and inner.kind == "object":
            yield from _read(inner, document, _inner_template(properties, inner, template), file, elsewhere)
            return
    yield from _read(resource, document, template, file, elsewhere)


def _inner_template(properties: Node, inner: Node, outer: Template) -> Template:
    options = _object(properties, "expressionEvaluationOptions")
    if str(options.get("scope", "outer")).casefold() != "inner":
        merged = {**_object(inner, "parameters"), **outer.parameters}
        return Template(
            parameters=merged,
            variables={**_object(inner, "variables"), **outer.variables},
            given=outer.given,
            functions={**_functions(inner), **outer.functions},
            place=outer.place,
            budget=outer.budget,
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
        functions=_functions(inner),
        place=outer.place,
        budget=outer.budget,
    )


def _workflow(
    resource: Node, root: Node, document: Node, template: Template, file: str, elsewhere: list[Node]
) -> Definition | None:
    properties = resource.get_ci("properties")
    written = (properties.get_ci("definition") if properties is not None else None) or resource.get_ci("definition")
    if written is None:
        return None
    template.unresolved.clear()
    node = _referred(written, root, template)
    resolved = template.resolve(node.value)
    places = dict(template.unresolved)
    if not isinstance(resolved, dict):
        elsewhere.append(written)
        return None
    if node.kind != "object":
        node = parse(Source(file, canonical_value(resolved)))
    values = {}
    for name, entry in _object(properties, "parameters").items() if properties is not None else ():
        if isinstance(entry, dict) and "value" in entry:
            values[name] = template.resolve(entry["value"])
    name_node = resource.get_ci("name")
    name = template.resolve(name_node.value) if name_node is not None else ""
    return Definition(
        name=_plain_name(name, file),
        node=node,
        document=document,
        file=file,
        container="arm",
        profile=detect(resolved, container="arm"),
        connections=connections_of(values.get("$connections")),
        parameter_values=values,
        unresolved=tuple(template.unresolved),
        unresolved_at={reason: _pointer(way) for reason, way in places.items()},
        findings=tuple(document.source.findings),
        metadata={"resource": resource.pointer},
        resolved=resolved if resolved != node.value else None,
    )


def _pointer(way: tuple[str | int, ...]) -> str:
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in way)


def _referred(node: Node, root: Node, template: Template) -> Node:
    """The variable or parameter default that `[variables('x')]` names, so that its places are known; else the node."""
    match = _REFERENCE.fullmatch(node.value) if isinstance(node.value, str) else None
    if match is None:
        return node
    kind, name = match.group(1).casefold(), match.group(2)
    if kind == "parameters" and lookup(template.given, name) is not None:
        return node
    group = root.get_ci(kind)
    found = group.get_ci(name) if group is not None else None
    if kind == "parameters" and found is not None:
        found = found.get_ci("defaultValue")
    return found if found is not None and found.kind == "object" else node


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
    return tail if _NAME.fullmatch(tail) else None
