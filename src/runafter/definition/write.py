"""Back to text: an untouched file as it was, byte for byte, and one canonical form for stable diffs.

Canonical form: two-space indent, LF, the author's order of members, duplicate
keys kept, numbers as written, strings with only the escapes that JSON demands,
no comments. It depends on content alone, so two files with equal content and
order have equal canonical text. See docs/decisions/0004.
"""

from __future__ import annotations

import json
from typing import Any

from runafter.definition.nodes import Node


def write(document: Node) -> bytes:
    """Return the bytes of a file's root node: exactly those that were read."""
    return document.source.data()


def canonical(node: Node) -> str:
    """Return the canonical text of a node, with a line break at its end."""
    parts: list[str] = []
    _emit(node, "\n", parts)
    parts.append("\n")
    return "".join(parts)


def canonical_value(value: Any) -> str:
    """Return the canonical text of a plain value."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _emit(node: Node, newline: str, parts: list[str]) -> None:
    inner = newline + "  "
    if node.kind == "object":
        separator = "{"
        for key, child in node.members():
            parts.append(f"{separator}{inner}{_quoted(key)}: ")
            _emit(child, inner, parts)
            separator = ","
        parts.append("{}" if separator == "{" else newline + "}")
    elif node.kind == "array":
        separator = "["
        for child in node.items():
            parts.append(separator + inner)
            _emit(child, inner, parts)
            separator = ","
        parts.append("[]" if separator == "[" else newline + "]")
    elif node.kind == "string":
        parts.append(_quoted(node.value))
    elif node.kind == "number":
        parts.append(_number(node.text))
    else:
        parts.append(node.kind)


def _quoted(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    if any("\ud800" <= char <= "\udfff" for char in text):
        return "".join(f"\\u{ord(char):04x}" if "\ud800" <= char <= "\udfff" else char for char in quoted)
    return quoted


def _number(text: str) -> str:
    text = text.removeprefix("+")
    try:
        json.loads(text)
    except ValueError:
        return json.dumps(float(text))
    return text
