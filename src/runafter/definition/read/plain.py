"""Single files: a bare definition, `{definition, kind}`, `{properties: {definition}}`, Power Automate clientdata."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from runafter.definition.nodes import Connection, Definition, Node
from runafter.definition.read.arm import api_name, connections_of
from runafter.profiles.detect import detect

_AZURE_API = re.compile(r"/managedApis/|connectionProviders/", re.IGNORECASE)
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def is_definition(node: Node | None) -> bool:
    """Tell whether a node looks like a workflow definition: an object with actions or triggers as objects.

    Lists where objects belong pass where the schema says what it is: the check of the definition names them.
    """
    if node is None or node.kind != "object":
        return False
    found = [node.get_ci(key) for key in ("actions", "triggers")]
    if not all(part is None or part.kind in {"object", "array", "null"} for part in found):
        return False
    present = [part for part in found if part is not None and part.kind == "object"]
    if len(present) == 2:
        return True
    schema = node.get("$schema")
    says = schema is not None and isinstance(schema.value, str) and "workflowdefinition" in schema.value.casefold()
    return says or (
        bool(present)
        and any("type" in (item.value or {}) for part in present for _, item in part.members() if item.kind == "object")
    )


def find_definition(root: Node) -> tuple[Node, Node] | None:
    """Return (definition, the object around it) of a single file; a bare definition stands in itself."""
    for path in (
        "/properties/definition",
        "/definition",
        "/properties/workflow/properties/definition",
        "/value/properties/definition",
    ):
        node = root.find(path) if root.kind == "object" else None
        if is_definition(node) and node is not None and node.parent is not None:
            return node, node.parent
    return (root, root) if is_definition(root) else None


def _identity(root: Node) -> dict[str, str]:
    """Return the id by which other flows call this one: a cloud flow's `name` is a GUID, as its resource has it."""
    node = root.get("name")
    text = node.value if node is not None else None
    return {"WorkflowId": text} if isinstance(text, str) and _GUID.fullmatch(text) else {}


def _is_of_logic_apps(root: Node, references: Node | None) -> bool:
    """Tell gallery templates and the designer's files from clientdata, which has `connectionReferences` too.

    Their resource is one of Microsoft.Logic, or their connections are resources of Azure or built in.
    """
    type_ = root.get("type")
    if type_ is not None and isinstance(type_.value, str) and type_.value.casefold().startswith("microsoft.logic/"):
        return True
    if references is not None and references.parent is root and references.value == {}:
        return True  # what the designer of Logic Apps shows; clientdata has `properties` around it
    apis = [entry.find("/api/id") for _, entry in references.members()] if references is not None else []
    ids = [api.value for api in apis if api is not None and isinstance(api.value, str)]
    return bool(ids) and all(_AZURE_API.search(text) for text in ids)


def read_plain(root: Node, file: str, *, name: str | None = None) -> Definition | None:
    """Return the definition of a single file, None when it holds none."""
    found = find_definition(root)
    if found is None:
        return None
    node, around = found
    references = around.get_ci("connectionReferences")
    clientdata = references is not None or (root.get("schemaVersion") is not None and around is not root)
    kind_node = around.get("kind") if around is not node else None
    kind = kind_node.value if kind_node is not None and isinstance(kind_node.value, str) else None
    if clientdata and _is_of_logic_apps(root, references):
        clientdata = False
    container = "clientdata" if clientdata else "standard" if kind is not None else "definition"
    value: dict[str, Any] = node.value
    connections: dict[str, Connection] = {}
    if references is not None and references.kind == "object":
        connections = connection_references(references.value)
    values = parameter_values(around.get_ci("parameters")) if around is not node else {}
    if "$connections" in values:
        connections = connections or connections_of(values["$connections"])
    display = around.get("displayName") if around is not node else None
    return Definition(
        name=name
        or (display.value if display is not None and isinstance(display.value, str) else None)
        or plain_name(file),
        node=node,
        document=root,
        file=file,
        container=container,
        profile=detect(value, container=container, workflow_kind=kind),
        workflow_kind=kind,
        connections=connections,
        parameter_values=values,
        metadata=_identity(root),
        findings=tuple(root.source.findings),
    )


def plain_name(file: str) -> str:
    """Return a flow's name from its file: the folder's for workflow.json and flow.json, without an id at the end."""
    parts = file.replace("!", "/").split("/")
    stem = parts[-1].rsplit(".", 1)[0] if "." in parts[-1] else parts[-1]
    if stem.casefold() in {"workflow", "flow", "definition", "azuredeploy", "template"} and len(parts) > 1:
        return parts[-2]
    if len(stem) > 37 and stem[-37] == "-" and stem[-36:].count("-") == 4:
        stem = stem[:-37]
    return stem or "flow"


def parameter_values(node: Node | None) -> dict[str, Any]:
    """Return `{name: value}` of `{name: {"value": ...}}`."""
    if node is None or node.kind != "object":
        return {}
    return {name: entry["value"] for name, entry in node.value.items() if isinstance(entry, dict) and "value" in entry}


def connection_references(value: Mapping[str, Any]) -> dict[str, Connection]:
    """Return the connections of a clientdata or legacy `connectionReferences` object."""
    found = {}
    for name, entry in value.items():
        if not isinstance(entry, dict):
            continue
        api = entry.get("api")
        named = (api.get("name") or api_name(api.get("id"))) if isinstance(api, dict) else None
        connection = entry.get("connection")
        logical = connection.get("connectionReferenceLogicalName") if isinstance(connection, dict) else None
        source = entry.get("runtimeSource") or entry.get("source")
        found[name] = Connection(
            name=name,
            api=named or api_name(entry.get("id")) or api_name(entry.get("apiId")) or name,
            logical_name=logical,
            connection_id=entry.get("connectionName")
            or (connection.get("name") if isinstance(connection, dict) else None),
            display_name=entry.get("displayName"),
            runtime_source=source if isinstance(source, str) else None,
            raw=entry,
        )
    return found
