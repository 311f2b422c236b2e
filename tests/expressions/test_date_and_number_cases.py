"""Every case of dates and numbers gives the value, or the words, that its source says."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from runafter.errors import EvaluationError
from runafter.expressions.compiler import compile_expression
from runafter.expressions.functions.library import all_functions
from runafter.expressions.parser import parse
from runafter.values.time import ticks_of

FOLDER = Path(__file__).parents[1] / "cases" / "expressions"
CASES = [
    json.loads(line)
    for name in ("dates", "numbers")
    for line in (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
]
EXAMPLES = [each.example for each in all_functions() if each.group == "dates" and each.example]


class Clock:
    """A scope that knows the time alone."""

    def now_ticks(self) -> int:
        return ticks_of(2024, 6, 1, 12)


def evaluate(text):
    value = compile_expression(parse(text), text)(Clock())
    return float(value) if isinstance(value, Decimal) else value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["expression"])
def test_a_case_gives_what_its_source_says(case) -> None:
    if "error" in case:
        with pytest.raises(EvaluationError) as raised:
            evaluate(case["expression"])
        assert raised.value.message == case["error"]
        return

    value = evaluate(case["expression"])

    assert value == case["result"]
    assert type(value) is type(case["result"])


@pytest.mark.parametrize(("text", "result"), EXAMPLES, ids=str)
def test_the_example_of_a_date_function_is_true(text, result) -> None:
    assert evaluate(text) == result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("utcNow()", "2024-06-01T12:00:00.0000000Z"),
        ("utcNow('ddd, d MMM yyyy')", "Sat, 1 Jun 2024"),
        ("getFutureTime(5, 'Day', 'D')", "Thursday, June 6, 2024"),
        ("getPastTime(1, 'Month')", "2024-05-01T12:00:00.0000000Z"),
        ("addHours('13:05', 1)", "2024-06-01T14:05:00.0000000"),
    ],
)
def test_now_comes_from_the_scope(text, result) -> None:
    assert evaluate(text) == result
