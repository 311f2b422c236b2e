from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tzlocal.windows_tz import win_tz

from runafter.values import zones
from runafter.values.time import MAX_TICKS, TICKS_PER_SECOND, Timestamp, parse_iso
from runafter.values.zones import SkippedTime, UnknownZone

SECONDS = st.integers(62_200_000_000, 64_000_000_000)


@given(name=st.sampled_from(sorted(win_tz)), second=SECONDS)
def test_a_time_goes_to_a_zone_and_back(name, second) -> None:
    utc = Timestamp(second * TICKS_PER_SECOND, "utc")
    local = zones.from_utc(utc, name)
    hour_later = zones.from_utc(Timestamp(utc.ticks + 3_600 * TICKS_PER_SECOND, "utc"), name)
    assume(local.kind == "utc" or hour_later.ticks > local.ticks)

    back = zones.to_utc(local, name)

    assert back.kind == "utc"
    assert zones.from_utc(back, name) == local


def test_windows_names_are_compared_without_regard_to_case() -> None:
    assert zones.find_zone("w. europe STANDARD time") is not None
    assert zones.find_zone("W. Europe Standard Time") == zones.find_zone("w. europe standard time")


@pytest.mark.parametrize("name", ["", "Nope", "../etc/passwd", "/etc/localtime", "Europe", "\0"])
def test_a_name_of_no_zone_is_refused(name) -> None:
    assert zones.find_zone(name) is None
    with pytest.raises(UnknownZone):
        zones.zone(name)


def test_a_skipped_time_is_refused_where_asked_and_moved_on_otherwise() -> None:
    skipped = parse_iso("2024-03-31T02:30:00")
    assert skipped is not None

    with pytest.raises(SkippedTime):
        zones.to_utc(skipped, "W. Europe Standard Time", strict=True)
    assert zones.to_utc(skipped, "W. Europe Standard Time") == parse_iso("2024-03-31T01:30:00Z")


def test_a_repeated_time_is_the_later_one() -> None:
    repeated = parse_iso("2024-10-27T02:30:00")
    assert repeated is not None

    assert zones.to_utc(repeated, "Europe/Berlin") == parse_iso("2024-10-27T01:30:00Z")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("UTC", "(UTC) Coordinated Universal Time"),
        ("AUS Eastern Standard Time", "(UTC+10:00) GMT"),
        ("Newfoundland Standard Time", "(UTC-03:30) GMT"),
        ("EST", "(UTC-05:00) GMT-05:00"),
    ],
)
def test_zones_are_shown_by_their_standard_offset(name, shown) -> None:
    assert zones.display_name(name) == shown


@pytest.mark.parametrize("name", ["Tokyo Standard Time", "Pacific Standard Time"])
def test_a_zone_leads_no_further_than_the_calendar(name) -> None:
    assert zones.from_utc(Timestamp(0, "utc"), name).ticks >= 0
    assert zones.from_utc(Timestamp(MAX_TICKS, "utc"), name).ticks <= MAX_TICKS
    assert zones.to_utc(Timestamp(0), name).ticks >= 0
    assert zones.to_utc(Timestamp(MAX_TICKS), name).ticks <= MAX_TICKS
