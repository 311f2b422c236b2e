"""The library against rows measured on the platform's engine, where they lie beside the repository."""

from __future__ import annotations

import json

import pytest
from tests.expressions.scoring import NOW, ROOT, SHARED, Score, same, score

from runafter.errors import ExpressionError
from runafter.expressions.evaluate import evaluate

needs_rows = pytest.mark.skipif(not SHARED.is_dir(), reason="the measured rows are not beside the repository")


@pytest.fixture(scope="module")
def measured() -> Score:
    return score()


@needs_rows
def test_values_are_equal_in_value_and_type(measured: Score) -> None:
    assert measured.total("plain", "values_right") >= 0.995 * measured.total("plain", "values")


@needs_rows
def test_what_the_platform_refuses_is_refused(measured: Score) -> None:
    assert measured.total("plain", "errors_right") >= 0.995 * measured.total("plain", "errors")


@needs_rows
def test_no_foreign_exception_escapes(measured: Score) -> None:
    assert measured.total("", "escaped") == 0


@needs_rows
def test_messages_are_the_platforms(measured: Score) -> None:
    assert measured.total("plain", "messages_right") >= 0.95 * measured.total("plain", "errors")


@needs_rows
def test_culture_rows_are_equal(measured: Score) -> None:
    assert measured.total("culture", "values_right") >= 0.97 * measured.total("culture", "values")


@needs_rows
def test_every_row_that_differs_is_listed_with_its_reason(measured: Score) -> None:
    listed = (ROOT / "docs" / "reference" / "expression-differences.md").read_text(encoding="utf-8")

    unlisted = [wrong for wrong in measured.wrong if f"`{wrong[1].removeprefix('@')}`" not in listed]

    assert unlisted == []


@needs_rows
def test_documented_examples_give_what_was_measured() -> None:
    wrong = []
    for line in (SHARED / "documented_examples.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if not isinstance(row.get("measured"), dict):
            continue
        text = row["expression"]
        template = text if "@{" in text or text.lstrip().startswith("@") or "(" not in text else f"@{text}"
        given = {key: value for key, value in row.get("bindings", {}).items() if key in {"parameters", "variables"}}
        try:
            found = evaluate(template, now=NOW, **given)
        except ExpressionError as fault:
            if fault.message != row["measured"].get("error"):
                wrong.append((text, fault.message))
            continue
        if "result" not in row["measured"] or not same(found, row["measured"]["result"]):
            wrong.append((text, found))

    assert wrong == []
