"""What the author wrote, with places: a parsed file and the definitions in it.

A `Node` is one JSON value of the file. It keeps its span in the source text,
so that line and column, lossless writing and minimal edits all come from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from runafter.definition.text import Source
from runafter.errors import Finding

_UNMADE = object()


class Node:
    """One JSON value of a file: `kind` is object, array, string, number, true, false or null.

    Members of an object keep order and duplicate keys; `get` takes the last of
    duplicates, as the platform does. `key` is the member's name or the item's
    index; `key_start` and `key_end` are the span of a member's name.
    """

    __slots__ = ("_content", "_value", "end", "key", "key_end", "key_start", "kind", "parent", "source", "start")

    def __init__(
        self, kind: str, source: Source, start: int, end: int, parent: Node | None, key: str | int | None, content: Any
    ) -> None:
        self.kind = kind
        self.source = source
        self.start = start
        self.end = end
        self.parent = parent
        self.key = key
        self.key_start = start
        self.key_end = start
        self._content = content
        self._value: Any = _UNMADE

    def __repr__(self) -> str:
        return f"<Node {self.kind} {self.pointer or '/'}>"

    def get(self, key: str) -> Node | None:
        """Return the member of this name, the last of duplicates; None for anything but an object."""
        if self.kind == "object":
            for child in reversed(self._content):
                if child.key == key:
                    return cast("Node", child)
        return None

    def get_ci(self, key: str) -> Node | None:
        """Like `get`; when the exact key is absent, the first that differs by letter case only."""
        found = self.get(key)
        if found is None and self.kind == "object":
            folded = key.casefold()
            return next((child for child in self._content if child.key.casefold() == folded), None)
        return found

    def members(self) -> Iterator[tuple[str, Node]]:
        """Yield names and members of an object in the author's order, duplicates included."""
        if self.kind == "object":
            for child in self._content:
                yield child.key, child

    def items(self) -> Iterator[Node]:
        """Yield the items of an array."""
        if self.kind == "array":
            yield from self._content

    def find(self, pointer: str) -> Node | None:
        """Return the node at a JSON pointer below this one."""
        node: Node | None = self
        for part in pointer.split("/")[1:] if pointer else []:
            if node is None:
                return None
            name = part.replace("~1", "/").replace("~0", "~")
            if node.kind == "array":
                items = list(node.items())
                node = items[int(name)] if name.isdigit() and int(name) < len(items) else None
            else:
                node = node.get(name)
        return node

    @property
    def value(self) -> Any:
        """The plain Python value, made once; not to be changed."""
        if self._value is _UNMADE:
            if self.kind == "object":
                self._value = {child.key: child.value for child in self._content}
            elif self.kind == "array":
                self._value = [child.value for child in self._content]
            else:
                self._value = self._content
        return self._value

    @property
    def pointer(self) -> str:
        """The JSON pointer from the root of the file."""
        parts = []
        node: Node | None = self
        while node is not None and node.parent is not None:
            parts.append(str(node.key).replace("~", "~0").replace("/", "~1"))
            node = node.parent
        return "".join("/" + part for part in reversed(parts))

    @property
    def text(self) -> str:
        """The source text of this value."""
        return self.source.text[self.start : self.end]

    @property
    def line(self) -> int:
        return self.source.place(self.start)[0]

    @property
    def column(self) -> int:
        return self.source.place(self.start)[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One connection (reference) that a flow names.

    `name` is how actions name it; `api` the connector (`shared_sharepointonline`,
    `/serviceProviders/serviceBus`, ...); `logical_name` the Dataverse connection
    reference; `kind` is managed, serviceProvider, function or apiManagement.
    """

    name: str
    api: str | None
    kind: str = "managed"
    logical_name: str | None = None
    connection_id: str | None = None
    display_name: str | None = None
    runtime_source: str | None = None
    raw: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One environment variable of a solution, as `@parameters('Display (schema_name)')` reads it."""

    schema_name: str
    display_name: str | None
    type: str | None
    default: Any = None
    value: Any = None


@dataclass(slots=True, kw_only=True)
class Definition:
    """One workflow definition, where it came from and what came with it.

    `node` is the definition object (`{"$schema", "triggers", "actions", ...}`);
    `document` the root of its file; `file` the path inside the source that the
    author would recognise (zip members after `!`). `container` names the form:
    definition, clientdata, legacy-package, solution, standard, arm.
    `profile` is the detected dialect: power-automate, logic-apps-consumption
    or logic-apps-standard. `parameter_values` are values given beside the
    definition (ARM properties.parameters, parameters.json, environment
    variables), `app_settings` those of a Standard project.
    """

    name: str
    node: Node
    document: Node
    file: str
    container: str
    profile: str
    workflow_kind: str | None = None
    connections: Mapping[str, Connection] = field(default_factory=dict)
    environment_variables: Mapping[str, Variable] = field(default_factory=dict)
    parameter_values: Mapping[str, Any] = field(default_factory=dict)
    app_settings: Mapping[str, str] = field(default_factory=dict)
    unresolved: tuple[str, ...] = ()
    unresolved_at: Mapping[str, str] = field(default_factory=dict)
    """JSON pointers, within the definition, of the first place of what is unresolved in it."""
    findings: tuple[Finding, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    resolved: Any = None
    """The definition with ARM template expressions resolved; None where it equals what is written."""

    @property
    def value(self) -> dict[str, Any]:
        """The definition as plain JSON, ARM template expressions resolved where they can be."""
        value: dict[str, Any] = self.resolved if self.resolved is not None else self.node.value
        return value

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """The names of the parameters that the definition declares."""
        declared = self.value.get("parameters")
        return tuple(declared) if isinstance(declared, dict) else ()

    @property
    def source(self) -> Source:
        """The file the definition stands in."""
        return self.document.source
