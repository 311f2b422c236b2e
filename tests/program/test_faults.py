"""Faults of expressions, found without running them."""

from __future__ import annotations

import pytest

from runafter.program.faults import expression_findings


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("@concat('a'", "EXP001"),
        ("a @{concat('a'} b", "EXP001"),
        ("@toUpper('a', 'b')", "EXP002"),
        ("@toUppr('a')", "EXP003"),
        ("@toUpper(1)", "EXP004"),
        ("@equals(item() == 1)", "EXP010"),
        ("@length(filter(body('A'), 'x'))", "EXP010"),
    ],
)
def test_one_fault_one_code(text: str, code: str) -> None:
    assert [fault.code for fault in expression_findings(text).faults] == [code]


@pytest.mark.parametrize(
    "text",
    ["", "@", "@odata.type", "@@concat(", "a@@b", "@toUpper('a')", "x @{toUpper('a')} y", "me@example.com", "@{null}"],
)
def test_sound_and_literal_strings_have_none(text: str) -> None:
    assert expression_findings(text).faults == ()


def test_every_fault_of_a_string_is_found() -> None:
    found = expression_findings("@{toUppr('a')} and @{concat(toLowr('b'), not())}")

    assert sorted(fault.code for fault in found.faults) == ["EXP002", "EXP003", "EXP003"]


def test_the_hint_shows_the_expression_with_a_caret() -> None:
    (fault,) = expression_findings("@concat('a', toUppr('b'))").faults

    assert fault.hint is not None
    hint, line, caret = fault.hint.split("\n")
    assert "toUpper" in hint
    assert line[caret.index("^") :].startswith("toUppr")
    assert caret.count("^") == len("toUppr")


def test_a_long_expression_is_shown_around_the_fault() -> None:
    (fault,) = expression_findings("@concat('" + "x" * 5000 + "', nosuchthing('b'))").faults

    assert fault.hint is not None
    assert len(fault.hint) < 500
    assert "nosuchthing" in fault.hint


def test_plain_text_comes_unescaped() -> None:
    found = expression_findings("@@x")

    assert (found.whole, found.literal) == (None, "@x")
