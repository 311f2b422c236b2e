"""The registry, its page in the docs and the examples in both agree."""

from __future__ import annotations

import json

import pytest
from tests.expressions.scoring import SHARED, same
from tools.docs_functions import PAGE, page

from runafter.expressions.evaluate import evaluate
from runafter.expressions.functions.library import MODULES, all_functions
from runafter.expressions.functions.registry import REGISTRY
from runafter.values.json import json_numbers

EXAMPLES = [each.example for each in all_functions() if each.example is not None]


def test_page_lists_every_function() -> None:
    text = PAGE.read_text(encoding="utf-8")

    assert [each.name for each in all_functions() if f"`{each.name}(" not in text] == []


def test_page_is_what_the_registry_gives() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python tools/docs_functions.py"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example[0])
def test_example_of_the_reference_holds(example) -> None:
    text, value = example

    assert same(evaluate(f"@{text}", now="2031-05-06T07:08:09Z"), json_numbers(value))


def test_every_function_is_described() -> None:
    assert [each.name for each in REGISTRY.values() if not (each.summary and each.signature and each.returns)] == []
    assert len(MODULES) == len(set(MODULES))


@pytest.mark.skipif(not SHARED.is_dir(), reason="the measured rows are not beside the repository")
def test_every_function_of_the_platform_is_known() -> None:
    wished = json.loads((SHARED / "functions.json").read_text(encoding="utf-8"))

    assert [each["name"] for each in wished if each["name"].casefold() not in REGISTRY] == []
