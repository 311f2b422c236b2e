"""String functions."""

from __future__ import annotations

from runafter.expressions.functions.registry import STRING, Arity, Parameter, function


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
