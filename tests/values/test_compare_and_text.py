"""Equality, order, UTF-16 lengths and base64."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runafter.values.compare import culture_key, identity, loosely_equal, ordinal_key, strictly_equal
from runafter.values.content import decode_base64, envelope, is_envelope
from runafter.values.objects import MISSING, property_of, spelling
from runafter.values.text import SplitCharacter, cut, length, lower, upper

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)


def test_numbers_are_equal_by_value_at_the_top_only() -> None:
    assert loosely_equal(1, 1.0)
    assert loosely_equal(Decimal(1), 1)
    assert not loosely_equal([1], [1.0])
    assert not loosely_equal(True, 1)


@given(VALUES, VALUES)
def test_identity_meets_exactly_where_values_are_strictly_equal(left: object, right: object) -> None:
    assert (identity(left) == identity(right)) == strictly_equal(left, right)


@given(VALUES)
def test_every_value_equals_itself(value: object) -> None:
    assert strictly_equal(value, value)
    assert loosely_equal(value, value)


def test_culture_order_is_letters_then_accents_then_case() -> None:
    words = ["b", "B", "a", "A", "á", "ab", "1", "", "-", "Z", "z"]

    assert sorted(words, key=culture_key) == ["", "-", "1", "a", "A", "á", "ab", "b", "B", "z", "Z"]


def test_ordinal_order_is_by_unit() -> None:
    assert sorted(["b", "B", "a", "😀", "\uffee"], key=ordinal_key) == ["B", "a", "b", "😀", "\uffee"]


def test_length_counts_utf16_units() -> None:
    assert (length("a"), length("é"), length("😀"), length("")) == (1, 1, 2, 0)


def test_cut_goes_by_units_and_never_through_a_character() -> None:
    assert cut("a😀b", 1, 3) == "😀"
    with pytest.raises(SplitCharacter):
        cut("a😀b", 1, 2)


def test_casing_goes_letter_by_letter() -> None:
    assert upper("straße ı") == "STRAßE ı"
    assert lower("İÉ") == "İé"


def test_base64_needs_padding_and_ignores_blanks() -> None:
    assert decode_base64("Y Q\r\n==") == b"a"
    for text in ("YQ", "YQ=", "Y*==", "Zürich"):
        with pytest.raises(ValueError, match="base64"):
            decode_base64(text)


def test_envelope_is_known_by_its_two_members() -> None:
    assert is_envelope(envelope("a/b", b"x"))
    assert not is_envelope({"$content": "eA=="})


def test_property_is_found_exactly_then_in_any_case_then_by_path() -> None:
    target = {"A": 1, "a": 2, "b": {"C": {"d": 3}}, "b/c": 4}

    assert property_of(target, "a") == 2
    assert property_of(target, "B/c") == 4
    assert property_of({"b": {"C": {"d": 3}}}, "b/c/D") == 3
    assert property_of(target, "x") is MISSING
    assert spelling(target, "B") == "b"
