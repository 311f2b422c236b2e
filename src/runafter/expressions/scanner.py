"""Turns the text of one expression into tokens.

The text is what stands after `@` or between `@{` and `}`. Positions in messages
count from 0 within that text, as the platform's do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NoReturn

from runafter.errors import ExpressionSyntaxError

Kind = Literal[
    "Identifier",
    "StringLiteral",
    "IntegerLiteral",
    "FloatLiteral",
    "LeftParenthesis",
    "RightParenthesis",
    "LeftSquareBracket",
    "RightSquareBracket",
    "Comma",
    "Dot",
    "QuestionMark",
    "EndOfData",
]

_SIGNS: dict[str, Kind] = {
    "(": "LeftParenthesis",
    ")": "RightParenthesis",
    "[": "LeftSquareBracket",
    "]": "RightSquareBracket",
    ",": "Comma",
    ".": "Dot",
    "?": "QuestionMark",
}
_DIGITS = frozenset("0123456789")
_AFTER_NUMBER = frozenset("()[],.?")


@dataclass(frozen=True, slots=True)
class Token:
    kind: Kind
    text: str
    value: Any
    start: int
    end: int


def scan(text: str, start: int = 0, end: int | None = None, *, until_brace: bool = False) -> tuple[list[Token], int]:
    """Return the tokens of `text[start:end]` and the offset where scanning ended.

    With `until_brace`, scanning ends at the first `}` outside a string literal
    and the offset is the one after it; without one, the offset is -1.
    """
    stop = len(text) if end is None else end
    tokens: list[Token] = []
    at = start
    while at < stop:
        char = text[at]
        if char.isspace():
            at += 1
            continue
        if char == "}" and until_brace:
            tokens.append(Token("EndOfData", "", None, at, at))
            return tokens, at + 1
        sign = _SIGNS.get(char)
        if sign is not None:
            tokens.append(Token(sign, char, None, at, at + 1))
            at += 1
        elif char == "'":
            value, after = _string(text, at, stop)
            if value is None:
                if until_brace:
                    return tokens, -1
                unexpected(text, start, stop, at)
            tokens.append(Token("StringLiteral", text[at:after], value, at, after))
            at = after
        elif char in _DIGITS or char in "+-":
            token = _number(text, start, at, stop, until_brace=until_brace)
            tokens.append(token)
            at = token.end
        elif char.isalpha() or char in "_$":
            after = at + 1
            while after < stop and (text[after].isalnum() or text[after] in "_$"):
                after += 1
            tokens.append(Token("Identifier", text[at:after], None, at, after))
            at = after
        else:
            unexpected(text, start, _brace_end(text, start, stop) if until_brace else stop, at)
    tokens.append(Token("EndOfData", "", None, stop, stop))
    return tokens, -1 if until_brace else stop


def unexpected(text: str, start: int, end: int, at: int) -> NoReturn:
    """Refuse the character at offset `at` of the expression `text[start:end]`."""
    raise ExpressionSyntaxError(
        f"The template language expression '{text[start:end]}' is not valid: the string character '{text[at]}' "
        f"at position '{at - start}' is not expected.",
        text=text,
        start=at,
        end=at + 1,
    )


def _brace_end(text: str, start: int, stop: int) -> int:
    """Return the offset of the `}` that closes the expression at `start`, `stop` without one."""
    at, quoted = start, False
    while at < stop:
        if text[at] == "'":
            quoted = not quoted
        elif text[at] == "}" and not quoted:
            return at
        at += 1
    return stop


def _string(text: str, at: int, stop: int) -> tuple[str | None, int]:
    """Read a literal in single quotes, where two of them mean one; None when it does not end."""
    pieces: list[str] = []
    begin = at + 1
    while True:
        quote = text.find("'", begin, stop)
        if quote < 0:
            return None, stop
        pieces.append(text[begin:quote])
        if text[quote + 1 : quote + 2] == "'" and quote + 1 < stop:
            pieces.append("'")
            begin = quote + 2
        else:
            return "".join(pieces), quote + 1


def _number(text: str, start: int, at: int, stop: int, *, until_brace: bool) -> Token:
    """Read `12`, `-3`, `1.`, `+.5` or `1e-3`; what is no number is refused at its first wrong character."""
    after = at + 1 if text[at] in "+-" else at
    digits = after
    while after < stop and text[after] in _DIGITS:
        after += 1
    whole = after > digits
    fraction = False
    if after < stop and text[after] == ".":
        decimals = after + 1
        last = decimals
        while last < stop and text[last] in _DIGITS:
            last += 1
        if whole or last > decimals:
            fraction, after = True, last
    exponent = False
    if (whole or fraction) and after < stop and text[after] in "eE":
        power = after + 1
        if power < stop and text[power] in "+-":
            power += 1
        last = power
        while last < stop and text[last] in _DIGITS:
            last += 1
        if last > power:
            exponent, after = True, last
    ends_well = after >= stop or text[after].isspace() or text[after] in _AFTER_NUMBER
    if not ends_well and not (until_brace and text[after] == "}"):
        unexpected(text, start, _brace_end(text, start, stop) if until_brace else stop, after)
    if not (whole or fraction):
        unexpected(text, start, stop, min(after, stop - 1))
    written = text[at:after]
    if not fraction and not exponent:
        value = int(written) if len(written) <= 20 else None
        if value is not None and -(2**63) <= value < 2**63:
            return Token("IntegerLiteral", written, value, at, after)
        return Token("FloatLiteral", written, float(written), at, after)
    return Token("FloatLiteral", written, float(written), at, after)
