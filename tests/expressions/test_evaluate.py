"""The public function, explanations, and where errors point."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

import runafter
from runafter.errors import EvaluationError, ExpressionError, ExpressionSyntaxError
from runafter.expressions.evaluate import evaluate, scope_for
from runafter.expressions.explain import explain
from runafter.expressions.template import compile_template, parse_text


def fault(template: str, **given: object) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        evaluate(template, **given)  # type: ignore[arg-type]
    return caught.value


def test_evaluate_is_public() -> None:
    assert runafter.evaluate("@concat(variables('a'), 'b')", variables={"A": "x"}) == "xb"


@pytest.mark.parametrize(
    ("template", "wished"),
    [
        ("@addDays('2031-03-15T00:00:00Z', 10)", "2031-03-25T00:00:00.0000000Z"),
        ("@formatDateTime('15 March 2031', 'yyyy-MM-dd')", "2031-03-15"),
        ("@parseDateTime('15/03/31 10:20', 'fr-FR', 'dd/MM/yy HH:mm')", "1931-03-15T10:20:00.0000000"),
        ("@dateDifference('2031-03-15', '2031-03-17')", "2.00:00:00"),
        ("@convertFromUtc('2031-07-01T12:00:00Z', 'Tokyo Standard Time', 'HH:mm')", "21:00"),
    ],
)
def test_a_date_that_is_complete_needs_no_clock(template: str, wished: str) -> None:
    assert evaluate(template) == wished


@pytest.mark.parametrize("template", ["@ticks('13:45')", "@ticks('3 March')", "@dayOfWeek('1.5')", "@utcNow()"])
def test_a_date_that_leaves_something_out_asks_for_the_clock(template: str) -> None:
    assert "now=" in fault(template).message


def test_clock_takes_datetimes() -> None:
    assert evaluate("@utcNow()", now=datetime(2031, 1, 2, 3, 4, 5, tzinfo=UTC)) == "2031-01-02T03:04:05.0000000Z"


def test_unknown_profile_is_the_callers_fault() -> None:
    with pytest.raises(ValueError, match="unknown profile"):
        evaluate("@true", profile="excel")


def test_what_is_no_json_is_the_callers_fault() -> None:
    with pytest.raises(TypeError, match="variables holds a set"):
        evaluate("@true", variables={"a": {1}})


def test_equal_seeds_draw_equal_numbers() -> None:
    draws = [evaluate("@concat(guid(), rand(0, 1000000))", seed=seed) for seed in (1, 1, 2)]

    assert draws[0] == draws[1] != draws[2]


def test_syntax_error_points_at_the_place_in_the_string() -> None:
    found = fault("Total: @{add(1 2)} EUR")

    assert isinstance(found, ExpressionSyntaxError)
    assert found.text[found.start : found.end] == "2"
    assert found.caret().splitlines()[1].index("^") == 15


def test_evaluation_error_points_at_the_innermost_part() -> None:
    found = fault("@concat('a', string(div(1, 0)))")

    assert isinstance(found, EvaluationError)
    assert found.text[found.start : found.end] == "div(1, 0)"


def test_foreign_syntax_is_answered_with_how_the_language_says_it() -> None:
    found = fault("@length(filter(outputs('A'), item()?['success'] == true))")

    assert found.code == "EXP010"
    assert found.hint is not None
    assert "Filter array" in found.hint
    assert "equals(a, b)" in found.hint


def test_unknown_function_names_the_nearest() -> None:
    found = fault("@concta('a')")

    assert (found.code, found.hint) == ("EXP003", "Did you mean 'concat'?")


def test_wrong_number_of_arguments_is_found_when_compiling() -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_template({"a": "@if(true, 1, add(1))"})

    assert caught.value.code == "EXP002"


def test_errors_of_literals_wait_for_evaluation() -> None:
    assert compile_template("@if(true, 1, div(1, 0))").evaluate(scope_for()) == 1


def test_constant_template_is_shared_not_copied() -> None:
    value = {"a": [1, 2, {"b": "c"}]}

    assert compile_template(value).evaluate(scope_for()) is value


def test_template_lists_its_expressions_with_pointers() -> None:
    template = compile_template({"a": "@variables('x')", "b": ["t", "@{item()}"], "@{item()}": 1})

    assert [pointer for pointer, _, _ in template.expressions] == ["/a", "/b/1", "/@{item()}"]
    assert not template.is_constant


def test_plain_text_is_parsed_to_text() -> None:
    assert parse_text("a@@{b}") == "a@{b}"
    assert parse_text("@odata.type") == "@odata.type"


def test_explain_shows_inner_parts_first_and_skips_untaken_branches() -> None:
    steps = explain("@if(equals(item(), 1), string(add(1, 2)), div(1, 0))", scope_for(item=1))

    assert [(step.text, step.value) for step in steps] == [
        ("item()", 1),
        ("equals(item(), 1)", True),
        ("add(1, 2)", 3),
        ("string(add(1, 2))", "3"),
        ("if(equals(item(), 1), string(add(1, 2)), div(1, 0))", "3"),
    ]


def test_explain_shows_where_an_error_began() -> None:
    steps = explain("@concat(toUpper('a'), toUpper(5))", scope_for())

    assert [step.text for step in steps if step.error] == ["toUpper(5)", "concat(toUpper('a'), toUpper(5))"]
    assert str(steps[0]) == "toUpper('a') is \"A\""


def test_a_number_beyond_all_bounds_leaves_its_template_as_its_name() -> None:
    assert evaluate("@1e400") == "Infinity"
    assert compile_template({"a": "@1e400", "b": 1.5}).constant == {"a": "Infinity", "b": 1.5}
