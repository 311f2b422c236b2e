"""Recurrence slots."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runafter.program.recurrence import RecurrenceFault, next_slot, parse_recurrence, slots

EPOCH = datetime(1, 1, 1, tzinfo=UTC)
BERLIN = "W. Europe Standard Time"


def ticks(text: str) -> int:
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1) * 10


def moments(recurrence: dict[str, Any], count: int, *, started: str, after: str | None = None) -> list[str]:
    parsed = parse_recurrence(recurrence)
    found: list[str] = []
    at = ticks(after or started) - (0 if after else 1)
    while len(found) < count and (slot := next_slot(parsed, at, ticks(started))) is not None:
        found.append((EPOCH + timedelta(microseconds=slot // 10)).strftime("%Y-%m-%dT%H:%M:%SZ"))
        at = slot
    return found


@pytest.mark.parametrize(
    ("recurrence", "started", "expected"),
    [
        pytest.param(
            {"frequency": "Minute", "interval": 15},
            "2026-01-01T10:07:30+00:00",
            ["2026-01-01T10:07:30Z", "2026-01-01T10:22:30Z"],
            id="without a start the first slot is the moment of switching on",
        ),
        pytest.param(
            {"frequency": "Hour", "interval": 2, "startTime": "2026-01-01T00:00:00Z"},
            "2026-01-03T03:30:00+00:00",
            ["2026-01-03T04:00:00Z", "2026-01-03T06:00:00Z"],
            id="slots count from a start in the past",
        ),
        pytest.param(
            {"frequency": "Day", "interval": 1, "startTime": "2026-05-01T08:00:00Z"},
            "2026-01-03T03:30:00+00:00",
            ["2026-05-01T08:00:00Z", "2026-05-02T08:00:00Z"],
            id="nothing fires before a start in the future",
        ),
        pytest.param(
            {"frequency": "Day", "interval": 1, "startTime": "2026-03-27T08:00:00", "timeZone": BERLIN},
            "2026-03-27T00:00:00+00:00",
            ["2026-03-27T07:00:00Z", "2026-03-28T07:00:00Z", "2026-03-29T06:00:00Z", "2026-03-30T06:00:00Z"],
            id="eight o'clock stays eight o'clock when clocks change",
        ),
        pytest.param(
            {"frequency": "Day", "interval": 1, "startTime": "2026-03-28T02:30:00", "timeZone": BERLIN},
            "2026-03-28T00:00:00+00:00",
            ["2026-03-28T01:30:00Z", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"],
            id="a wall time that is skipped moves on by the gap",
        ),
        pytest.param(
            {"frequency": "Day", "interval": 1, "startTime": "2026-10-24T02:30:00", "timeZone": BERLIN},
            "2026-10-24T00:00:00+00:00",
            ["2026-10-24T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"],
            id="a wall time that is repeated fires once",
        ),
        pytest.param(
            {
                "frequency": "Week",
                "interval": 1,
                "schedule": {"weekDays": ["Monday", "Friday"], "hours": [9], "minutes": [0, 30]},
            },
            "2026-01-01T12:00:00+00:00",
            ["2026-01-02T09:00:00Z", "2026-01-02T09:30:00Z", "2026-01-05T09:00:00Z", "2026-01-05T09:30:00Z"],
            id="week days with hours and minutes",
        ),
        pytest.param(
            {
                "frequency": "Week",
                "interval": 2,
                "startTime": "2026-01-05T06:00:00Z",
                "schedule": {"weekDays": ["Sunday", "Tuesday"], "hours": ["6"]},
            },
            "2026-01-05T00:00:00+00:00",
            ["2026-01-06T06:00:00Z", "2026-01-18T06:00:00Z", "2026-01-20T06:00:00Z"],
            id="every second week counts weeks that begin on Sunday",
        ),
        pytest.param(
            {"frequency": "Month", "interval": 1, "startTime": "2026-01-31T00:00:00Z"},
            "2026-01-01T00:00:00+00:00",
            ["2026-01-31T00:00:00Z", "2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z"],
            id="a month step keeps to the month",
        ),
        pytest.param(
            {
                "frequency": "Month",
                "interval": 1,
                "startTime": "2026-01-01T05:00:00Z",
                "schedule": {"monthDays": [15, -1]},
            },
            "2026-01-01T00:00:00+00:00",
            ["2026-01-15T05:00:00Z", "2026-01-31T05:00:00Z", "2026-02-15T05:00:00Z", "2026-02-28T05:00:00Z"],
            id="month days count from the end when negative",
        ),
        pytest.param(
            {
                "frequency": "Month",
                "interval": 1,
                "startTime": "2026-01-01T05:00:00Z",
                "schedule": {"monthlyOccurrences": [{"dayOfWeek": "Tuesday", "occurrence": 2}]},
            },
            "2026-01-01T00:00:00+00:00",
            ["2026-01-13T05:00:00Z", "2026-02-10T05:00:00Z"],
            id="the second Tuesday of the month",
        ),
        pytest.param(
            {"frequency": "Day", "interval": 1, "schedule": {"hours": [10, 12]}},
            "2026-01-01T08:17:45+00:00",
            ["2026-01-01T10:17:00Z", "2026-01-01T12:17:00Z", "2026-01-02T10:17:00Z"],
            id="hours without minutes fire at the minute of the start",
        ),
    ],
)
def test_slots(recurrence: dict[str, Any], started: str, expected: list[str]) -> None:
    assert moments(recurrence, len(expected), started=started) == expected


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        ("2026-01-02T08:00:00", ["2026-01-01T07:00:00Z", "2026-01-02T07:00:00Z"]),
        ("2026-01-02T08:00:00Z", ["2026-01-01T07:00:00Z", "2026-01-02T07:00:00Z"]),
        ("2026-01-02T06:59:59Z", ["2026-01-01T07:00:00Z"]),
        ("2001-01-01T00:00:00Z", []),
    ],
)
@pytest.mark.parametrize("frequency", ["Day", "Hour"])
def test_no_slot_is_later_than_the_end_time(frequency: str, end: str, expected: list[str]) -> None:
    recurrence = {
        "frequency": frequency,
        "interval": {"Day": 1, "Hour": 24}[frequency],
        "startTime": "2026-01-01T08:00:00",
        "endTime": end,
        "timeZone": "W. Europe Standard Time",
    }

    assert moments(recurrence, 5, started="2025-12-31T00:00:00+00:00") == expected


def test_a_schedule_that_never_fits_has_no_slot() -> None:
    recurrence = {
        "frequency": "Month",
        "interval": 12,
        "startTime": "2026-02-01T00:00:00Z",
        "schedule": {"monthDays": [31]},
    }

    assert moments(recurrence, 1, started="2026-01-01T00:00:00+00:00") == []


@pytest.mark.parametrize(
    ("recurrence", "field"),
    [
        ({"frequency": "Fortnight", "interval": 1}, "frequency"),
        ({"interval": 1}, "frequency"),
        ({"frequency": "Month", "interval": 17}, "interval"),
        ({"frequency": "Day", "interval": 0}, "interval"),
        ({"frequency": "Day", "interval": 1, "timeZone": "Middle Earth"}, "timeZone"),
        ({"frequency": "Day", "interval": 1, "startTime": "tomorrow"}, "startTime"),
        ({"frequency": "Day", "interval": 1, "endTime": 5}, "endTime"),
        ({"frequency": "Day", "interval": 1, "schedule": {"hours": [24]}}, "hours"),
        ({"frequency": "Week", "interval": 1, "schedule": {"weekDays": ["Montag"]}}, "weekDays"),
        (
            {
                "frequency": "Month",
                "interval": 1,
                "schedule": {"monthlyOccurrences": [{"day": "Monday", "occurrence": 0}]},
            },
            "monthlyOccurrences",
        ),
    ],
)
def test_what_the_platform_refuses_names_the_field(recurrence: dict[str, Any], field: str) -> None:
    with pytest.raises(RecurrenceFault) as caught:
        parse_recurrence(recurrence)

    assert caught.value.field == field


@pytest.mark.parametrize("zone", [BERLIN, "Pacific Standard Time", "UTC"])
@pytest.mark.parametrize("hour", [0, 2, 8])
def test_a_daily_slot_over_a_year_keeps_its_wall_time(zone: str, hour: int) -> None:
    recurrence = parse_recurrence(
        {"frequency": "Day", "interval": 1, "startTime": f"2026-01-01T{hour:02}:00:00", "timeZone": zone}
    )
    start, end = ticks("2025-12-31T00:00:00+00:00"), ticks("2026-12-31T00:00:00+00:00")

    found = list(slots(recurrence, start, end, start))

    iana = {BERLIN: "Europe/Berlin", "Pacific Standard Time": "America/Los_Angeles", "UTC": "UTC"}[zone]
    walls = [(EPOCH + timedelta(microseconds=slot // 10)).astimezone(ZoneInfo(iana)) for slot in found]
    assert len({wall.date() for wall in walls}) == len(walls) >= 363
    assert sum(wall.hour != hour for wall in walls) <= 1  # the night when clocks go forward


RECURRENCES = st.builds(
    lambda frequency, interval, zone, hours, days, start: {
        "frequency": frequency,
        "interval": interval,
        **({"timeZone": zone} if zone else {}),
        **({"startTime": start} if start else {}),
        **({"schedule": {"hours": hours}} if frequency == "Day" and hours else {}),
        **({"schedule": {"hours": hours, "weekDays": days}} if frequency == "Week" and (hours or days) else {}),
    },
    st.sampled_from(["Minute", "Hour", "Day", "Week", "Month"]),
    st.integers(1, 12),
    st.sampled_from([None, BERLIN, "Pacific Standard Time"]),
    st.lists(st.integers(0, 23), max_size=3),
    st.lists(st.sampled_from(["Monday", "Wednesday", "Sunday"]), max_size=2),
    st.sampled_from([None, "2025-10-20T01:15:00", "2026-03-01T02:30:00", "2026-06-30T23:59:59Z"]),
)


@settings(deadline=None, max_examples=150)
@given(RECURRENCES, st.integers(0, 400 * 86_400))
def test_the_next_slot_is_later_and_nothing_is_between(recurrence: dict[str, Any], offset_s: int) -> None:
    parsed = parse_recurrence(recurrence)
    started = ticks("2026-01-10T12:34:56+00:00")
    after = started + offset_s * 10_000_000

    slot = next_slot(parsed, after, started)

    assert slot is not None, (recurrence, offset_s)
    assert slot > after, (recurrence, offset_s)
    assert next_slot(parsed, (after + slot) // 2, started) == slot
    assert next_slot(parsed, slot - 1, started) == slot
