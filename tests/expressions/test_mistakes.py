"""What is said about text that is no expression: how the language writes what was meant."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runafter.errors import ExpressionError
from runafter.expressions.evaluate import evaluate
from runafter.expressions.foreign import foreign_hint
from runafter.expressions.mistakes import slip_hint


def fault(template: str) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        evaluate(template)
    return caught.value


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("@not equals(1, 2)", "no operator `not`: write not(a)"),
        ("@item()?['a'] eq 2", "no operator `eq`: write equals(a, b)"),
        ("@equals(1, 1) and equals(2, 2)", "no operator `and`: write and(a, b)"),
        ("@item() in createArray(1)", "no operator `in`: write contains(b, a)"),
        ("@if(true) 1 else 2", "no operator `else`: write if(condition, a, b)"),
        ("@triggerBody() ? 1 : 2", "no operator `:`: write if(condition, a, b)"),
        ("@{'a': 1}", "no object literals"),
        ("@triggerBody()[1:2]", "no slices"),
        ("@triggerBody().ToString()", "no methods as `.ToString()`: write string(x)"),
        ("@item().a.strange()", "no methods as `.strange()`: write a function around the value"),
        ("@JSON.parse('{}')", "no methods as `.parse()`: write json(x)"),
        ("@new Date()", "no function `Date`"),
        ("@a := 1", "no operator `:=`: write a Set variable action"),
        ("@concat(true(), 'x')", "it is a value: write true"),
    ],
)
def test_what_other_languages_write_is_answered_with_how_this_one_does(template: str, said: str) -> None:
    found = fault(template)

    assert found.code == "EXP010"
    assert found.hint is not None
    assert said in found.hint


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("@concat('it's')", "a quote is written twice"),
        ("@concat('a", "never closed"),
        ("@add(1, 2", "1 closing bracket is missing: )"),
        ("@length(triggerBody()['a'", "2 closing brackets are missing: ])"),
        ("@add(1, 2))", "a ')' closes nothing"),
        ("@concat('a' 'b')", "a comma is missing"),
        ("@concat('a', )", "an argument is missing beside a comma"),
        ("@triggerBody()?.['a']", "write ?['name'] or ?[0]"),
        ("@triggerBody()?['a']?", "nothing follows the '?'"),
        ("@'abc'[0]", "first() or last()"),
        ("@add(.5, 1)", "write 0.5"),
        ("@add(0x1F, 1)", "write 31"),
        ("@concat(“a”)", "straight single quotes"),
        ("@body(Get_it)", "write text in quotes, 'Get_it'"),
        ("@outputs['Get_it']", "outputs is a function: write outputs('name')"),
        ("@length(triggerBody)", "triggerBody is a function: write triggerBody()"),
        ("@equals(item(), undefined)", "write null"),
        ("@concat(('a'))", "no brackets around a value"),
    ],
)
def test_a_slip_is_named_with_what_to_write(template: str, said: str) -> None:
    found = fault(template)

    assert found.code == "EXP001"
    assert found.hint is not None
    assert said in found.hint


def test_text_around_an_interpolation_is_not_taken_for_its_operators() -> None:
    found = fault("Total: @{concat('a' '}')} & more - 5 == it's {x: 1}")

    assert (found.code, found.hint) == ("EXP001", "a comma is missing between two values")


def test_words_inside_of_quotes_are_no_operators() -> None:
    assert foreign_hint("concat('a and b', 'not c', ' == '") is None


@given(st.text(alphabet="abnot'\"()[]{}.,?:=@ 0x1&|\\“", max_size=40))
def test_any_text_has_a_hint_or_none(text: str) -> None:
    hints = (foreign_hint(text), slip_hint(text))

    assert all(hint is None or hint.isprintable() for hint in hints), json.dumps(text)
