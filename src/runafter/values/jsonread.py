"""Reads JSON as the platform's reader does, which forgives much.

Comments, trailing commas, single quotes, bare property names, hexadecimal and
octal numbers, NaN and Infinity are read; what follows the first value is
ignored. Messages and their paths, lines and positions are those of
Newtonsoft.Json, since they reach the user inside the platform's own.
"""

from __future__ import annotations

import json
from typing import Any, Final, NoReturn

from runafter.values.size import MAX_JSON_DEPTH

_ESCAPES: Final = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "\\": "\\", '"': '"', "'": "'", "/": "/"}
_MAX_DIGITS: Final = 380
_NUMBER: Final = frozenset("-+0123456789abcdefABCDEF.xX")
_STOPS: Final = frozenset(",]}) \t\r\n/\0")
_WORDS: Final[dict[str, Any]] = {
    "true": True,
    "false": False,
    "null": None,
    "NaN": float("nan"),
    "Infinity": float("inf"),
    "-Infinity": float("-inf"),
}


def integer(text: str) -> int:
    """Return an integer of any size up to the reader's limit of 380 digits.

    Raises:
        ValueError: it has more.
    """
    if len(text) > _MAX_DIGITS:
        raise ValueError(text[:_MAX_DIGITS])
    return int(text)


_QUICK: Final = json.JSONDecoder(strict=False, parse_int=integer)


class UnreadableJson(ValueError):
    """The text is no JSON, even to a forgiving reader."""


def read_json(text: str) -> Any:
    """Return the first JSON value of a text; null for an empty one.

    Raises:
        UnreadableJson: with the reader's message, path and position.
    """
    start = 0
    while start < len(text) and text[start] in " \t\r\n":
        start += 1
    if text[start : start + 1] in {"{", "["} and "\\u" not in text:
        try:
            value, _ = _QUICK.raw_decode(text, start)
        except (ValueError, RecursionError):
            pass
        else:
            if _depth_fits(value):
                return value
    return _Reader(text).whole()


