"""Which dialect a definition is written in, from facts of the file alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

POWER_AUTOMATE = "power-automate"
CONSUMPTION = "logic-apps-consumption"
STANDARD = "logic-apps-standard"

_CONTAINERS = {
    "clientdata": POWER_AUTOMATE,
    "legacy-package": POWER_AUTOMATE,
    "solution": POWER_AUTOMATE,
    "standard": STANDARD,
    "arm": CONSUMPTION,
}
_PA_TYPES = {"openapiconnection", "openapiconnectionwebhook", "openapiconnectionnotification"}
_STANDARD_TYPES = {
    "serviceprovider", "invokefunction", "invokeworkflow", "csharpscriptcode", "powershellcode", "agent", "parsedocument", "chunktext",
    "xmlparse", "xmlcompose",
}  # fmt: skip
# Where each of the two kinds of Logic Apps says what an action uses: (Standard, Consumption).
_BY_INPUTS = {
    "function": ("function.connectionName", "function.id"),
    "xslt": ("map.source", "integrationAccount.map"),
    "liquid": ("map.source", "integrationAccount.map"),
    "xmlvalidation": ("schema.source", "integrationAccount.schema"),
    "flatfileencoding": ("schema.source", "integrationAccount.schema"),
    "flatfiledecoding": ("schema.source", "integrationAccount.schema"),
}
_PA_KINDS = {"powerapp", "powerappv2", "button", "skills", "virtualagent", "powerpages", "teamswebhook"}


def detect(definition: Mapping[str, Any], *, container: str = "definition", workflow_kind: str | None = None) -> str:
    """Return `power-automate`, `logic-apps-consumption` or `logic-apps-standard`.

    The container decides where it can, then the workflow's kind (Stateful ...),
    which only Standard has; otherwise what only one dialect writes. A flow that
    shows nothing of the kind is Consumption, the dialect without additions.
    """
    if container in _CONTAINERS:
        return _CONTAINERS[container]
    if workflow_kind is not None:
        return STANDARD
    parameters = definition.get("parameters")
    if isinstance(parameters, Mapping) and "$authentication" in parameters:
        return POWER_AUTOMATE
    votes = {POWER_AUTOMATE: 0, STANDARD: 0, CONSUMPTION: 0}
    if isinstance(parameters, Mapping) and "$connections" in parameters:
        votes[CONSUMPTION] += 1
    for node in _operations(definition):
        dialect = _dialect_of(node)
        if dialect is not None:
            votes[dialect] += 2
    best = max(votes, key=lambda name: votes[name])
    return best if votes[best] else CONSUMPTION


def _dialect_of(node: Mapping[str, Any]) -> str | None:
    """The one dialect whose designer writes an operation this way, if there is one."""
    type_ = str(node.get("type", "")).casefold()
    kind = str(node.get("kind", ""))
    metadata = node.get("metadata")
    inputs = node.get("inputs")
    inputs = inputs if isinstance(inputs, Mapping) else {}
    host = inputs.get("host")
    host = host if isinstance(host, Mapping) else {}
    connection = host.get("connection")
    connection = connection if isinstance(connection, Mapping) else {}
    if (
        type_ in _PA_TYPES
        or "workflowReferenceName" in host
        or (type_ in {"request", "response"} and kind.casefold() in _PA_KINDS)
        or (isinstance(metadata, Mapping) and "operationMetadataId" in metadata)
        or "['shared_" in str(connection.get("name", ""))
    ):
        return POWER_AUTOMATE
    if type_ in _STANDARD_TYPES or "referenceName" in connection or (type_ == "response" and kind == "http"):
        return STANDARD
    if type_ == "request" and kind.casefold() == "agent":
        return STANDARD
    if type_.startswith("apiconnection"):
        return CONSUMPTION
    if type_ in _BY_INPUTS:
        standard, consumption = _BY_INPUTS[type_]
        if _at(inputs, consumption):
            return CONSUMPTION
        return STANDARD if _at(inputs, standard) else None
    workflow = host.get("workflow")
    if type_ == "workflow" and isinstance(workflow, Mapping):
        return CONSUMPTION if "/" in str(workflow.get("id", "")) or "triggerName" in host else STANDARD
    return None


def _at(inputs: Mapping[str, Any], path: str) -> bool:
    value: Any = inputs
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value is not None


def _operations(definition: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    waiting = [definition.get("triggers"), definition.get("actions")]
    while waiting:
        group = waiting.pop()
        for node in group.values() if isinstance(group, Mapping) else ():
            if not isinstance(node, Mapping):
                continue
            yield node
            waiting.append(node.get("actions"))
            for key in ("else", "default"):
                other = node.get(key)
                waiting.append(other.get("actions") if isinstance(other, Mapping) else None)
            cases = node.get("cases")
            for case in cases.values() if isinstance(cases, Mapping) else ():
                waiting.append(case.get("actions") if isinstance(case, Mapping) else None)
