"""Formats and readers of dates, in many cultures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runafter.values.cultures import EN_US_DATES, date_culture, number_culture
from runafter.values.dateformat import InvalidDateFormat, format_time
from runafter.values.dateparse import InvalidTime, parse_exact, parse_time
from runafter.values.numberparse import parse_float
from runafter.values.time import MAX_TICKS, TICKS_PER_DAY, TICKS_PER_SECOND, Timestamp, ticks_of

CULTURES = [
    *("en-US", "en-GB", "en-AU", "en-CA", "en-IN", "de-DE", "de-CH", "de-AT", "fr-FR", "fr-CH", "es-ES", "es-MX"),
    *("it-IT", "pt-BR", "pt-PT", "nl-NL", "nl-BE", "da-DK", "sv-SE", "nb-NO", "fi-FI", "is-IS", "pl-PL", "cs-CZ"),
    *("sk-SK", "hu-HU", "ro-RO", "bg-BG", "hr-HR", "sl-SI", "el-GR", "tr-TR", "ru-RU", "uk-UA", "he-IL", "ja-JP"),
    *("ko-KR", "zh-CN", "zh-TW", "zh-HK", "th-TH", "vi-VN", "id-ID", "ca-ES", "et-EE", "lv-LV", "lt-LT"),
]
MOMENT = Timestamp(ticks_of(2018, 3, 15, 13, 5, 9, 1_234_567), "utc")


def noon_2024() -> int:
    return ticks_of(2024, 6, 1, 12)


@pytest.mark.parametrize("name", CULTURES)
@given(day=st.integers(700_000, 750_000))
def test_a_long_date_reads_back_in_its_culture(name, day) -> None:
    culture = date_culture(name)
    moment = Timestamp(day * TICKS_PER_DAY)

    assert parse_time(format_time(moment, "D", culture), noon_2024, culture) == moment


@pytest.mark.parametrize("name", CULTURES)
@given(second=st.integers(700_000 * 86_400, 750_000 * 86_400))
def test_a_short_date_and_a_long_time_read_back_in_their_culture(name, second) -> None:
    culture = date_culture(name)
    moment = Timestamp(second * TICKS_PER_SECOND)

    assert parse_time(format_time(moment, "G", culture), noon_2024, culture) == moment


@given(
    ticks=st.integers(0, MAX_TICKS),
    pattern=st.sampled_from(["yyyyMMddHHmmssfffffff", "dd/MMM/yyyy hh:mm:ss.fffffff tt"]),
)
def test_what_a_pattern_writes_the_same_pattern_reads(ticks, pattern) -> None:
    text = format_time(Timestamp(ticks), pattern)

    assert parse_exact(text, pattern, noon_2024) == Timestamp(ticks)


@pytest.mark.parametrize("pattern", ["K", "%", "x", "/", ":", "ffffffff", "yyyy 'open", "yyyy\\", "yyyy%", "%%d"])
def test_what_is_no_format_is_refused(pattern) -> None:
    with pytest.raises(InvalidDateFormat):
        format_time(MOMENT, pattern)


def test_a_month_is_declined_beside_a_day_and_not_alone() -> None:
    polish = date_culture("pl-PL")

    assert format_time(MOMENT, "d MMMM", polish) == "15 marca"
    assert format_time(MOMENT, "MMMM yyyy", polish) == "marzec 2018"


def test_a_culture_does_not_change_when_another_was_read_before() -> None:
    date_culture("ja-JP")

    assert format_time(MOMENT, "MMMM", date_culture("lb-LU")) == "Mäerz"


def test_an_unknown_culture_is_the_root_and_no_culture_is_american() -> None:
    assert format_time(MOMENT, "yyyy", date_culture("xx-YY")) == "2018"
    assert date_culture("") is EN_US_DATES
    assert date_culture("EN-us") is EN_US_DATES


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "2018",
        "20180315",
        "15/03/2018",
        "/3/15/2018",
        "3//15/2018",
        "1 2 3 4",
        "Mon, 15 Mar 2018",
        "13:05 PM",
        "13 March 15 2018",
    ],
)
def test_what_is_no_time_is_refused(text) -> None:
    with pytest.raises(InvalidTime):
        parse_time(text, noon_2024)


def test_a_time_alone_is_on_the_day_of_now() -> None:
    assert parse_time("1:05 PM", noon_2024) == Timestamp(ticks_of(2024, 6, 1, 13, 5))
    assert parse_time("1.5", noon_2024) == Timestamp(ticks_of(2024, 1, 5))


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text) -> None:
    try:
        moment = parse_time(text, noon_2024)
    except InvalidTime:
        return
    assert 0 <= moment.ticks <= MAX_TICKS


@given(st.text(max_size=20))
def test_any_pattern_is_used_or_refused(pattern) -> None:
    try:
        text = format_time(MOMENT, pattern)
    except InvalidDateFormat:
        return
    assert isinstance(text, str)


def test_a_hostile_text_costs_no_more_than_its_length() -> None:
    blanks = " " * 100_000
    french = number_culture("fr-FR")
    for text in (blanks, f"1{blanks}x", f"2024-01-01{blanks}x"):
        with pytest.raises(ValueError):
            parse_float(text, french)
        with pytest.raises(InvalidTime):
            parse_time(text, noon_2024)
        with pytest.raises(InvalidTime):
            parse_exact(text, "d      M      y", noon_2024)
