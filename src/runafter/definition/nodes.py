"""What the author wrote, with places: a parsed file and the definitions in it.

A `Node` is one JSON value of the file. It keeps its span in the source text,
so that line and column, lossless writing and minimal edits all come from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from runafter.errors import Finding


class Node:
    """One JSON value of a file: `kind` is object, array, string, number, true, false or null.

    `members` of an object keep order and duplicate keys; `get` takes the last
    of duplicates, as the platform does. `value` is the plain Python value
    (made once, not to be changed). `pointer` is the JSON pointer from the root
    of the file; `line` and `column` count from 1.
    """

    __slots__ = ("kind", "source", "start", "end", "parent", "key", "_members", "_items", "_value")

    kind: str
    start: int
    end: int

    def get(self, key: str) -> Node | None: ...

    def get_ci(self, key: str) -> Node | None:
        """Like `get`; when the exact key is absent, the first that differs by case only."""
        ...

    def members(self) -> Iterator[tuple[str, Node]]: ...

    def items(self) -> Iterator[Node]: ...

    @property
    def value(self) -> Any: ...

    @property
    def pointer(self) -> str: ...

    @property
    def line(self) -> int: ...

    @property
    def column(self) -> int: ...


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
    findings: tuple[Finding, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def value(self) -> dict[str, Any]:
        """The definition as plain JSON, ARM template expressions resolved where they can be."""
        ...
