"""Escapes of XML text and XML names."""

from __future__ import annotations

import html


def encode_value(text: str, *, quotes: bool = True) -> str:
    """Escape a text for use inside XML; with `quotes` also for attributes."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;").replace("'", "&apos;") if quotes else text


def decode_value(text: str) -> str:
    """Undo the escapes of XML text."""
    return html.unescape(text) if "&" in text else text


def encode_name(text: str) -> str:
    """Escape what an XML name must not hold, as XmlConvert.EncodeLocalName does."""
    pieces: list[str] = []
    for at, char in enumerate(text):
        allowed = char.isalpha() or char == "_" or (at > 0 and (char.isdigit() or char in ".-\u00b7"))
        if char == "_" and _escape_at(text, at) is not None:
            allowed = False
        pieces.append(char if allowed else f"_x{ord(char):0{4 if ord(char) < 0x10000 else 8}X}_")
    return "".join(pieces)


def decode_name(text: str) -> str:
    """Undo `_xHHHH_`."""
    pieces: list[str] = []
    at = 0
    while at < len(text):
        found = _escape_at(text, at) if text[at] == "_" else None
        if found is None:
            pieces.append(text[at])
            at += 1
        else:
            char, at = found
            pieces.append(char)
    return "".join(pieces)


def _escape_at(text: str, at: int) -> tuple[str, int] | None:
    for size in (4, 8):
        digits = text[at + 2 : at + 2 + size]
        if (
            text[at + 1 : at + 2] == "x"
            and text[at + 2 + size : at + 3 + size] == "_"
            and len(digits) == size
            and all(digit in "0123456789abcdefABCDEF" for digit in digits)
        ):
            value = int(digits, 16)
            if value < 0xD800 or 0xDFFF < value < 0x110000:
                return chr(value), at + 3 + size
    return None
