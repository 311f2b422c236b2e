"""Our own cases: what the language gives, and what it refuses in which words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.expressions.scoring import same

from runafter.errors import ExpressionError
from runafter.expressions.evaluate import evaluate

CASES = Path(__file__).parents[1] / "cases" / "expressions"
FILES = ("strings", "collections", "logic", "math", "conversion", "json_xml", "access", "syntax", "run", "templates")


def rows() -> list[Any]:
    found = []
    for name in FILES:
        for number, line in enumerate((CASES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines(), start=1):
            found.append(pytest.param(json.loads(line), id=f"{name}:{number}"))
    return found


@pytest.mark.parametrize("row", rows())
def test_template_gives_what_the_case_says(row: dict[str, Any]) -> None:
    given = row.get("given", {})

    if "error" in row:
        with pytest.raises(ExpressionError) as caught:
            evaluate(row["expression"], **given)
        assert caught.value.message == row["error"]
        assert caught.value.code == row["code"]
    else:
        assert same(evaluate(row["expression"], **given), row["result"])


def test_every_case_names_its_source() -> None:
    assert all(case.values[0]["source"] and case.values[0]["checked"] for case in rows())
