"""One piece of a definition: its plain value beside the node that says where it stands.

The value is the one to run (ARM template expressions resolved); the node is
the text as written. Where the two part ways, the place of the nearest node
that exists is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runafter.definition.nodes import Node


class Part:
    """A value and its place. `path` is what the place lacks: keys below the node, as a pointer."""

    __slots__ = ("node", "path", "value")

    def __init__(self, value: Any, node: Node | None, path: str = "") -> None:
        self.value = value
        self.node = node
        self.path = path

    @property
    def pointer(self) -> str:
        return (self.node.pointer if self.node is not None else "") + self.path

    @property
    def line(self) -> int:
        return self.node.line if self.node is not None else 0

    @property
    def column(self) -> int:
        return self.node.column if self.node is not None else 0

    @property
    def is_object(self) -> bool:
        return isinstance(self.value, dict)

    def has(self, key: str) -> bool:
        return self._key(key) is not None

    def get(self, key: str) -> Part | None:
        """Return the member of an object, in any letter case when the exact key is absent."""
        found = self._key(key)
        return None if found is None else self._member(found)

    def text(self, key: str) -> str | None:
        """Return the member when it is a string."""
        part = self.get(key)
        return part.value if part is not None and isinstance(part.value, str) else None

    def at(self, *keys: str) -> Part | None:
        """Follow keys down; None as soon as one is absent."""
        part: Part | None = self
        for key in keys:
            part = part.get(key) if part is not None else None
        return part

    def members(self) -> Iterator[tuple[str, Part]]:
        """Yield the members of an object; nothing for any other value."""
        if not isinstance(self.value, dict):
            return
        aligned = self.node is not None and self.node.kind == "object" and not self.path
        nodes = dict(self.node.members()) if self.node is not None and aligned else {}
        for key, value in self.value.items():
            node = nodes.get(key)
            yield key, Part(value, node) if node is not None else Part(value, self.node, self._below(key))

    def items(self) -> Iterator[Part]:
        """Yield the items of an array; nothing for any other value."""
        if not isinstance(self.value, list):
            return
        nodes = list(self.node.items()) if self.node is not None and self.node.kind == "array" else []
        aligned = len(nodes) == len(self.value) and not self.path
        for index, value in enumerate(self.value):
            if aligned:
                yield Part(value, nodes[index])
            else:
                yield Part(value, self.node, f"{self.path}/{index}")

    def strings(self) -> Iterator[tuple[Part, str]]:
        """Yield every string below, object keys included, each with the part where it stands."""
        value = self.value
        if isinstance(value, str):
            yield self, value
        elif isinstance(value, dict):
            for key, part in self.members():
                if "@" in key:
                    yield part, key
                yield from part.strings()
        elif isinstance(value, list):
            for part in self.items():
                yield from part.strings()

    def _key(self, key: str) -> str | None:
        if not isinstance(self.value, dict):
            return None
        if key in self.value:
            return key
        folded = key.casefold()
        return next((name for name in self.value if name.casefold() == folded), None)

    def _member(self, key: str) -> Part:
        value = self.value[key]
        if self.node is not None and not self.path and self.node.kind == "object":
            node = self.node.get(key)
            if node is not None:
                return Part(value, node)
        return Part(value, self.node, self._below(key))

    def _below(self, key: str) -> str:
        escaped = key.replace("~", "~0").replace("/", "~1")
        return f"{self.path}/{escaped}"


def is_dynamic(text: str) -> bool:
    """Say whether a string is computed when the flow runs, so that its value cannot be judged."""
    return (text.startswith("@") and not text.startswith("@@")) or "@{" in text or text.startswith("[")
