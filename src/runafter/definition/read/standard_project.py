"""Logic Apps Standard projects: a folder with host.json, one folder per workflow, connections and settings beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from runafter.definition.nodes import Connection, Definition
from runafter.definition.read.arm import api_name
from runafter.definition.read.plain import read_plain
from runafter.definition.source import parse_bytes
from runafter.definition.write import dumped
from runafter.errors import Finding, UnreadableSource


def project_roots(files: Mapping[str, bytes]) -> list[str]:
    """Return the folders (with `/` at the end, '' for the top) that are Standard projects, the outer ones first."""
    roots = [path[: -len("host.json")] for path in files if path == "host.json" or path.endswith("/host.json")]
    return sorted(root for root in roots if any(is_workflow(path, root) for path in files))


def is_workflow(path: str, root: str) -> bool:
    """Tell whether a path is that of a workflow of the project at `root`."""
    return path.startswith(root) and path.casefold().endswith("/workflow.json") and path[len(root) :].count("/") == 1


def read_project(files: Mapping[str, bytes], root: str, prefix: str) -> Iterator[Definition]:
    """Yield the workflows of the project at `root`."""
    findings: list[Finding] = []

    def load(name: str) -> dict[str, Any]:
        data = files.get(root + name)
        if data is None:
            return {}
        try:
            value = parse_bytes(data, prefix + root + name).value
        except UnreadableSource as fault:
            findings.append(replace(fault.finding(), code="DEF013", severity="warning"))
            return {}
        return value if isinstance(value, dict) else {}

    connections = project_connections(load("connections.json"))
    declared = load("parameters.json")
    values = {
        name: of_type(entry["value"], entry.get("type"))
        for name, entry in declared.items()
        if isinstance(entry, dict) and "value" in entry
    }
    local = load("local.settings.json").get("Values")
    settings = (
        {str(key): value if isinstance(value, str) else dumped(value) for key, value in local.items()}
        if isinstance(local, dict)
        else {}
    )
    for path, data in files.items():
        if not is_workflow(path, root):
            continue
        definition = read_plain(parse_bytes(data, prefix + path), prefix + path, name=path.split("/")[-2])
        if definition is None:
            continue
        yield replace(
            definition,
            container="standard",
            profile="logic-apps-standard",
            workflow_kind=definition.workflow_kind or "Stateful",
            connections=connections,
            parameter_values={**values, **definition.parameter_values},
            app_settings=settings,
            findings=(*definition.findings, *findings),
        )


_A_SETTING = re.compile(r"@\{?\s*(appsetting\(\s*'(?:[^']|'')*'\s*\))\s*\}?", re.IGNORECASE)
_FROM_TEXT = {"bool": "bool", "int": "int", "float": "float", "array": "json", "object": "json", "secureobject": "json"}


def of_type(value: Any, type_: Any) -> Any:
    """Return a parameter's value; an app setting is text, and becomes what the parameter's type says."""
    found = _A_SETTING.fullmatch(value) if isinstance(value, str) else None
    convert = _FROM_TEXT.get(type_.casefold()) if isinstance(type_, str) else None
    return f"@{convert}({found[1]})" if found is not None and convert is not None else value


def project_connections(document: Mapping[str, Any]) -> dict[str, Connection]:
    """Return the connections of a connections.json, whatever their kind."""
    found: dict[str, Connection] = {}
    groups = (
        ("managedApiConnections", "managed", ("api", "id")),
        ("serviceProviderConnections", "serviceProvider", ("serviceProvider", "id")),
        ("functionConnections", "function", ("function", "id")),
        ("apiManagementConnections", "apiManagement", ("apiId",)),
        ("agentConnections", "agent", ("type",)),
    )
    for group, kind, path in groups:
        entries = document.get(group)
        for name, entry in entries.items() if isinstance(entries, dict) else ():
            api: Any = entry
            for key in path:
                api = api.get(key) if isinstance(api, dict) else None
            if kind == "managed":
                api = api_name(api)
            connection = entry.get("connection") if isinstance(entry, dict) else None
            found[name] = Connection(
                name=name,
                api=api if isinstance(api, str) else None,
                kind=kind,
                connection_id=connection.get("id") if isinstance(connection, dict) else None,
                display_name=entry.get("displayName") if isinstance(entry, dict) else None,
                raw=entry,
            )
    return found
