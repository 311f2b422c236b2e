from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runafter.values import time
from runafter.values.time import MAX_TICKS, OutOfRange, Timestamp

TICKS = st.integers(0, MAX_TICKS)
KINDS = st.sampled_from(["utc", "unspecified", "offset"])


@given(ticks=TICKS, kind=KINDS)
def test_the_round_trip_format_reads_back_as_the_same_time(ticks, kind) -> None:
    moment = Timestamp(ticks, kind)

    assert time.parse_iso(time.round_trip(moment)) == moment


@given(ticks=TICKS)
def test_fields_and_ticks_are_inverse(ticks) -> None:
    at = time.fields(ticks)

    assert time.ticks_of(at.year, at.month, at.day, at.hour, at.minute, at.second, at.fraction) == ticks


@given(ticks=TICKS, months=st.integers(-30_000, 30_000))
def test_adding_months_keeps_the_day_or_takes_the_last_of_a_short_month(ticks, months) -> None:
    before = time.fields(ticks)
    try:
        moved = time.add_months(Timestamp(ticks), months)
    except OutOfRange:
        assert not 1 <= (before.year * 12 + before.month - 1 + months) // 12 <= 9999
        return

    after = time.fields(moved.ticks)

    assert (after.year * 12 + after.month) - (before.year * 12 + before.month) == months
    assert after.day == min(before.day, time.days_in_month(after.year, after.month))
    assert after[3:7] == before[3:7]


@pytest.mark.parametrize(
    ("start", "count", "unit", "end"),
    [
        ("2024-01-31", 1, "Month", "2024-02-29"),
        ("2023-01-31", 1, "month", "2023-02-28"),
        ("2024-02-29", 1, "Year", "2025-02-28"),
        ("2024-03-31", -1, "MONTH", "2024-02-29"),
        ("2024-12-30", 1, "Week", "2025-01-06"),
    ],
)
def test_units_move_over_the_calendar(start, count, unit, end) -> None:
    moment = time.parse_iso(start)

    assert moment is not None
    assert time.add(moment, count, unit) == time.parse_iso(end)


def test_a_time_outside_the_calendar_is_refused() -> None:
    with pytest.raises(OutOfRange):
        time.shift(Timestamp(MAX_TICKS), 1)
    with pytest.raises(OutOfRange):
        time.add(Timestamp(0), -1, "Month")


@pytest.mark.parametrize(
    "text", ["2024-02-30", "2024-01-01T24:00:00Z", "2024-01-01T10:60:00", "2024-01-01T00:00:00+15:00"]
)
def test_an_iso_text_of_no_time_is_refused(text) -> None:
    with pytest.raises(ValueError):
        time.parse_iso(text)


@given(ticks=st.integers(-MAX_TICKS, MAX_TICKS))
def test_spans_are_written_with_days_only_where_there_are_some(ticks) -> None:
    text = time.span_text(ticks)

    assert text.startswith("-") == (ticks < 0)
    assert (abs(ticks) >= time.TICKS_PER_DAY) == ("." in text.partition(":")[0])
    assert (ticks % time.TICKS_PER_SECOND != 0) == ("." in text.rpartition(":")[2])


@given(tenths_us=st.integers(0, 10**14))
def test_durations_read_back(tenths_us) -> None:
    seconds = tenths_us / 10**7

    assert time.duration_s(time.duration_text(seconds)) == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT5S", 5), ("P1D", 86_400), ("PT1H30M", 5_400), ("PT0.5S", 0.5), ("P1W", 604_800), ("-PT1M", -60)],
)
def test_durations_are_iso_8601(text, seconds) -> None:
    assert time.duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "P", "PT", "5S", "P1H", "PT1D", "1"])
def test_a_text_of_no_duration_is_refused(text) -> None:
    with pytest.raises(ValueError, match="ISO 8601 duration"):
        time.duration_s(text)


def test_reading_time_imports_no_table_of_cultures_or_zones() -> None:
    code = "import sys, runafter.values.time, runafter.values.dateparse, runafter.values.zones, runafter.values.numbers; print([m for m in ('babel', 'tzlocal', 'zoneinfo') if m in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
