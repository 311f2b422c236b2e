"""JSON, read with a forgiving eye and every place kept.

Real files have byte order marks, UTF-16, comments, trailing commas and equal
keys in one object. All of that is read; what a strict reader would not take is
noted as a finding. Depth and size are limited, since files come from strangers.
"""

from __future__ import annotations

import json
import re
from math import isinf
from typing import Any

from runafter.definition.nodes import Node
from runafter.definition.text import Source, decode

__all__ = ["MAX_DEPTH", "Source", "decode", "parse", "parse_bytes"]

MAX_DEPTH = 200
_MAX_DIGITS = 4_000

_GAP = re.compile(r"(?:[ \t\r\n\f\v\xa0\ufeff]+|//[^\n]*|/\*[\s\S]*?\*/)*")
_STRING = re.compile(r'"[^"\\]*(?:\\[\s\S][^"\\]*)*"')
_SINGLE = re.compile(r"'[^'\\]*(?:\\[\s\S][^'\\]*)*'")
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_WORD = re.compile(r"[A-Za-z_$][\w$]*")
_QUOTES = re.compile(r"\\[\s\S]|\"")
_WORDS = {"true": True, "false": False, "null": None}


def parse(source: Source) -> Node:
    """Return the root node of a JSON text.

    Raises:
        UnreadableSource: DEF003 no JSON, with line and column; DEF004 nested too deeply.
    """
    scanner = _Scanner(source)
    root = scanner.value(scanner.gap(0), None, None, 0)
    end = scanner.gap(root.end)
    while end < len(source.text) and source.text[end] == "\x00":
        end = scanner.gap(end + 1)
    if end != len(source.text):
        raise source.refuse(
            "something follows the end of the JSON value",
            end,
            code="DEF003",
            hint="Remove it, or close the value later.",
        )
    return root


def parse_bytes(data: bytes, name: str = "") -> Node:
    """Decode and parse a file."""
    return parse(decode(data, name))


class _Scanner:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text

    def gap(self, position: int) -> int:
        match = _GAP.match(self.text, position)
        end = match.end() if match is not None else position
        if self.text.startswith("/*", end):
            raise self.source.refuse("this comment is never closed", end, code="DEF003")
        return end

    def value(self, position: int, parent: Node | None, key: str | int | None, depth: int) -> Node:
        text = self.text
        char = text[position : position + 1]
        if char == '"':
            match = _STRING.match(text, position)
            if match is None:
                raise self.source.refuse("this string is never closed", position, code="DEF003")
            return Node("string", self.source, position, match.end(), parent, key, self.string(match.group(), position))
        if char == "{":
            return self.object(position, parent, key, depth)
        if char == "[":
            return self.array(position, parent, key, depth)
        word = _WORD.match(text, position)
        if word is not None and word.group() in _WORDS:
            name = word.group()
            return Node(name, self.source, position, word.end(), parent, key, _WORDS[name])
        number = _NUMBER.match(text, position)
        if number is not None and number.group():
            return Node(
                "number", self.source, position, number.end(), parent, key, self.number(number.group(), position)
            )
        if char == "'":
            match = _SINGLE.match(text, position)
            if match is not None:
                self.source.note("DEF012", "this string stands in single quotes", position, hint="Use double quotes.")
                content = self.single(match.group(), position)
                return Node("string", self.source, position, match.end(), parent, key, content)
        what = f"{char!r}" if char else "the end of the file"
        raise self.source.refuse(f"a JSON value was expected here, not {what}", position, code="DEF003")

    def string(self, token: str, position: int) -> str:
        if "\\" not in token:
            return token[1:-1]
        try:
            value: str = json.loads(token, strict=False)
        except ValueError as fault:
            offset = position + getattr(fault, "pos", 0)
            raise self.source.refuse(
                "this string has an escape that JSON does not know", offset, code="DEF003"
            ) from fault
        return value

    def single(self, token: str, position: int) -> str:
        inner = _QUOTES.sub(lambda match: {"\\'": "'", '"': '\\"'}.get(match.group(), match.group()), token[1:-1])
        return self.string(f'"{inner}"', position)

    def number(self, token: str, position: int) -> Any:
        if len(token) > _MAX_DIGITS:
            raise self.source.refuse("this number has too many digits", position, code="DEF003")
        if not any(char in token for char in ".eE"):
            return int(token)
        value = float(token)
        if isinf(value):
            raise self.source.refuse("this number is too large", position, code="DEF003")
        return value

    def object(self, position: int, parent: Node | None, key: str | int | None, depth: int) -> Node:
        self.deep(position, depth)
        text = self.text
        members: list[Node] = []
        node = Node("object", self.source, position, position, parent, key, members)
        seen: set[str] = set()
        position = self.gap(position + 1)
        while text[position : position + 1] != "}":
            start = position
            match = _STRING.match(text, position)
            if match is not None:
                name, position = self.string(match.group(), position), match.end()
            else:
                word = _WORD.match(text, position)
                bare = word or _SINGLE.match(text, position)
                if bare is None:
                    what = repr(text[position]) if position < len(text) else "the end of the file"
                    raise self.source.refuse(
                        f"a key in double quotes or '}}' was expected here, not {what}", position, code="DEF003"
                    )
                name = bare.group() if word is not None else self.single(bare.group(), position)
                position = bare.end()
                self.source.note(
                    "DEF012", f"the key {name!r} stands without double quotes", start, hint="Use double quotes."
                )
            key_end = position
            position = self.gap(position)
            if text[position : position + 1] != ":":
                raise self.source.refuse(f"':' was expected after the key {name!r}", position, code="DEF003")
            child = self.value(self.gap(position + 1), node, name, depth + 1)
            child.key_start, child.key_end = start, key_end
            if name in seen:
                self.source.note(
                    "DEF010", f"the key {name!r} stands twice in one object; the last one counts", start, pointer=child.pointer,
                    hint="Remove one of them.",
                )  # fmt: skip
            seen.add(name)
            members.append(child)
            position = self.separator(child.end, "}")
        node.end = position + 1
        return node

    def array(self, position: int, parent: Node | None, key: str | int | None, depth: int) -> Node:
        self.deep(position, depth)
        text = self.text
        items: list[Node] = []
        node = Node("array", self.source, position, position, parent, key, items)
        position = self.gap(position + 1)
        while text[position : position + 1] != "]":
            child = self.value(position, node, len(items), depth + 1)
            items.append(child)
            position = self.separator(child.end, "]")
        node.end = position + 1
        return node

    def separator(self, position: int, closing: str) -> int:
        position = self.gap(position)
        char = self.text[position : position + 1]
        if char == ",":
            comma, position = position, self.gap(position + 1)
            if self.text[position : position + 1] == closing:
                self.source.note("DEF012", f"a comma stands before {closing!r}", comma, hint="Remove it.")
            return position
        if char != closing:
            what = repr(char) if char else "the end of the file"
            raise self.source.refuse(f"',' or {closing!r} was expected here, not {what}", position, code="DEF003")
        return position

    def deep(self, position: int, depth: int) -> None:
        if depth >= MAX_DEPTH:
            raise self.source.refuse(f"the JSON is nested more than {MAX_DEPTH} deep", position, code="DEF004")
