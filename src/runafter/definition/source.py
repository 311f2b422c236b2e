"""The text of a file and its JSON, read with a forgiving eye and every place kept.

Real files have byte order marks, UTF-16, comments, trailing commas and equal
keys in one object. All of that is read; what a strict reader would not take is
noted as a finding. Depth and size are limited, since files come from strangers.
"""

from __future__ import annotations

import codecs
import json
import re
from bisect import bisect_right
from typing import Any

from runafter.definition.nodes import Node
from runafter.errors import Finding, UnreadableSource

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 250
_MAX_DIGITS = 4_000

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_GAP = re.compile(r"(?:[ \t\r\n\f\v\xa0\ufeff]+|//[^\n]*|/\*[\s\S]*?\*/)*")
_STRING = re.compile(r'"[^"\\]*(?:\\[\s\S][^"\\]*)*"')
_SINGLE = re.compile(r"'[^'\\]*(?:\\[\s\S][^'\\]*)*'")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_WORD = re.compile(r"[A-Za-z_$][\w$]*")
_WORDS = {"true": True, "false": False, "null": None}


class Source:
    """A file's text, how its bytes were encoded, and what was noticed while reading it."""

    def __init__(self, name: str, text: str, *, encoding: str = "utf-8", mark: bytes = b"") -> None:
        self.name = name
        self.text = text
        self.encoding = encoding
        self.mark = mark
        self.findings: list[Finding] = []
        self._lines: list[int] | None = None

    def place(self, offset: int) -> tuple[int, int]:
        """Return (line, column) of an offset, both from 1."""
        if self._lines is None:
            starts = [0]
            starts.extend(match.end() for match in re.finditer(r"\r\n|\n|\r", self.text))
            self._lines = starts
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1

    def data(self) -> bytes:
        """Return the bytes this source was read from."""
        return self.mark + self.text.encode(self.encoding, "surrogatepass")

    def note(self, code: str, message: str, offset: int, *, pointer: str = "", hint: str | None = None) -> None:
        line, column = self.place(offset)
        self.findings.append(
            Finding(
                code=code,
                severity="warning",
                message=message,
                pointer=pointer,
                line=line,
                column=column,
                hint=hint,
                file=self.name or None,
            )
        )

    def refuse(
        self, message: str, offset: int, *, hint: str | None = None, code: str | None = None
    ) -> UnreadableSource:
        line, column = self.place(min(offset, len(self.text)))
        return UnreadableSource(message, line=line, column=column, file=self.name or None, hint=hint, code=code)


def decode(data: bytes, name: str = "") -> Source:
    """Return the text of a file in UTF-8, UTF-16 or UTF-32, with or without a mark; Windows-1252 as a last resort.

    Raises:
        UnreadableSource: DEF002 too large, DEF001 no text.
    """
    if len(data) > MAX_BYTES:
        raise UnreadableSource(
            f"the file has {len(data):,} bytes, more than the {MAX_BYTES:,} that are read",
            file=name or None,
            code="DEF002",
        )
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return Source(name, _text(data[len(mark) :], encoding, name), encoding=encoding, mark=mark)
    head = data[:4]
    if len(head) >= 2 and head[0] == 0 and head[1] != 0:
        return Source(name, _text(data, "utf-16-be", name), encoding="utf-16-be")
    if len(head) >= 2 and head[1] == 0 and head[0] != 0:
        return Source(name, _text(data, "utf-16-le", name), encoding="utf-16-le")
    try:
        return Source(name, data.decode("utf-8"))
    except UnicodeDecodeError as fault:
        text = data.decode("cp1252", "replace")
        if "\x00" in text or "\ufffd" in text:
            raise UnreadableSource(
                "the file is no text", file=name or None, hint="Give a JSON file, a zip or a folder."
            ) from fault
        source = Source(name, text, encoding="cp1252")
        source.note("DEF011", "the file is not UTF-8; it was read as Windows-1252", 0, hint="Save it as UTF-8.")
        return source


def _text(data: bytes, encoding: str, name: str) -> str:
    try:
        return data.decode(encoding, "surrogatepass" if encoding != "utf-8" else "strict")
    except UnicodeDecodeError as fault:
        raise UnreadableSource(
            f"the file says it is {encoding.upper()}, but byte {fault.start} is not",
            file=name or None,
            hint="Save it as UTF-8.",
        ) from fault


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
                inner = match.group()[1:-1].replace("\\'", "'")
                inner = re.sub(r'(?<!\\)((?:\\\\)*)"', r'\1\\"', inner)
                return Node(
                    "string", self.source, position, match.end(), parent, key, self.string(f'"{inner}"', position)
                )
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

    def number(self, token: str, position: int) -> Any:
        if len(token) > _MAX_DIGITS:
            raise self.source.refuse("this number has too many digits", position, code="DEF003")
        return float(token) if any(char in token for char in ".eE") else int(token)

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
                bare = _WORD.match(text, position) or _SINGLE.match(text, position)
                if bare is None:
                    what = repr(text[position]) if position < len(text) else "the end of the file"
                    raise self.source.refuse(
                        f"a key in double quotes or '}}' was expected here, not {what}", position, code="DEF003"
                    )
                name, position = bare.group().strip("'"), bare.end()
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
