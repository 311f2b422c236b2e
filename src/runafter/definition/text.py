"""The text of a file: how its bytes were encoded, where its lines begin, and what was noticed while reading it."""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right

from runafter.errors import Finding, UnreadableSource

MAX_BYTES = 64 * 1024 * 1024
_MAX_FINDINGS = 1_000

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


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
        if len(self.findings) >= _MAX_FINDINGS:
            return
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
        if hint is None and self.name.casefold().endswith((".bicep", ".yaml", ".yml")):
            hint = "Only JSON is read; compile Bicep with 'az bicep build'."
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
