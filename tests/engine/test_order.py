"""What runs when: run after, fan-out, fan-in, slots and windows."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.driver import NEVER, OK, Driver, compose, drive, http, program_of

from runafter.program.steps import STATUSES, Program
from runafter.protocol.events import Outcome

DONE = ["Succeeded"]
FAILED = Outcome(status_code=400)


def _spans(done: Driver) -> dict[str, tuple[int, int]]:
    return {r.action: (r.started_at, r.ended_at) for r in done.records if r.status != "Skipped"}


def _order_flow() -> dict[str, Any]:
    return {
        "Validate_Inventory": http(),
        "Create_CRM_Record": http(after={"Validate_Inventory": DONE}),
        "Send_Confirmation_Email": http(after={"Validate_Inventory": DONE}),
        "Post_Teams_Notification": http(after={"Validate_Inventory": DONE}),
        "Update_Order_Status": http(
            after={"Create_CRM_Record": DONE, "Send_Confirmation_Email": DONE, "Post_Teams_Notification": DONE}
        ),
    }


def test_order_flow_fans_out_and_joins_at_the_slowest_branch() -> None:
    latency = {"Create_CRM_Record": 3.0, "Send_Confirmation_Email": 7.0, "Post_Teams_Notification": 5.0}

    done = drive(_order_flow(), lambda call: (OK, latency.get(call.action, 1.0)))

    sent = {call.action: at for at, call in done.calls}
    assert sent == {
        "Validate_Inventory": 0.0,
        "Create_CRM_Record": 1.0,
        "Send_Confirmation_Email": 1.0,
        "Post_Teams_Notification": 1.0,
        "Update_Order_Status": 8.0,
    }
    assert (done.status, done.seconds) == ("Succeeded", 9.0)


def test_join_is_skipped_and_the_run_fails_when_one_branch_fails() -> None:
    done = drive(_order_flow(), {"Post_Teams_Notification": FAILED})

    assert done.statuses()["Update_Order_Status"] == "Skipped"
    assert done.status == "Failed"


@pytest.mark.parametrize(
    ("answer", "teams", "ok"),
    [(OK, "Succeeded", True), (FAILED, "Failed", False), (NEVER, "TimedOut", False)],
)
def test_join_runs_whatever_became_of_an_optional_branch(answer: Outcome, teams: str, ok: bool) -> None:
    flow = _order_flow()
    flow["Post_Teams_Notification"]["limit"] = {"timeout": "PT30S"}
    flow["Update_Order_Status"]["runAfter"]["Post_Teams_Notification"] = list(STATUSES)
    flow["Said"] = compose(
        "@equals(outputs('Post_Teams_Notification')?['statusCode'], 200)", after={"Update_Order_Status": DONE}
    )

    done = drive(flow, {"Post_Teams_Notification": answer})

    assert done.statuses()["Post_Teams_Notification"] == teams
    assert done.record("Said").outputs is ok
    assert done.status == "Succeeded"


def test_a_to_e_keeps_its_order_whatever_the_durations() -> None:
    program = program_of(
        {
            "Start": http(),
            "Branch_A": http(after={"Start": DONE}),
            "Branch_B": http(after={"Start": DONE}),
            "Branch_C": http(after={"Branch_A": DONE, "Branch_B": DONE}),
            "Branch_D": http(after={"Branch_A": DONE}),
            "Branch_E": http(after={"Branch_C": DONE, "Branch_D": DONE}),
        }
    )
    for seed in range(300):
        done = drive(program, lambda call, seed=seed: (OK, (hash_of(seed, call.action) % 9) + 1.0))
        spans = _spans(done)
        assert spans["Branch_C"][0] == max(spans["Branch_A"][1], spans["Branch_B"][1])
        assert spans["Branch_D"][0] == spans["Branch_A"][1]
        assert spans["Branch_E"][0] == max(spans["Branch_C"][1], spans["Branch_D"][1])


def hash_of(seed: int, name: str) -> int:
    return sum((seed + 7) * (index + 3) * ord(c) for index, c in enumerate(name)) // 13


_SUBSETS = [subset for size in range(1, 5) for subset in combinations(STATUSES, size)]


@pytest.mark.parametrize("wished", _SUBSETS, ids=",".join)
@pytest.mark.parametrize("actual", STATUSES)
def test_run_after_is_the_truth_table(actual: str, wished: tuple[str, ...]) -> None:
    first = http(limit={"timeout": "PT5S"})
    before: dict[str, Any] = {"Root": compose()}
    if actual == "Skipped":
        first["runAfter"] = {"Root": ["Failed"]}
    answer = {"Succeeded": OK, "Failed": FAILED, "TimedOut": NEVER, "Skipped": OK}[actual]

    done = drive({**before, "First": first, "Then": compose(after={"First": list(wished)})}, {"First": answer})

    assert done.statuses()["First"] == actual
    assert done.statuses()["Then"] == ("Succeeded" if actual in wished else "Skipped")
    if actual not in wished:
        because = done.record("Then").because
        assert because is not None
        assert because[:2] == ("First", actual)


def _loop(count: int, repetitions: int | None, **actions: Any) -> dict[str, Any]:
    loop: dict[str, Any] = {"type": "Foreach", "foreach": f"@range(0, {count})", "actions": actions or {"Do": http()}}
    if repetitions is not None:
        loop["runtimeConfiguration"] = {"concurrency": {"repetitions": repetitions}}
    return {"Loop": loop}


@pytest.mark.parametrize(("long", "makespan"), [(19.0, 19.0), (10.0, 15.0)])
def test_window_slides_so_that_short_items_pass_a_long_one(long: float, makespan: float) -> None:
    """Batches of two would take 28 and 19 seconds: each would wait for its slower half."""
    done = drive(_loop(20, 2), lambda call: (OK, long if call.repetition == (0,) else 1.0))

    assert done.seconds == makespan
    assert done.most_in_flight == 2
    passed = [at for at, call in done.ended_calls if at < long]
    assert len(passed) == long - 1


@pytest.mark.parametrize(("profile", "most"), [("power-automate", 1), ("logic-apps-consumption", 20)])
def test_default_window_is_the_dialects(profile: str, most: int) -> None:
    done = drive(_loop(40, None), profile=profile)

    assert done.most_in_flight == most


@settings(max_examples=60, deadline=None)
@given(durations=st.lists(st.integers(1, 9), min_size=1, max_size=25), window=st.integers(1, 12))
def test_in_flight_is_the_window_or_the_number_of_items(durations: list[int], window: int) -> None:
    done = drive(_loop(len(durations), window), lambda call: (OK, float(durations[call.repetition[0]])))

    assert done.most_in_flight == min(window, len(durations))
    assert done.status == "Succeeded"


def test_not_more_actions_than_slots_are_in_flight() -> None:
    done = drive({f"A{index}": http() for index in range(200)})

    assert done.most_in_flight == 50
    assert done.seconds == 4.0


def test_slots_are_a_setting_of_the_run() -> None:
    done = drive({f"A{index}": http() for index in range(20)}, settings={"in_flight": 4})

    assert (done.most_in_flight, done.seconds) == (4, 5.0)


def _random_graph(shape: list[list[int]]) -> Program:
    actions = {}
    for index, before in enumerate(shape):
        after = {f"N{b % index}": DONE for b in before} if index else {}
        actions[f"N{index}"] = http(after=after)
    return program_of(actions)


@settings(max_examples=500, deadline=None)
@given(
    shape=st.lists(st.lists(st.integers(0, 29), max_size=3), min_size=1, max_size=30),
    durations=st.lists(st.integers(1, 9), min_size=30, max_size=30),
    slots=st.integers(1, 8),
)
def test_random_graphs_run_as_a_linear_extension_and_leave_no_slot_idle(
    shape: list[list[int]], durations: list[int], slots: int
) -> None:
    program = _random_graph(shape)

    done = drive(program, lambda call: (OK, float(durations[int(call.action[1:])])), settings={"in_flight": slots})

    spans = _spans(done)
    assert len(spans) == len(shape)
    steps = program.steps
    starts = sorted(start for start, _ in spans.values())
    for name, (start, _) in spans.items():
        ready = max((spans[p][1] for p, _ in steps[name].run_after), default=starts[0])
        assert start >= ready
        if start > ready:  # it waited: then every slot was taken until it started
            for moment in {ready, *(s for s in starts if ready <= s < start)}:
                assert sum(s <= moment < e for s, e in spans.values()) == slots


def test_siblings_start_before_either_has_ended() -> None:
    done = drive({"Left": http(), "Right": http()})

    assert [at for at, _ in done.calls] == [0.0, 0.0]


def test_makespan_of_nested_fan_out_is_the_critical_path() -> None:
    def fan(depth: int, prefix: str) -> dict[str, Any]:
        if not depth:
            return {f"{prefix}_leaf": http()}
        return {
            f"{prefix}{side}": {"type": "Scope", "actions": {**fan(depth - 1, f"{prefix}{side}")}, "runAfter": {}}
            for side in "LR"
        }

    done = drive(fan(3, "S"), lambda call: (OK, 9.0 if call.action == "SLRL_leaf" else 2.0))

    assert done.seconds == 9.0