def _depth_fits(value: Any) -> bool:
    level: list[Any] = [value]
    for _ in range(MAX_JSON_DEPTH + 1):
        level = [
            child
            for parent in level
            for child in (parent.values() if type(parent) is dict else parent)
            if type(child) is dict or type(child) is list
        ]
        if not level:
            return True
    return False


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.path: list[str | int] = []

    def whole(self) -> Any:
        self.blanks()
        return None if self.at >= len(self.text) else self.value()

    def value(self) -> Any:
        self.blanks()
        if self.at >= len(self.text):
            self.fail("Unexpected end of content while loading JToken.")
        char = self.text[self.at]
        if char == "{":
            return self.object()
        if char == "[":
            return self.array()
        if char in "\"'":
            return self.string()
        for word, value in _WORDS.items():
            if self.text.startswith(word, self.at):
                after = self.at + len(word)
                if after >= len(self.text) or self.text[after] in _STOPS:
                    self.at = after
                    return value
        if char in "-.0123456789":
            return self.number()
        self.unexpected(f"Unexpected character encountered while parsing value: {char}.")

    def object(self) -> dict[str, Any]:
        self.enter()
        found: dict[str, Any] = {}
        self.at += 1
        while True:
            self.blanks()
            if self.at >= len(self.text):
                self.fail("Unexpected end of content while loading JObject.")
            if self.text[self.at] == "}":
                break
            key = self.key()
            self.blanks()
            self.path.append(key)
            if self.text[self.at : self.at + 1] != ":":
                got = self.text[self.at : self.at + 1]
                self.unexpected(f"Invalid character after parsing property name. Expected ':' but got: {got}.")
            self.at += 1
            found[key] = self.value()
            if not self.separated("}"):
                self.path.pop()
                break
            self.path.pop()
        self.at += 1
        return found

    def array(self) -> list[Any]:
        self.enter()
        found: list[Any] = []
        self.at += 1
        while True:
            self.blanks()
            if self.at >= len(self.text):
                self.fail("Unexpected end of content while loading JArray.")
            if self.text[self.at] == "]":
                break
            self.path.append(len(found))
            found.append(self.value())
            more = self.separated("]")
            self.path.pop()
            if not more:
                break
        self.at += 1
        return found

    def separated(self, closing: str) -> bool:
        """Pass a comma; False at the closing bracket."""
        self.blanks()
        if self.at >= len(self.text):
            kind = "JObject" if closing == "}" else "JArray"
            self.fail(f"Unexpected end of content while loading {kind}.")
        char = self.text[self.at]
        if char == closing:
            return False
        if char != ",":
            self.unexpected(f"After parsing a value an unexpected character was encountered: {char}.")
        self.at += 1
        return True

    def enter(self) -> None:
        if len(self.path) >= MAX_JSON_DEPTH:
            self.unexpected(f"The reader's MaxDepth of {MAX_JSON_DEPTH} has been exceeded.")

    def key(self) -> str:
        char = self.text[self.at]
        if char in "\"'":
            return self.string()
        start = self.at
        while self.at < len(self.text) and (self.text[self.at].isalnum() or self.text[self.at] in "_$"):
            self.at += 1
        if self.at == start:
            self.unexpected(f"Invalid property identifier character: {char}.")
        return self.text[start : self.at]

    def string(self) -> str:
        quote = self.text[self.at]
        pieces: list[str] = []
        at = self.at + 1
        begin = at
        while True:
            if at >= len(self.text):
                self.at = at
                self.fail(f"Unterminated string. Expected delimiter: {quote}.")
            char = self.text[at]
            if char == quote:
                pieces.append(self.text[begin:at])
                self.at = at + 1
                return _paired("".join(pieces))
            if char != "\\":
                at += 1
                continue
            pieces.append(self.text[begin:at])
            escape = self.text[at + 1 : at + 2]
            if escape == "u":
                digits = self.text[at + 2 : at + 6]
                if len(digits) < 4 or not all(digit in "0123456789abcdefABCDEF" for digit in digits):
                    self.at = at + 2
                    self.unexpected(f"Invalid Unicode escape sequence: \\u{digits}.")
                pieces.append(chr(int(digits, 16)))
                at += 6
            elif escape in _ESCAPES:
                pieces.append(_ESCAPES[escape])
                at += 2
            else:
                self.at = at + 1
                self.unexpected(f"Bad JSON escape sequence: \\{escape}.")
            begin = at

    def number(self) -> Any:
        start = self.at
        while self.at < len(self.text) and self.text[self.at] in _NUMBER:
            self.at += 1
        if self.at < len(self.text) and self.text[self.at] not in _STOPS and not self.text[self.at].isspace():
            self.unexpected(f"Unexpected character encountered while parsing number: {self.text[self.at]}.")
        written = self.text[start : self.at]
        try:
            return _number(written)
        except (ValueError, OverflowError):
            self.fail(f"Input string '{written}' is not a valid number.")

    def blanks(self) -> None:
        while self.at < len(self.text):
            char = self.text[self.at]
            if char.isspace() or char == "\ufeff":
                self.at += 1
            elif char == "/" and self.text[self.at + 1 : self.at + 2] == "*":
                end = self.text.find("*/", self.at + 2)
                if end < 0:
                    self.at = len(self.text)
                    self.fail("Unexpected end while parsing comment.")
                self.at = end + 2
            elif char == "/" and self.text[self.at + 1 : self.at + 2] == "/":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif char == "/":
                self.at += 1
                self.unexpected(f"Error parsing comment. Expected: *, got {self.text[self.at : self.at + 1]}.")
            else:
                return

    def unexpected(self, message: str) -> NoReturn:
        self.fail(message)

    def fail(self, message: str) -> NoReturn:
        line = self.text.count("\n", 0, self.at) + 1 if self.at else 0
        position = self.at - (self.text.rfind("\n", 0, self.at) + 1)
        raise UnreadableJson(f"{message} Path '{self.where()}', line {line}, position {position}.")

    def where(self) -> str:
        pieces: list[str] = []
        for step in self.path:
            if isinstance(step, int):
                pieces.append(f"[{step}]")
            elif step and not any(letter in " '/\"[]().\n\t" for letter in step):
                pieces.append(f".{step}" if pieces else step)
            else:
                pieces.append(f"['{step}']")
        return "".join(pieces)


def _number(written: str) -> int | float:
    body = written.lstrip("-")
    if body[:2] in {"0x", "0X"}:
        value = int(body, 0)
        value = value - 2**64 if value >= 2**63 else value
        if not -(2**63) <= value < 2**63:
            raise ValueError(written)
        return -value if written.startswith("-") else value
    if "+" in body[:1] or "_" in written or len(written) - len(body) > 1:
        raise ValueError(written)
    if len(body) > 1 and body[0] == "0" and body.isdigit():
        return int(written[: len(written) - len(body)] + "0o" + body, 8) if _is_octal(body) else _bad(written)
    if body.isdigit():
        return integer(written)
    return float(written)


def _is_octal(body: str) -> bool:
    return all(digit in "01234567" for digit in body)


def _bad(written: str) -> NoReturn:
    raise ValueError(written)


def _paired(text: str) -> str:
    """Join surrogate pairs that were escaped one by one; a lone one becomes U+FFFD, as in the platform's reader."""
    if text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
