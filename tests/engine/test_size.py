"""Large runs: what a run holds does not grow with what nobody reads."""

from __future__ import annotations

from typing import Any

from tests.engine.driver import Driver, compose, drive, http, program_of

from runafter.protocol.commands import Proceed

DONE = ["Succeeded"]


def _loop(count: int, actions: dict[str, Any]) -> dict[str, Any]:
    return {
        "Loop": {
            "type": "Foreach",
            "foreach": f"@range(0, {count})",
            "actions": actions,
            "runAfter": {},
            "runtimeConfiguration": {"concurrency": {"repetitions": 50}},
        }
    }


def test_a_hundred_thousand_items_hold_the_frames_of_the_window() -> None:
    driver = Driver(program_of(_loop(100_000, {"Each": compose("@item()")})))

    driver.start().until_done()

    assert driver.status == "Succeeded"
    assert driver.most_frames <= 51
    assert driver.record("Loop").iterations == 100_000
    assert sum(r.action == "Each" for r in driver.records) == 100_000
    assert driver.run._machine.root.find("Each") is None


def test_long_evaluation_pauses_so_that_others_have_their_turn() -> None:
    done = drive(_loop(5_000, {"Each": compose("@item()")}))

    assert sum(isinstance(command, Proceed) for command in done.commands) >= 2


def test_cancelling_between_two_turns_ends_the_run() -> None:
    from runafter.protocol.events import CancelRequested

    driver = Driver(program_of(_loop(5_000, {"Each": compose("@item()")}))).start()

    driver.feed(CancelRequested(at=driver.now))
    driver.until_done()

    assert driver.status == "Cancelled"


def test_calls_of_a_large_loop_stay_within_window_and_slots() -> None:
    done = drive(_loop(2_000, {"Do": http()}))

    assert (done.most_in_flight, done.seconds) == (50, 40.0)
    assert done.most_frames <= 51


def test_long_chains_and_many_rounds_do_not_recurse() -> None:
    chain = {"A0": compose()} | {f"A{n}": compose(after={f"A{n - 1}": DONE}) for n in range(1, 3_000)}
    rounds = {
        "Loop": {
            "type": "Until",
            "expression": "@equals(1, 2)",
            "limit": {"count": 5000, "timeout": "PT1H"},
            "actions": {"Each": compose()},
            "runAfter": {},
        }
    }

    assert drive(chain).status == "Succeeded"
    assert drive(rounds).record("Loop").iterations == 5_000
