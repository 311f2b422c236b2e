"""What a function of the language is: declared once, checked and worded in one place.

A module of functions decorates plain Python functions, and `library` imports
the module, which is all it takes to register them::

    @function(
        "toUpper",
        arity=Arity(1, 1, "expects one parameter: the string to convert to upper casing", invoked="parameters"),
        parameters=(Parameter("its parameter to be a string", STRING),),
        returns="string",
        group="strings",
        summary="Return the text in capital letters.",
        signature="toUpper(text)",
        example=("toUpper('abc')", "ABC"),
    )
    def to_upper(text: str) -> str:
        return text.upper()

The function receives evaluated arguments of the declared types, in order; left
out optional arguments are simply not passed, so give them defaults. With
`scope=True` the scope comes first. To refuse a value it raises
`EvaluationError` (see `refuse` and `function_error`) with the platform's words;
nobody but the compiler adds the place. A function must not change what it is
given: values are shared.

Messages are put together here::

    The template language function 'NAME' {arity.wording}. The function was invoked with 'N' parameter(s).{link}
    The template language function 'NAME' expects {parameter.wording}. The provided value is of type 'T'.{link}

where `{link}` is " Please see https://aka.ms/logicexpressions#ANCHOR for usage details." `anchor` is the function's name
unless given (`Function.anchor`, overridden by the parameter's or the arity's); `NO_LINK` leaves the sentence out, and
`BARE_LINK` leaves out the `#...`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, Literal, NoReturn, TypeVar

from runafter.errors import EvaluationError
from runafter.expressions.scope import Scope
from runafter.values.compare import type_name

NULL: Final = frozenset({type(None)})
BOOLEAN: Final = frozenset({bool})
INTEGER: Final = frozenset({int})
NUMBER: Final = frozenset({int, float, Decimal})
STRING: Final = frozenset({str})
ARRAY: Final = frozenset({list})
OBJECT: Final = frozenset({dict})

NO_LINK: Final = "-"
BARE_LINK: Final = ""

Closure = Callable[[Scope], Any]
"""A compiled expression: give it a scope, get the value."""

Types = frozenset[type]
Group = Literal["strings", "collections", "logic", "math", "conversion", "dates", "uri", "json_xml", "workflow"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """What one parameter must be. `wording` follows "expects" in the platform's message.

    `anchor` differs from the function's where the platform's link does.
    """

    wording: str
    types: Types
    anchor: str | None = None
    terse: bool = False
    """The platform only says that the provided parameters are not valid."""


ANY: Final = Parameter("", frozenset())
"""A parameter that takes every value."""


@dataclass(frozen=True, slots=True)
class Arity:
    """How many arguments, and how the platform says so. `most` None: any number.

    `wording` follows the function's name: "expects one parameter: ...".
    `invoked` is the word after the number ("parameter(s)" or "parameters"); None leaves the sentence
    "The function was invoked with 'N' ..." out; "none" says "with no parameters".
    """

    least: int
    most: int | None
    wording: str
    invoked: Literal["parameter(s)", "parameters", "none"] | None = "parameter(s)"
    anchor: str | None = None
    opening: str | None = None
    """Replaces "The template language function 'NAME' " where the platform opens otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One function of the language."""

    name: str
    arity: Arity
    run: Callable[..., Any]
    parameters: tuple[Parameter, ...] = ()
    scope: bool = False
    """`run` takes the scope before the arguments."""
    build: Callable[[Sequence[Closure]], Closure] | None = None
    """Set for lazy functions: makes the closure from those of the arguments."""
    anchor: str
    group: Group
    signature: str
    returns: str
    summary: str
    example: tuple[str, Any] | None
    hidden: bool = False
    """Known to the engine, but not to the designer."""
    checks: tuple[tuple[int, Types], ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        checks = tuple((i, p.types) for i, p in enumerate(self.parameters) if p.types)
        object.__setattr__(self, "checks", checks)

    @property
    def is_pure(self) -> bool:
        """Whether equal arguments always give equal results, so that a call of literals can be folded."""
        return not self.scope and self.build is None

    def check_count(self, count: int) -> None:
        """Refuse a wrong number of arguments (EXP002)."""
        arity = self.arity
        if arity.least <= count and (arity.most is None or count <= arity.most):
            return
        opening = f"The template language function '{self.name}' " if arity.opening is None else arity.opening
        text = f"{opening}{arity.wording}."
        if arity.invoked == "none":
            text += " The function was invoked with no parameters."
        elif arity.invoked is not None:
            text += f" The function was invoked with '{count}' {arity.invoked}."
        text += link(self.anchor if arity.anchor is None else arity.anchor)
        raise EvaluationError(text, code="EXP002", hint=f"Write {self.signature}.")

    def refuse_type(self, index: int, value: Any) -> NoReturn:
        """Say that argument `index` has a type that the function does not take."""
        parameter = self.parameters[index]
        if parameter.terse:
            not_valid(self.name)
        anchor = self.anchor if parameter.anchor is None else parameter.anchor
        raise EvaluationError(
            f"The template language function '{self.name}' expects {parameter.wording}. "
            f"The provided value is of type '{type_name(value)}'.{link(anchor)}"
        )

    def invoke(self, *arguments: Any) -> Any:
        """Check the types of the arguments and run; for functions without scope that are not lazy."""
        count = len(arguments)
        for index, types in self.checks:
            if index < count and type(arguments[index]) not in types:
                self.refuse_type(index, arguments[index])
        return self.run(*arguments)


def link(anchor: str) -> str:
    """Return the sentence with the platform's help address, with the blank before it."""
    if anchor == NO_LINK:
        return ""
    target = f"#{anchor}" if anchor else ""
    return f" Please see https://aka.ms/logicexpressions{target} for usage details."


