"""Text as .NET counts and folds it: UTF-16 units, one letter to one letter."""

from __future__ import annotations

from typing import Final

WHITE: Final = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
"""What `Char.IsWhiteSpace` accepts; Python's `strip` takes four control characters more."""

_KEPT: Final = frozenset("\u0130\u0131\u017f")
"""Letters whose other case is ASCII: invariant casing leaves them alone."""


class SplitCharacter(ValueError):
    """A cut would go through the middle of a character outside the basic plane."""


def length(text: str) -> int:
    """Return the number of UTF-16 units."""
    if text.isascii():
        return len(text)
    return len(text) + sum(1 for char in text if char > "\uffff")


def cut(text: str, start: int, end: int) -> str:
    """Return the UTF-16 units from `start` to `end`, both within the text.

    Raises:
        SplitCharacter: the cut would leave half a character, which no JSON text can carry.
    """
    if text.isascii() or max(text, default="") <= "\uffff":
        return text[start:end]
    units = text.encode("utf-16-le", "surrogatepass")[2 * start : 2 * end]
    try:
        return units.decode("utf-16-le")
    except UnicodeDecodeError as error:
        raise SplitCharacter("the cut would split a surrogate pair") from error


def offset(text: str, index: int) -> int:
    """Return the UTF-16 offset of the character at `index`; -1 stays -1."""
    return index if index < 0 or text.isascii() else length(text[:index])


def upper(text: str) -> str:
    """Return the text in capitals, letter by letter: 'ß' stays."""
    return text.upper() if text.isascii() else "".join(map(_upper, text))


def lower(text: str) -> str:
    """Return the text in small letters, letter by letter."""
    return text.lower() if text.isascii() else "".join(map(_lower, text))


def _upper(char: str) -> str:
    raised = char.upper()
    return char if len(raised) != 1 or char in _KEPT else raised


def _lower(char: str) -> str:
    lowered = char.lower()
    return char if len(lowered) != 1 or char in _KEPT else lowered
