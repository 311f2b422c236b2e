"""A year of recurrences on the virtual clock, against wall times that the standard library's zones give."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.server.world import flow, histories, recurrence, runtime, settle, statuses

from runafter.hosts.clock import TICKS_PER_S
from runafter.simulator.host import START_TICKS, run_virtual

ONE_DAY_S = 86_400
ONE_YEAR_S = 366 * ONE_DAY_S


def utc(ticks: int) -> datetime:
    return datetime(1, 1, 1, tzinfo=UTC) + timedelta(microseconds=ticks // 10)


START = utc(START_TICKS)


def at_wall(day: date, hour: int, minute: int, zone: ZoneInfo) -> datetime:
    """The moment of a wall time: a skipped one moves on by the gap, of a repeated one the second counts."""
    wall = datetime(day.year, day.month, day.day, hour, minute)
    return max(wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))


def days() -> Iterator[date]:
    first = START.date() - timedelta(days=1)
    return (first + timedelta(days=number) for number in range(369))


def expected(zone: str, fits: Callable[[date], bool], times: list[tuple[int, int]]) -> list[datetime]:
    place = ZoneInfo(zone)
    end = START + timedelta(seconds=ONE_YEAR_S)
    found = (at_wall(day, hour, minute, place) for day in days() if fits(day) for hour, minute in times)
    return sorted(moment for moment in found if START <= moment <= end)


def slots_of_a_year(trigger: dict[str, Any]) -> tuple[list[datetime], list[str]]:
    async def main(simulation):
        made = await runtime(simulation, flow(trigger=trigger))
        await settle(ONE_YEAR_S)
        found = [utc(each.scheduled_at) for each in await made.catalog.histories("flow", limit=10_000)]
        runs = await statuses(made)
        await made.stop()
        return sorted(found), runs

    return run_virtual(main)


def every_day(_: date) -> bool:
    return True


def is_last_of_month(day: date) -> bool:
    return (day + timedelta(days=1)).day == 1


@pytest.mark.parametrize(
    ("trigger", "slots"),
    [
        pytest.param(
            recurrence(
                "Week",
                startTime="2023-03-06T00:00:00",
                timeZone="W. Europe Standard Time",
                schedule={"weekDays": ["Monday", "Sunday"], "hours": ["2", "8"], "minutes": [30]},
            ),
            expected("Europe/Berlin", lambda day: day.weekday() in {0, 6}, [(2, 30), (8, 30)]),
            id="week days in Berlin, where 02:30 on a Sunday is skipped once and repeated once",
        ),
        pytest.param(
            recurrence(
                "Day", startTime="2023-12-01T09:15:00", timeZone="Pacific Standard Time", schedule={"hours": [1, 2, 17]}
            ),
            expected("America/Los_Angeles", every_day, [(1, 15), (2, 15), (17, 15)]),
            id="three times a day in Los Angeles, at the minute of the start",
        ),
        pytest.param(
            recurrence(
                "Month",
                startTime="2023-12-01T02:45:00",
                timeZone="AUS Eastern Standard Time",
                schedule={"monthDays": [1, -1], "hours": [2], "minutes": [0, 45]},
            ),
            expected("Australia/Sydney", lambda day: day.day == 1 or is_last_of_month(day), [(2, 0), (2, 45)]),
            id="first and last day of the month in Sydney",
        ),
        pytest.param(
            recurrence("Day", startTime="2024-01-01T00:00:00", timeZone="Pacific SA Standard Time"),
            expected("America/Santiago", every_day, [(0, 0)]),
            id="midnight in Santiago, where clocks change at midnight",
        ),
        pytest.param(
            recurrence("Week", interval=2, startTime="2024-01-03T06:00:00", timeZone="Tasmania Standard Time"),
            expected("Australia/Hobart", lambda day: (day - date(2024, 1, 3)).days % 14 == 0, [(6, 0)]),
            id="every second Wednesday in Hobart, counted from a start in the past",
        ),
    ],
)
def test_a_year_of_slots(trigger: dict[str, Any], slots: list[datetime]):
    found, runs = slots_of_a_year(trigger)

    assert found == slots
    assert runs == ["Succeeded"] * len(slots)


@pytest.mark.parametrize("zone", ["W. Europe Standard Time", "Pacific Standard Time", "AUS Eastern Standard Time"])
def test_hours_are_elapsed_time_whatever_the_clocks_do(zone: str):
    found, _ = slots_of_a_year(recurrence("Hour", 36, startTime="2024-01-01T05:00:00", timeZone=zone))

    gaps = {later - earlier for earlier, later in itertools.pairwise(found)}
    assert gaps == {timedelta(hours=36)}
    assert len(found) == ONE_YEAR_S // (36 * 3600)


def test_nothing_fires_before_a_start_in_the_future():
    start = START + timedelta(days=100)
    found, _ = slots_of_a_year(recurrence("Day", 7, startTime=start.isoformat()))

    assert found[:2] == [start, start + timedelta(days=7)]
    assert len(found) == (366 - 100) // 7 + 1


def test_a_server_that_was_down_over_the_change_of_clocks_goes_on_at_the_right_hour():
    trigger = recurrence(
        "Day", startTime="2024-01-01T08:00:00", timeZone="W. Europe Standard Time", schedule={"hours": [8]}
    )

    async def main(simulation):
        storage = simulation.storage()
        down = datetime(START.year, 3, 20, 12, tzinfo=UTC)
        made = await runtime(simulation, flow(trigger=trigger), storage=storage)
        await settle((down - START).total_seconds())
        before = len(await statuses(made))
        await made.stop()
        await settle(20 * ONE_DAY_S)
        made = await runtime(simulation, flow(trigger=trigger), storage=storage)
        await settle(2 * ONE_DAY_S)
        told = await histories(made)
        found = [utc(each.scheduled_at) for each in await made.catalog.histories("flow", limit=2)]
        await made.stop()
        return before, told, found

    before, told, found = run_virtual(main)

    assert told[before:] == [("Skipped", "RecurrenceMissed"), ("Succeeded", None), ("Succeeded", None)]
    assert [moment.hour for moment in found] == [6, 6]


def test_a_year_of_sliding_windows_has_neither_gap_nor_overlap():
    trigger = {
        "type": "SlidingWindow",
        "inputs": {"delay": "PT5M"},
        "recurrence": {
            "frequency": "Day",
            "interval": 1,
            "startTime": START.replace(tzinfo=None).isoformat(),
            "timeZone": "Pacific Standard Time",
        },
    }

    async def main(simulation):
        storage = simulation.storage()
        made = await runtime(simulation, flow(trigger=trigger), storage=storage)
        await settle(60 * ONE_DAY_S)
        await made.stop()
        await settle(30 * ONE_DAY_S)
        made = await runtime(simulation, flow(trigger=trigger), storage=storage)
        await settle(ONE_YEAR_S - 90 * ONE_DAY_S)
        windows = []
        for header in await made.host.journal.runs(limit=1000):
            note = (await made.host.journal.read(header.id))[0].trigger["outputs"]
            windows.append((note["windowStartTime"], note["windowEndTime"]))
        late = [
            (each.started_at - each.scheduled_at) // TICKS_PER_S
            for each in await made.catalog.histories("flow", limit=5)
        ]
        await made.stop()
        return sorted(windows), late

    windows, late = run_virtual(main)

    assert len(windows) >= 364
    assert [end for _, end in windows[:-1]] == [begin for begin, _ in windows[1:]]
    assert {begin[11:13] for begin, _ in windows} == {"07", "08"}
    assert late == [300] * 5
