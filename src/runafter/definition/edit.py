"""Minimal edits of the author's file: formatting, comments, order and everything else stay as they are.

Edits are collected against one parsed document and applied together as
replacements of text, so that a diff shows the changed places and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from runafter.definition.nodes import Node
from runafter.definition.source import Source, parse
from runafter.definition.write import dumped, quoted

_HOLE = "\x00"
_LINES = re.compile(r'"(?:\\.|[^"\\])*+"|//[^\n]*+|/\*.*?\*/|\n', re.DOTALL)


class Edits:
    """Edits of one document. Pointers are those of the document as it was read.

    Edits of different places may be given in any order. Two edits of the same
    text (a value set twice, a value set below one that is replaced or removed)
    are an error of the caller: `apply` raises `ValueError`.
    """

    def __init__(self, document: Node) -> None:
        self.document = document
        self._text = document.source.text
        self._newline = "\r\n" if "\r\n" in self._text else "\n"
        match = re.search(r"\n([ \t]+)\S", self._text)
        self._unit = match.group(1) if match is not None and len(match.group(1)) <= 8 else "  "
        self._ascii = document.source.encoding == "cp1252"  # not every character has a byte there
        self._changes: list[tuple[int, int, str]] = []
        self._removed: dict[int, Node] = {}
        self._fillings: dict[int, tuple[Node, list[str]]] = {}
        self._regions: list[tuple[int, int, str]] = []  # start, end, what every line inside is indented by
        self._shifts: dict[int, str] = {}

    def set(self, pointer: str, value: Any) -> None:
        """Replace the value at a pointer, or add it as the last member where only its parent exists."""
        node = self.document.find(pointer)
        if node is not None:
            self.set_node(node, value)
            return
        head, _, tail = pointer.rpartition("/")
        self.insert(head, tail.replace("~1", "/").replace("~0", "~"), value)

    def set_node(self, node: Node, value: Any) -> None:
        """Replace the value of a node of this document, which a pointer cannot name where a key stands twice."""
        self._replace(node.start, node.end, self._json(value, _indent_of(self._text, node.start)))

    def insert(self, pointer: str, key: str | int, value: Any, *, before: str | None = None) -> None:
        """Add a member to the object (or an item to the array) at `pointer`.

        `before` names the member to stand before; without it the new one is the
        last. For arrays `key` is the index; one past the end appends.
        """
        parent = self._node(pointer)
        if parent.kind not in {"object", "array"}:
            raise ValueError(f"{pointer!r} is neither an object nor an array")
        children = _children(parent)
        label = "" if parent.kind == "array" else quoted(str(key), ascii_only=self._ascii) + ": "
        if not children:
            inner = _indent_of(self._text, parent.start) + self._unit
            self._fillings.setdefault(id(parent), (parent, []))[1].append(label + self._json(value, inner))
            return
        anchor = None
        if parent.kind == "array" and isinstance(key, int) and key < len(children):
            anchor = children[key]
        elif before is not None:
            anchor = next((child for child in children if child.key == before), None)
        start = _begin(anchor or children[-1])
        lead = self._text[:start]
        stripped = lead.rstrip(" \t")
        own_line = stripped.endswith(("\n", "\r"))
        indent = lead[len(stripped) :] if own_line else ""
        body = label + self._json(value, indent)
        gap = self._newline + indent if own_line else " "
        if anchor is not None:
            self._replace(start, start, body + "," + gap)
        else:
            end = children[-1].end
            self._replace(end, end, "," + gap + body)

    def remove(self, pointer: str) -> None:
        """Remove a member or item with its comma and its own line."""
        node = self._node(pointer)
        if node.parent is None:
            raise ValueError("the root cannot be removed")
        self._removed[id(node)] = node

    def rename_key(self, pointer: str, key: str) -> None:
        """Give the member at a pointer another name."""
        self.rename_node(self._node(pointer), key)

    def rename_node(self, node: Node, key: str) -> None:
        """Give a member of this document another name."""
        if node.parent is None or node.parent.kind != "object":
            raise ValueError(f"{node.pointer!r} is no member of an object")
        self._replace(node.key_start, node.key_end, quoted(key, ascii_only=self._ascii))

    def wrap(self, pointers: Sequence[str], key: str, value: Mapping[str, Any], inner: str) -> None:
        """Put members that stand side by side into a new member `key`, whose `inner` object they become.

        `value` is the rest of the new member; other edits may change what is
        inside of the wrapped members. Their text stays, indented further.

        Raises:
            ValueError: the members do not stand side by side in one object.
        """
        nodes = [self._node(pointer) for pointer in pointers]
        parent = nodes[0].parent
        siblings = _children(parent) if parent is not None and parent.kind == "object" else []
        first = next((index for index, each in enumerate(siblings) if each is nodes[0]), -1)
        if first < 0 or [id(each) for each in siblings[first : first + len(nodes)]] != [id(node) for node in nodes]:
            raise ValueError("only members that stand side by side can be wrapped")
        start, end = _begin(nodes[0]), nodes[-1].end
        outer = _indent_of(self._text, start)
        text = quoted(key, ascii_only=self._ascii) + ": " + self._json({**value, inner: {_HOLE: 0}}, outer)
        head, _, tail = text.partition(quoted(_HOLE))
        self._replace(start, start, head)
        self._replace(end, end, tail.split("0", 1)[1])
        self._regions.append((start, end, self._unit * 2))
        for match in _LINES.finditer(self._text, start, end):
            if match.group() == "\n" and self._text[match.end()] not in "\r\n":
                self._shifts[match.end()] = self._shifts.get(match.end(), "") + self._unit * 2

    def move(self, pointer: str, before: str) -> None:
        """Move a member before a sibling of it, as it is written. What is inside cannot be edited at the same time."""
        node = self._node(pointer)
        children = _children(node.parent) if node.parent is not None else []
        anchor = next((child for child in children if child.key == before), None)
        if anchor is None:
            raise ValueError(f"{before!r} stands not beside {pointer!r}")
        start = _begin(anchor)
        lead = self._text[:start]
        stripped = lead.rstrip(" \t")
        gap = self._newline + lead[len(stripped) :] if stripped.endswith(("\n", "\r")) else " "
        self._replace(start, start, self._text[_begin(node) : node.end] + "," + gap)
        self.remove(pointer)

    def apply(self) -> Node:
        """Return the root of the edited document; the one edited stays as it was.

        Raises:
            ValueError: two edits overlap.
        """
        changes = [*self._changes, *self._removals()]
        for parent, members in self._fillings.values():
            changes.append((parent.start, parent.end, self._filled(parent, members)))
        changes = [(start, end, self._indented(start, end, new)) for start, end, new in changes]
        changes.sort(key=lambda change: (change[0], change[1]))
        changes = self._with_shifts(changes)
        parts, position = [], 0
        for start, end, new in changes:
            if start < position:
                raise ValueError("two edits change the same place")
            parts.append(self._text[position:start])
            parts.append(new)
            position = end
        parts.append(self._text[position:])
        old = self.document.source
        return parse(Source(old.name, "".join(parts), encoding=old.encoding, mark=old.mark))

    def _indented(self, start: int, end: int, text: str) -> str:
        """Return new text as deep as the members around it are wrapped."""
        extra = "".join(unit for first, last, unit in self._regions if first < start and end < last)
        return text.replace("\n", "\n" + extra) if extra else text

    def _with_shifts(self, changes: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
        """Add the indentation of wrapped lines, except of those that a change replaces."""
        shifts = sorted(self._shifts.items())
        merged: list[tuple[int, int, str]] = []
        index = 0
        for change in changes:
            while index < len(shifts) and shifts[index][0] <= change[0]:
                merged.append((shifts[index][0], shifts[index][0], shifts[index][1]))
                index += 1
            while index < len(shifts) and shifts[index][0] < change[1]:
                index += 1
            merged.append(change)
        return merged + [(position, position, unit) for position, unit in shifts[index:]]

    def _removals(self) -> Iterator[tuple[int, int, str]]:
        parents = {id(node.parent): node.parent for node in self._removed.values() if node.parent is not None}
        for parent in parents.values():
            children = _children(parent)
            gone = [id(child) in self._removed for child in children]
            if all(gone):
                yield parent.start, parent.end, self._text[parent.start] + self._text[parent.end - 1]
                continue
            last_kept = max(index for index, is_gone in enumerate(gone) if not is_gone)
            for index, child in enumerate(children[:last_kept]):
                if gone[index]:
                    yield _begin(child), _begin(children[index + 1]), ""
            if last_kept + 1 < len(children):
                yield children[last_kept].end, children[-1].end, ""

    def _filled(self, parent: Node, members: list[str]) -> str:
        opening, closing = self._text[parent.start], self._text[parent.end - 1]
        if "\n" not in self._text:
            return opening + ", ".join(members) + closing
        outer = self._newline + _indent_of(self._text, parent.start)
        inner = outer + self._unit
        return opening + inner + ("," + inner).join(members) + outer + closing

    def _node(self, pointer: str) -> Node:
        node = self.document.find(pointer)
        if node is None:
            raise ValueError(f"nothing stands at {pointer!r}")
        return node

    def _replace(self, start: int, end: int, text: str) -> None:
        self._changes.append((start, end, text))

    def _json(self, value: Any, indent: str) -> str:
        unit = self._unit if "\n" in self._text else None
        return dumped(value, indent=unit, ascii_only=self._ascii).replace("\n", self._newline + indent)


def _children(parent: Node) -> list[Node]:
    return list(parent.items()) if parent.kind == "array" else [child for _, child in parent.members()]


def _begin(node: Node) -> int:
    return node.key_start if isinstance(node.key, str) else node.start


def _indent_of(text: str, position: int) -> str:
    start = max(text.rfind("\n", 0, position), text.rfind("\r", 0, position)) + 1
    line = text[start:position]
    return line[: len(line) - len(line.lstrip(" \t"))]
