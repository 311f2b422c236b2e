"""Turns tokens into the syntax tree: calls, literals and a chain of accesses after a call.

The language has no operators, so binding strength has two levels: what starts
an expression (a literal or a call), and the postfix accesses, which bind to
calls only (`'text'.x` is an error on the platform too).
"""

from __future__ import annotations

import re
from typing import Final, NoReturn

from runafter.errors import ExpressionSyntaxError
from runafter.expressions.ast import Access, Call, Expression, Literal, Span
from runafter.expressions.foreign import foreign_hint
from runafter.expressions.mistakes import slip_hint
from runafter.expressions.scanner import Kind, Token, scan

MAX_DEPTH: Final = 200
"""Calls and accesses inside each other. Real flows stay below 40; the bound keeps Python's own stack safe."""

_LITERAL: Final = re.compile(r"'(?:[^']|'')*+'")
CONSTANTS: Final = {"true": True, "false": False, "null": None}


def parse(text: str) -> Expression:
    """Parse one expression, written without `@`.

    Raises:
        ExpressionSyntaxError: the text is none. Code EXP010 when it uses something of another language.
    """
    return parse_part(text, 0, len(text))


def parse_part(text: str, start: int, end: int) -> Expression:
    """Parse `text[start:end]`; spans count from the start of `text`."""
    try:
        tokens, _ = scan(text, start, end)
        return _Parser(text, start, end, tokens).whole()
    except ExpressionSyntaxError as error:
        raise _explained(error, text[start:end]) from None
    except RecursionError:
        raise too_deep(text) from None


def parse_braced(text: str, start: int) -> tuple[Expression, int] | None:
    """Parse an expression up to its closing `}`; return it with the offset after the brace, None if nothing closes it."""
    try:
        tokens, after = scan(text, start, until_brace=True)
        if after < 0:
            return None
        return _Parser(text, start, after - 1, tokens).whole(), after
    except ExpressionSyntaxError as error:
        raise _explained(error, _up_to_brace(text[start:])) from None
    except RecursionError:
        raise too_deep(text) from None


def too_deep(text: str, start: int = 0, end: int | None = None) -> ExpressionSyntaxError:
    """Return the error for an expression whose parts are nested beyond `MAX_DEPTH`."""
    return ExpressionSyntaxError(
        f"The template language expression is nested more than {MAX_DEPTH} levels deep.",
        text=text,
        start=start,
        end=len(text) if end is None else end,
        hint="Compute a part of it in a Compose action or a variable.",
    )


def _explained(error: ExpressionSyntaxError, text: str) -> ExpressionSyntaxError:
    hint = foreign_hint(text)
    if hint is not None:
        error.hint = hint
        error.code = "EXP010"
    elif error.hint is None:
        error.hint = slip_hint(text)
    return error


def _up_to_brace(text: str) -> str:
    """Return what stands before the first `}` outside of quotes; text after it is none of the expression's."""
    outside = _LITERAL.sub(lambda match: " " * len(match.group()), text)
    end = outside.find("}")
    return text if end < 0 else text[:end]


class _Parser:
    def __init__(self, text: str, start: int, end: int, tokens: list[Token]) -> None:
        self.text = text
        self.start = start
        self.end = end
        self.tokens = tokens
        self.at = 0

    def whole(self) -> Expression:
        expression = self.expression(1)
        self.expect("EndOfData")
        return expression

    def expression(self, depth: int) -> Expression:
        token = self.tokens[self.at]
        if depth > MAX_DEPTH:
            raise too_deep(self.text, token.start, token.end)
        match token.kind:
            case "StringLiteral" | "IntegerLiteral" | "FloatLiteral":
                self.at += 1
                return Literal(token.value, Span(token.start, token.end))
            case "Identifier":
                self.at += 1
                folded = token.text.lower()
                if folded in CONSTANTS and self.tokens[self.at].kind != "LeftParenthesis":
                    return Literal(CONSTANTS[folded], Span(token.start, token.end))
                return self.accesses(self.call(token, depth), depth)
            case _:
                self.refuse("Identifier", token)

    def call(self, name: Token, depth: int) -> Expression:
        self.expect("LeftParenthesis")
        arguments: list[Expression] = []
        if self.tokens[self.at].kind != "RightParenthesis":
            arguments.append(self.expression(depth + 1))
            while self.tokens[self.at].kind == "Comma":
                self.at += 1
                arguments.append(self.expression(depth + 1))
        end = self.expect("RightParenthesis").end
        return Call(name.text, tuple(arguments), Span(name.start, end))

    def accesses(self, target: Expression, depth: int) -> Expression:
        links = 0
        while True:
            token = self.tokens[self.at]
            optional = token.kind == "QuestionMark"
            if optional:
                self.at += 1
                token = self.tokens[self.at]
            if token.kind == "Dot":
                self.at += 1
                name = self.expect("Identifier")
                key: Expression = Literal(name.text, Span(name.start, name.end))
                end = name.end
            elif token.kind == "LeftSquareBracket":
                self.at += 1
                key = self.expression(depth + 1)
                end = self.expect("RightSquareBracket").end
            elif optional:
                self.refuse("LeftSquareBracket", token)
            else:
                return target
            links += 1
            if links > MAX_DEPTH:
                raise too_deep(self.text, token.start, token.end)
            target = Access(target, key, optional, token.kind == "Dot", Span(target.span.start, end))

    def expect(self, kind: Kind) -> Token:
        token = self.tokens[self.at]
        if token.kind != kind:
            self.refuse(kind, token)
        self.at += 1
        return token

    def refuse(self, expected: Kind, token: Token) -> NoReturn:
        raise ExpressionSyntaxError(
            f"Unable to parse template language expression '{self.text[self.start : self.end]}': "
            f"expected token '{expected}' and actual '{token.kind}'.",
            text=self.text,
            start=token.start,
            end=token.end,
        )
