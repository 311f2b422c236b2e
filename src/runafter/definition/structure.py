"""The triggers and actions of a definition as they stand, without judging them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from runafter.definition.nodes import Definition, Node

_TYPES = {
    name.casefold(): name
    for name in (
        "Agent", "AgentHandoff", "ApiConnection", "ApiConnectionNotification", "ApiConnectionWebhook", "ApiManagement", "AppendToArrayVariable",
        "AppendToStringVariable", "As2Decode", "As2Encode", "Batch", "CSharpScriptCode", "Changeset", "ChunkText", "Compose",
        "DecrementVariable", "Expression", "FlatFileDecoding", "FlatFileEncoding", "Foreach", "Function", "Http", "HttpWebhook", "If",
        "IncrementVariable", "InitializeVariable", "IntegrationAccountArtifactLookup", "InvokeFunction", "InvokeWorkflow",
        "JavaScriptCode", "Join", "Liquid", "Manual", "OpenApiConnection", "OpenApiConnectionNotification", "OpenApiConnectionWebhook",
        "ParseDocument", "ParseJson", "PowerShellCode", "Query", "Recurrence", "Request", "Response", "Scope", "Select", "SendToBatch",
        "ServiceProvider", "SetVariable", "SlidingWindow", "Switch", "Table", "Terminate", "Until", "Wait", "Workflow", "XmlCompose",
        "XmlParse", "XmlValidation", "Xslt",
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionNode:
    """One action or trigger: `type` in the platform's letter case (unknown types as written).

    `branch` is '' at the root, then actions, else, `case:<name>`, default or
    `tool:<name>`. `run_after` maps names to statuses as written, whatever form
    they are written in.
    """

    name: str
    node: Node
    type: str
    type_as_written: str
    parent: ActionNode | None = None
    branch: str = ""
    run_after: Mapping[str, tuple[str, ...]]
    depth: int = 1

    @property
    def pointer(self) -> str:
        return self.node.pointer


def triggers(definition: Definition) -> Iterator[ActionNode]:
    """Yield the triggers in the author's order."""
    found = definition.node.get_ci("triggers")
    for name, node in found.members() if found is not None else ():
        yield _action(name, node, None, "", 1)


def walk_actions(definition: Definition) -> Iterator[ActionNode]:
    """Yield all actions in the author's order, a container before what it contains."""
    yield from _walk(definition.node.get_ci("actions"), None, "", 1)


def _walk(actions: Node | None, parent: ActionNode | None, branch: str, depth: int) -> Iterator[ActionNode]:
    for name, node in actions.members() if actions is not None else ():
        action = _action(name, node, parent, branch, depth)
        yield action
        for key, inner in node.members():
            folded = key.casefold()
            if folded == "actions":
                yield from _walk(inner, action, "actions", depth + 1)
            elif folded in {"else", "default"}:
                yield from _walk(inner.get_ci("actions"), action, folded, depth + 1)
            elif folded in {"cases", "tools"}:
                for label, case in inner.members():
                    yield from _walk(case.get_ci("actions"), action, f"{folded[:-1]}:{label}", depth + 1)


def _run_after(entries: Node | None) -> dict[str, tuple[str, ...]]:
    """Statuses by name as written: one status may stand without a list, names in a list have no statuses."""
    if entries is None:
        return {}
    if entries.kind in {"array", "string"}:
        names = entries.value if entries.kind == "array" else [entries.value]
        return {name: () for name in names if isinstance(name, str)}
    found: dict[str, tuple[str, ...]] = {}
    for name, statuses in entries.members():
        written = [statuses] if statuses.kind == "string" else list(statuses.items())
        found[name] = tuple(str(item.value) for item in written)
    return found


def _action(name: str, node: Node, parent: ActionNode | None, branch: str, depth: int) -> ActionNode:
    type_node = node.get_ci("type")
    written = type_node.value if type_node is not None and isinstance(type_node.value, str) else ""
    return ActionNode(
        name=name,
        node=node,
        type=_TYPES.get(written.casefold(), written),
        type_as_written=written,
        parent=parent,
        branch=branch,
        run_after=_run_after(node.get_ci("runAfter")),
        depth=depth,
    )
