"""Binary content in JSON: `{"$content-type": ..., "$content": <base64>}`."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final

TYPE: Final = "$content-type"
CONTENT: Final = "$content"
OCTETS: Final = "application/octet-stream"
XML: Final = "application/xml;charset=utf-8"

_BLANKS: Final = str.maketrans("", "", " \t\r\n")
_CODECS: Final = {"utf-8": "utf-8", "utf8": "utf-8", "utf-16": "utf-16", "us-ascii": "ascii", "iso-8859-1": "latin-1"}


def envelope(content_type: str, data: bytes) -> dict[str, Any]:
    """Return bytes as the language carries them."""
    return {TYPE: content_type, CONTENT: base64.b64encode(data).decode("ascii")}


def is_envelope(value: Any) -> bool:
    """Say whether a value is binary content."""
    return type(value) is dict and type(value.get(TYPE)) is str and type(value.get(CONTENT)) is str


def content_bytes(value: dict[str, Any]) -> bytes:
    """Return the bytes of binary content.

    Raises:
        ValueError: `$content` is no base64.
    """
    return decode_base64(value[CONTENT])


def content_text(value: dict[str, Any]) -> str:
    """Return binary content as text, in its charset (UTF-8 without one); what is no text becomes U+FFFD."""
    try:
        data = content_bytes(value)
    except ValueError:
        return str(value[CONTENT])
    return to_text(data, charset(value[TYPE]))


def to_text(data: bytes, encoding: str = "utf-8") -> str:
    """Decode bytes; a byte order mark is left out, what is no text becomes U+FFFD."""
    text = data.decode(encoding, errors="replace")
    return text.removeprefix("\ufeff")


def charset(content_type: str) -> str:
    """Return the Python codec for the charset of a content type."""
    _, _, after = content_type.lower().partition("charset=")
    return _CODECS.get(after.split(";")[0].strip(" \"'"), "utf-8")


def decode_base64(text: str) -> bytes:
    """Decode base64 as .NET does: blanks are skipped, padding is required.

    Raises:
        ValueError: the text is no base64.
    """
    try:
        return base64.b64decode(text.translate(_BLANKS), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("no base64") from error
