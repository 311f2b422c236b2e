"""Dataverse solutions, packed or unpacked: flows, connection references, environment variables, workflow metadata."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from runafter.definition.nodes import Connection, Definition, Variable
from runafter.definition.read.arm import api_name
from runafter.definition.read.plain import plain_name, read_plain
from runafter.definition.read.xml import child_text, parse_xml
from runafter.definition.source import parse_bytes
from runafter.errors import Finding, UnreadableSource

_VARIABLE_TYPES = {
    "100000000": "String",
    "100000001": "Number",
    "100000002": "Boolean",
    "100000003": "JSON",
    "100000004": "Data source",
    "100000005": "Secret",
}
_CLOUD_FLOW = "5"


def solution_roots(files: Mapping[str, bytes]) -> list[str]:
    """Return the folders (with a `/` or `!` at the end, '' for the top) that hold a solution with flows."""
    roots: dict[str, None] = {}
    for path in files:
        marker = path.casefold().rfind("workflows/")
        if (
            marker >= 0
            and (marker == 0 or path[marker - 1] in "/!")
            and path.casefold().endswith(".json")
            and "/" not in path[marker + 10 :]
        ):
            root = path[:marker]
            if (
                _has(
                    files, root, "solution.xml", "other/solution.xml", "customizations.xml", "other/customizations.xml"
                )
                or path + ".data.xml" in files
            ):
                roots[root] = None
    return list(roots)


def _has(files: Mapping[str, bytes], root: str, *names: str) -> bool:
    wanted = {(root + name).casefold() for name in names}
    return any(path.casefold() in wanted for path in files)


def read_solution(files: Mapping[str, bytes], root: str, prefix: str) -> Iterator[Definition]:
    """Yield the cloud flows of the solution at `root`; `prefix` precedes member names in `Definition.file`."""
    findings: list[Finding] = []
    references: dict[str, Connection] = {}
    workflows: dict[str, dict[str, str]] = {}
    variables: dict[str, Variable] = {}
    current: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    for path, data in files.items():
        inner = path[len(root) :].casefold() if path.startswith(root) else ""
        try:
            if inner in {"customizations.xml", "other/customizations.xml"}:
                element = parse_xml(data, prefix + path)
                references.update(_references(element))
                workflows.update(_workflows(element))
            elif inner.endswith(".data.xml"):
                workflows.update(_workflows(parse_xml(data, prefix + path)))
            elif inner.endswith("/environmentvariabledefinition.xml"):
                variable = _variable(parse_xml(data, prefix + path))
                variables[variable.schema_name] = variable
            elif inner.endswith("/environmentvariablevalues.json"):
                current[inner.split("/")[-2]] = _current_value(parse_bytes(data, prefix + path).value)
            elif inner.endswith("settings.json") and b"EnvironmentVariables" in data:
                settings = parse_bytes(data, prefix + path).value
        except UnreadableSource as fault:
            findings.append(replace(fault.finding(), code="DEF013", severity="warning", file=prefix + path))
    variables = _with_values(variables, current, settings)
    references = _with_settings(references, settings)
    for path, data in files.items():
        inner = path[len(root) :] if path.startswith(root) else ""
        if not inner.casefold().startswith("workflows/") or not inner.casefold().endswith(".json") or "!" in inner:
            continue
        meta = workflows.get(("/" + inner).casefold(), {})
        if meta.get("Category", _CLOUD_FLOW) != _CLOUD_FLOW:
            continue
        document = parse_bytes(data, prefix + path)
        definition = read_plain(document, prefix + path, name=meta.get("Name") or plain_name(path))
        if definition is None:
            continue
        used = {name: _completed(item, references) for name, item in definition.connections.items()}
        named = _parameters_of(definition, variables)
        yield replace(
            definition,
            container="solution",
            profile="power-automate",
            connections=used,
            environment_variables=variables,
            parameter_values={**definition.parameter_values, **named},
            findings=(*definition.findings, *findings),
            metadata=meta,
        )


def _references(element: Any) -> dict[str, Connection]:
    found = {}
    for node in element.iter():
        if isinstance(node.tag, str) and node.tag.casefold() == "connectionreference":
            logical = node.get("connectionreferencelogicalname")
            if logical:
                found[logical] = Connection(
                    name=logical,
                    api=api_name(child_text(node, "connectorid")),
                    logical_name=logical,
                    connection_id=child_text(node, "connectionid"),
                    display_name=child_text(node, "connectionreferencedisplayname"),
                )
    return found


def _workflows(element: Any) -> dict[str, dict[str, str]]:
    found = {}
    for node in element.iter():
        if isinstance(node.tag, str) and node.tag.casefold() == "workflow":
            file = child_text(node, "JsonFileName")
            if file:
                meta = {
                    key: text
                    for key in (
                        "Category",
                        "StateCode",
                        "StatusCode",
                        "Scope",
                        "Type",
                        "IntroducedVersion",
                        "PrimaryEntity",
                    )
                    if (text := child_text(node, key))
                }
                for key in ("WorkflowId", "Name", "Description"):
                    if node.get(key):
                        meta[key] = str(node.get(key)).strip("{}")
                found[file.casefold()] = meta
    return found


def _variable(element: Any) -> Variable:
    return Variable(
        schema_name=element.get("schemaname") or "",
        display_name=child_text(element, "displayname"),
        type=_VARIABLE_TYPES.get(child_text(element, "type") or "", "String"),
        default=child_text(element, "defaultvalue"),
    )


def _current_value(document: Any) -> Any:
    values = document.get("environmentvariablevalues") if isinstance(document, dict) else None
    value = values.get("environmentvariablevalue") if isinstance(values, dict) else None
    return value.get("value") if isinstance(value, dict) else None


def _with_values(
    variables: dict[str, Variable], current: Mapping[str, Any], settings: Mapping[str, Any]
) -> dict[str, Variable]:
    given = {str(key).casefold(): value for key, value in current.items()}
    for entry in _rows(settings, "EnvironmentVariables"):
        if isinstance(entry, dict) and entry.get("Value") not in (None, ""):
            given[str(entry.get("SchemaName")).casefold()] = entry["Value"]
    return {name: replace(item, value=given.get(name.casefold(), item.value)) for name, item in variables.items()}


def _rows(settings: Any, key: str) -> list[Any]:
    rows = settings.get(key) if isinstance(settings, dict) else None
    return rows if isinstance(rows, list) else []


def _with_settings(references: dict[str, Connection], settings: Mapping[str, Any]) -> dict[str, Connection]:
    for entry in _rows(settings, "ConnectionReferences"):
        known = references.get(str(entry.get("LogicalName"))) if isinstance(entry, dict) else None
        if known is not None and isinstance(entry.get("ConnectionId"), str):
            references[known.name] = replace(known, connection_id=entry["ConnectionId"] or known.connection_id)
    return references


def _completed(connection: Connection, references: Mapping[str, Connection]) -> Connection:
    known = references.get(connection.logical_name or "")
    if known is None:
        return connection
    return replace(
        connection, display_name=known.display_name, connection_id=connection.connection_id or known.connection_id
    )


def _parameters_of(definition: Definition, variables: Mapping[str, Variable]) -> dict[str, Any]:
    """Values of definition parameters that stand for environment variables: by metadata.schemaName or `(schema_name)`."""
    by_name = {name.casefold(): item for name, item in variables.items()}
    found: dict[str, Any] = {}
    declared = definition.value.get("parameters")
    for name, entry in declared.items() if isinstance(declared, dict) else ():
        meta = entry.get("metadata") if isinstance(entry, dict) else None
        schema = meta.get("schemaName") if isinstance(meta, dict) else None
        if not isinstance(schema, str) and name.endswith(")") and "(" in name:
            schema = name[name.rindex("(") + 1 : -1]
        item = by_name.get(str(schema).casefold()) if schema else None
        value = (item.value if item.value is not None else item.default) if item is not None else None
        if value is not None:
            found[name] = typed_value(value, str(entry.get("type", "String")))
    return found


def typed_value(value: Any, kind: str) -> Any:
    """Return an environment variable's text as the parameter's type says; the text itself where it does not fit."""
    if not isinstance(value, str):
        return value
    folded = kind.casefold()
    try:
        if folded in {"int", "integer"}:
            return int(value)
        if folded in {"float", "number"}:
            return float(value)
    except ValueError:
        return value
    if folded in {"bool", "boolean"} and value.casefold() in {"yes", "no", "true", "false"}:
        return value.casefold() in {"yes", "true"}
    if folded in {"object", "array", "secureobject"}:
        try:
            return parse_bytes(value.encode()).value
        except UnreadableSource:
            return value
    return value
