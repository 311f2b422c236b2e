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
_PA_KINDS = {"powerapp", "powerappv2", "button", "skills", "virtualagent"}


def detect(definition: Mapping[str, Any], *, container: str = "definition", workflow_kind: str | None = None) -> str:
    """Return `power-automate`, `logic-apps-consumption` or `logic-apps-standard`.

    The container decides where it can; otherwise what only one dialect writes:
    `OpenApiConnection` actions, service providers, connection reference names.
    """
    if container in _CONTAINERS:
        return _CONTAINERS[container]
    if workflow_kind is not None:
        return STANDARD
    votes = {POWER_AUTOMATE: 0, STANDARD: 0, CONSUMPTION: 0}
    parameters = definition.get("parameters")
    if isinstance(parameters, Mapping) and "$authentication" in parameters:
        votes[POWER_AUTOMATE] += 2
    for node in _operations(definition):
        type_ = str(node.get("type", "")).casefold()
        inputs = node.get("inputs")
        host = inputs.get("host") if isinstance(inputs, Mapping) else None
        if type_ in _PA_TYPES:
            votes[POWER_AUTOMATE] += 1
        elif type_ in _STANDARD_TYPES:
            votes[STANDARD] += 1
        elif type_.startswith("apiconnection"):
            connection = host.get("connection") if isinstance(host, Mapping) else None
            if isinstance(host, Mapping) and "api" in host:
                votes[POWER_AUTOMATE] += 1
            elif isinstance(connection, Mapping) and "referenceName" in connection:
                votes[STANDARD] += 1
            else:
                votes[CONSUMPTION] += 1
        elif type_ == "request" and str(node.get("kind", "")).casefold() in _PA_KINDS:
            votes[POWER_AUTOMATE] += 1
        if isinstance(host, Mapping) and "workflowReferenceName" in host:
            votes[POWER_AUTOMATE] += 1
    best = max(votes, key=lambda name: votes[name])
    return best if votes[best] else CONSUMPTION


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
