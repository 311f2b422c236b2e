"""The syntax tree of one expression. Every node knows its span in the text as written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open range of offsets into the text that was parsed."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Literal:
    """A string, int, float, `true`, `false` or `null`."""

    value: Any
    span: Span


@dataclass(frozen=True, slots=True)
class Call:
    """`name(arg, ...)`; `name` is spelled as the author spelled it."""

    name: str
    arguments: tuple[Expression, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Access:
    """`target.name`, `target['name']`, `target[0]`, each also with `?` before it (`optional`)."""

    target: Expression
    key: Expression
    optional: bool
    dotted: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Interpolation:
    """Text with `@{...}` parts; always a string. `parts` alternate freely between text and expressions."""

    parts: tuple[str | Expression, ...]
    span: Span


Expression = Literal | Call | Access | Interpolation
