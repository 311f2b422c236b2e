"""Minimal edits of the author's file: formatting, comments, order and everything else stay as they are.

Edits are collected against one parsed document and applied together as
replacements of text, so that a diff shows the changed places and nothing else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from runafter.definition.nodes import Definition, Node
from runafter.definition.source import Source, parse

_NAMING = frozenset(
    {
        "actions", "body", "outputs", "result", "items", "iterationindexes", "actionbody", "actionoutputs",
        "formdatavalue", "formdatamultivalues", "multipartbody",
    }
)  # fmt: skip
_CALL = re.compile(r"([A-Za-z_]\w*)\s*\(\s*('(?:[^']|'')*')")


class Edits:
    """Edits of one document. Pointers are those of the document as it was read.

    Two edits must not overlap; an edit below a value that another edit
    replaces is an error of the caller (`ValueError`).
    """

    def __init__(self, document: Node) -> None:
        self.document = document
        self._changes: list[tuple[int, int, str]] = []

    def set(self, pointer: str, value: Any) -> None:
        """Replace the value at a pointer, or add it as the last member where only its parent exists."""
        node = self.document.find(pointer)
        if node is not None:
            indent = _indent_of(self.document.source.text, node.start)
            self._replace(node.start, node.end, self._text(value, indent))
            return
        head, _, tail = pointer.rpartition("/")
        self.insert(head, tail.replace("~1", "/").replace("~0", "~"), value)

    def insert(self, pointer: str, key: str | int, value: Any, *, before: str | None = None) -> None:
        """Add a member to the object (or an item to the array) at `pointer`.

        `before` names the member to stand before; without it the new one is the
        last. For arrays `key` is the index; one past the end appends.
        """
        parent = self._node(pointer)
        text = self.document.source.text
        children = list(parent.items()) if parent.kind == "array" else [child for _, child in parent.members()]
        if parent.kind not in {"object", "array"}:
            raise ValueError(f"{pointer!r} is neither an object nor an array")
        label = "" if parent.kind == "array" else json.dumps(key, ensure_ascii=False) + ": "
        if not children:
            outer = _indent_of(text, parent.start)
            inner = outer + self._unit()
            body = self._text(value, inner)
            opening, closing = text[parent.start], text[parent.end - 1]
            self._replace(
                parent.start,
                parent.end,
                f"{opening}{self._newline()}{inner}{label}{body}{self._newline()}{outer}{closing}",
            )
            return
        anchor = None
        if parent.kind == "array" and isinstance(key, int) and key < len(children):
            anchor = children[key]
        elif before is not None:
            anchor = next((child for child in children if child.key == before), None)
        start = (anchor or children[-1]).key_start if parent.kind == "object" else (anchor or children[-1]).start
        lead = text[: (anchor or children[-1]).key_start if parent.kind == "object" else (anchor or children[-1]).start]
        stripped = lead.rstrip(" \t")
        own_line = stripped.endswith(("\n", "\r"))
        indent = lead[len(stripped) :] if own_line else ""
        body = label + self._text(value, indent)
        gap = self._newline() + indent if own_line else " "
        if anchor is not None:
            self._replace(start, start, body + "," + gap)
        else:
            end = children[-1].end
            self._replace(end, end, "," + gap + body)

    def remove(self, pointer: str) -> None:
        """Remove a member or item with its comma and its own line."""
        node = self._node(pointer)
        parent = node.parent
        if parent is None:
            raise ValueError("the root cannot be removed")
        text = self.document.source.text
        children = list(parent.items()) if parent.kind == "array" else [child for _, child in parent.members()]
        position = next(index for index, child in enumerate(children) if child is node)
        start = node.key_start if parent.kind == "object" else node.start
        if position + 1 < len(children):
            following = children[position + 1]
            self._replace(start, following.key_start if parent.kind == "object" else following.start, "")
        elif position > 0:
            self._replace(children[position - 1].end, node.end, "")
        else:
            self._replace(parent.start, parent.end, text[parent.start] + text[parent.end - 1])

    def rename_key(self, pointer: str, key: str) -> None:
        """Give the member at a pointer another name."""
        node = self._node(pointer)
        if node.parent is None or node.parent.kind != "object":
            raise ValueError(f"{pointer!r} is no member of an object")
        self._replace(node.key_start, node.key_end, json.dumps(key, ensure_ascii=False))

    def apply(self) -> Node:
        """Return the root of the edited document; the one edited stays as it was.

        Raises:
            ValueError: two edits overlap.
        """
        text = self.document.source.text
        changes = sorted(self._changes, key=lambda change: (change[0], change[1]))
        parts, position = [], 0
        for start, end, new in changes:
            if start < position:
                raise ValueError("two edits change the same place")
            parts.append(text[position:start])
            parts.append(new)
            position = end
        parts.append(text[position:])
        old = self.document.source
        return parse(Source(old.name, "".join(parts), encoding=old.encoding, mark=old.mark))

    def _node(self, pointer: str) -> Node:
        node = self.document.find(pointer)
        if node is None:
            raise ValueError(f"nothing stands at {pointer!r}")
        return node

    def _replace(self, start: int, end: int, text: str) -> None:
        self._changes.append((start, end, text))

    def _newline(self) -> str:
        text = self.document.source.text
        position = text.find("\n")
        return "\r\n" if position > 0 and text[position - 1] == "\r" else "\n"

    def _unit(self) -> str:
        match = re.search(r"\n([ \t]+)\S", self.document.source.text)
        return match.group(1) if match is not None and len(match.group(1)) <= 8 else "  "

    def _text(self, value: Any, indent: str) -> str:
        if "\n" not in self.document.source.text:
            return json.dumps(value, ensure_ascii=False)
        lines = json.dumps(value, indent=self._unit(), ensure_ascii=False).split("\n")
        return (self._newline() + indent).join(lines)


def _indent_of(text: str, position: int) -> str:
    start = max(text.rfind("\n", 0, position), text.rfind("\r", 0, position)) + 1
    line = text[start:position]
    return line[: len(line) - len(line.lstrip(" \t"))]


def rename_action(definition: Definition, old: str, new: str) -> Node:
    """Return the document with an action renamed: its key, every run-after entry, every expression that names it.

    Names are compared without regard to case, as the platform does.

    Raises:
        ValueError: there is no such action, or `new` is taken.
    """
    from runafter.definition.structure import walk_actions

    folded = old.casefold()
    edits = Edits(definition.document)
    actions = list(walk_actions(definition))
    if not any(action.name.casefold() == folded for action in actions):
        raise ValueError(f"no action named {old!r}")
    if any(action.name.casefold() == new.casefold() != folded for action in actions):
        raise ValueError(f"the name {new!r} is taken")
    for action in actions:
        if action.name.casefold() == folded:
            edits.rename_key(action.node.pointer, new)
        run_after = action.node.get_ci("runAfter")
        for name, entry in run_after.members() if run_after is not None else ():
            if name.casefold() == folded:
                edits.rename_key(entry.pointer, new)
    for node, is_key in _strings(definition.node):
        text = str(node.key) if is_key else node.value
        renamed = rename_in_text(text, old, new)
        if renamed != text:
            if is_key:
                edits.rename_key(node.pointer, renamed)
            else:
                edits.set(node.pointer, renamed)
    return edits.apply()


def rename_in_text(text: str, old: str, new: str) -> str:
    """Return a string of the definition with references to an action renamed; text outside expressions stays."""
    if "@" not in text or old.replace("'", "''").casefold() not in text.casefold():
        return text
    parts, position = [], 0
    for start, end in _expressions(text):
        parts.append(text[position:start])
        parts.append(_rename_calls(text[start:end], old, new))
        position = end
    parts.append(text[position:])
    return "".join(parts)


def _rename_calls(expression: str, old: str, new: str) -> str:
    parts, position = [], 0
    while position < len(expression):
        char = expression[position]
        if char == "'":
            end = _string_end(expression, position)
            parts.append(expression[position:end])
            position = end
            continue
        match = _CALL.match(expression, position)
        if match is not None and (
            position == 0 or not (expression[position - 1].isalnum() or expression[position - 1] == "_")
        ):
            quoted = match.group(2)
            named = quoted[1:-1].replace("''", "'")
            if match.group(1).casefold() in _NAMING and named.casefold() == old.casefold():
                start = match.start(2) - position
                parts.append(match.group()[:start] + "'" + new.replace("'", "''") + "'")
            else:
                parts.append(match.group())
            position = match.end()
            continue
        parts.append(char)
        position += 1
    return "".join(parts)


def _string_end(text: str, start: int) -> int:
    position = start + 1
    while position < len(text):
        if text[position] == "'":
            if text[position + 1 : position + 2] == "'":
                position += 2
                continue
            return position + 1
        position += 1
    return position


def _expressions(text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of expressions in a string: after a leading `@`, or inside `@{...}`."""
    if text.startswith("@") and not text.startswith(("@@", "@{")):
        yield 1, len(text)
        return
    position = 2 if text.startswith("@@") else 0
    while (start := text.find("@{", position)) >= 0:
        if start > 0 and text[start - 1] == "@":
            position = start + 2
            continue
        end = start + 2
        depth = 1
        while end < len(text) and depth:
            if text[end] == "'":
                end = _string_end(text, end)
                continue
            depth += (text[end] == "{") - (text[end] == "}")
            end += 1
        yield start + 2, end - 1 if depth == 0 else end
        position = end


def _strings(node: Node) -> Iterator[tuple[Node, bool]]:
    waiting = [node]
    while waiting:
        here = waiting.pop()
        if here.kind == "string":
            yield here, False
        elif here.kind == "object":
            for key, child in here.members():
                if "@" in key:
                    yield child, True
                waiting.append(child)
        elif here.kind == "array":
            waiting.extend(here.items())