def refuse(message: str) -> NoReturn:
    """Raise an evaluation error whose whole message is given."""
    raise EvaluationError(message)


def not_valid(name: str) -> NoReturn:
    """Refuse arguments in the platform's shortest words."""
    raise EvaluationError(f"The provided parameters for template language function '{name}' are not valid.")


def cannot_convert(name: str) -> NoReturn:
    """Refuse a value that cannot become the function's type."""
    function_error(
        name, "was invoked with a parameter that is not valid. The value cannot be converted to the target type."
    )


def function_error(name: str, message: str, *, anchor: str | None = NO_LINK) -> NoReturn:
    """Raise "The template language function 'NAME' {message}{link}"; `anchor` None links to the function's name."""
    raise EvaluationError(
        f"The template language function '{name}' {message}{link(name if anchor is None else anchor)}"
    )


REGISTRY: dict[str, Function] = {}
"""All functions by casefolded name; filled when `library` is imported."""

_Run = TypeVar("_Run", bound=Callable[..., Any])


def function(
    name: str,
    *,
    arity: Arity,
    group: Group,
    signature: str,
    returns: str,
    summary: str,
    parameters: tuple[Parameter, ...] = (),
    scope: bool = False,
    build: Callable[[Sequence[Closure]], Closure] | None = None,
    anchor: str | None = None,
    example: tuple[str, Any] | None = None,
    hidden: bool = False,
) -> Callable[[_Run], _Run]:
    """Register the decorated Python function as a function of the language."""

    def register(run: _Run) -> _Run:
        assert name.casefold() not in REGISTRY, f"two functions named {name}"
        REGISTRY[name.casefold()] = Function(
            name=name,
            arity=arity,
            run=run,
            parameters=parameters,
            scope=scope,
            build=build,
            anchor=name if anchor is None else anchor,
            group=group,
            signature=signature,
            returns=returns,
            summary=summary,
            example=example,
            hidden=hidden,
        )
        return run

    return register
