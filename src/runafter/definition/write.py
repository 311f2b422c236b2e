"""Back to text: an untouched file as it was, byte for byte, and one canonical form for stable diffs.

Canonical form: two-space indent, LF, the author's order of members, duplicate
keys kept, numbers as written, strings with only the escapes that JSON demands,
no comments. It depends on content alone, so two files with equal content and
order have equal canonical text. See docs/decisions/0004.
"""

from __future__ import annotations

import json
import re
from typing import Any

from runafter.definition.nodes import Node

_NUMBER = re.compile(r"\+?(-?)(\d*)(?:(\.)(\d*))?([eE][-+]?\d+)?")
_SURROGATE = re.compile("[\ud800-\udfff]")


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
    """Return the canonical text of a plain value; nodes in it stand as they were written.

    Raises:
        ValueError: a number that JSON cannot write.
    """
    parts: list[str] = []
    _emit_value(value, "\n", parts)
    parts.append("\n")
    return "".join(parts)


def dumped(value: Any, *, indent: str | None = None, ascii_only: bool = False) -> str:
    """Return JSON text of a plain value; lone surrogates, which no encoding takes, stay escapes.

    Raises:
        ValueError: a number that JSON cannot write.
    """
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only, allow_nan=False)
    return text if text.isascii() else _SURROGATE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def quoted(text: str, *, ascii_only: bool = False) -> str:
    """Return a JSON string, with only the escapes that JSON demands."""
    return dumped(text, ascii_only=ascii_only)


def _emit(node: Node, newline: str, parts: list[str]) -> None:
    inner = newline + "  "
    if node.kind == "object":
        separator = "{"
        for key, child in node.members():
            parts.append(f"{separator}{inner}{quoted(key)}: ")
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
        parts.append(quoted(node.value))
    elif node.kind == "number":
        parts.append(_number(node.text))
    else:
        parts.append(node.kind)


def _emit_value(value: Any, newline: str, parts: list[str]) -> None:
    inner = newline + "  "
    if isinstance(value, Node):
        _emit(value, newline, parts)
    elif isinstance(value, dict) and value:
        separator = "{"
        for key, item in value.items():
            parts.append(f"{separator}{inner}{quoted(key)}: ")
            _emit_value(item, inner, parts)
            separator = ","
        parts.append(newline + "}")
    elif isinstance(value, list) and value:
        separator = "["
        for item in value:
            parts.append(separator + inner)
            _emit_value(item, inner, parts)
            separator = ","
        parts.append(newline + "]")
    else:
        parts.append(dumped(value))


def _number(text: str) -> str:
    """Write a number as JSON does where the author did not: no plus sign, no leading zeros, digits around the point."""
    match = _NUMBER.fullmatch(text)
    assert match is not None, text
    sign, whole, point, fraction, exponent = match.groups(default="")
    return sign + (whole.lstrip("0") or "0") + (f".{fraction or '0'}" if point else "") + exponent
