from __future__ import annotations

import math
from decimal import Decimal

import pytest
from babel.localedata import locale_identifiers
from hypothesis import given
from hypothesis import strategies as st

from runafter.values.cultures import EN_US_NUMBERS, number_culture
from runafter.values.numberparse import INT64_MAX, INT64_MIN, integer_of, parse_decimal, parse_float, parse_integer
from runafter.values.numbers import InvalidNumberFormat, format_number, group_digits

DOUBLES = st.floats(allow_nan=False, allow_infinity=False)


@given(DOUBLES)
def test_a_double_reads_back_from_its_round_trip_text(value) -> None:
    assert parse_float(format_number(value, "R")) == value


@given(st.integers(INT64_MIN, INT64_MAX))
def test_an_integer_reads_back_from_every_plain_format(value) -> None:
    assert parse_integer(format_number(value, "D")) == value
    assert int(format_number(value, "N0").replace(",", "")) == value
    assert format_number(value, "0") == str(value)


@given(value=st.integers(-(10**12), 10**12), name=st.sampled_from(sorted(locale_identifiers())))
def test_a_grouped_number_reads_back_in_its_culture(value, name) -> None:
    culture = number_culture(name)

    assert parse_float(format_number(value / 4, "N2", culture), culture) == value / 4


@given(value=DOUBLES, pattern=st.text("0#.,%;E+-'\"\\e‰ab", max_size=12))
def test_any_pattern_is_used_or_refused(value, pattern) -> None:
    try:
        text = format_number(value, pattern)
    except InvalidNumberFormat:
        return
    assert isinstance(text, str)


@pytest.mark.parametrize(
    ("value", "standard", "custom"), [(0.125, "0.12", "0.13"), (2.675, "2.67", "2.68"), (1.005, "1.00", "1.01")]
)
def test_standard_formats_round_the_exact_double_and_custom_ones_fifteen_digits(value, standard, custom) -> None:
    assert format_number(value, "N2") == standard
    assert format_number(value, "0.00") == custom


@pytest.mark.parametrize(
    ("value", "pattern"), [(1, "R"), (1.5, "D"), (1.5, "X"), (1, "B"), (1, "Q2"), (1, "F99999999999"), (1, "N100000")]
)
def test_what_is_no_format_for_the_number_is_refused(value, pattern) -> None:
    with pytest.raises(InvalidNumberFormat):
        format_number(value, pattern)


def test_what_is_not_finite_is_written_by_name() -> None:
    assert format_number(math.nan, "N2") == "NaN"
    assert format_number(-math.inf, "0.0") == "-∞"


def test_groups_follow_the_sizes_of_the_culture() -> None:
    assert group_digits("123456789", (3, 2), ",") == "12,34,56,789"
    assert group_digits("123456789", (3, 0), ",") == "123456,789"
    assert group_digits("123", (3,), ",") == "123"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,2,3", 123),
        (" 12 ", 12),
        ("5-", -5),
        ("5 -", -5),
        (".5", 0.5),
        ("1e400", math.inf),
        ("-Infinity", -math.inf),
        ("1e-999999999999", 0),
    ],
)
def test_floats_are_read_with_groups_and_a_sign_on_either_side(text, value) -> None:
    assert parse_float(text) == value


@pytest.mark.parametrize("text", ["", " ", ",5", "1 000", "(1)", "$1", "0x10", "1.5.5", "-5-", "- 5", "1_0", "٣", "∞x"])
def test_what_is_no_float_is_refused(text) -> None:
    with pytest.raises(ValueError):
        parse_float(text)


def test_spaces_of_any_kind_group_where_a_culture_groups_by_spaces() -> None:
    french = number_culture("fr-FR")

    assert [parse_float(f"1{space}234,5", french) for space in (" ", "\u00a0", "\u202f")] == [1234.5] * 3


def test_int_takes_what_its_double_says() -> None:
    assert integer_of("1e3") == 1000
    assert integer_of("nan") == INT64_MIN
    with pytest.raises(ValueError):
        integer_of(str(INT64_MAX))


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**18), max_value=10**18))
def test_a_decimal_keeps_value_and_scale(value) -> None:
    read = parse_decimal(format(value, "f"))

    assert read == value
    assert read.as_tuple().exponent == value.as_tuple().exponent


def test_decimals_end_at_ninety_six_bits() -> None:
    assert parse_decimal("79228162514264337593543950335") == Decimal(2**96 - 1)
    assert parse_decimal("-79228162514264337593543950335.4") == Decimal(1 - 2**96)
    with pytest.raises(ValueError):
        parse_decimal("79228162514264337593543950336")


def test_no_culture_is_american() -> None:
    assert number_culture(None) is number_culture("en-us") is EN_US_NUMBERS
