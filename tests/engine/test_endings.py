"""How runs end: terminate, cancel, limits, responses, outputs; and the status of blocks."""

from __future__ import annotations

from typing import Any

import pytest
from tests.engine.driver import NEVER, OK, Driver, compose, drive, http, program_of, scope

from runafter.protocol.commands import CancelCall, CancelTimer, FinishRun
from runafter.protocol.events import CallerLeft, CancelRequested, Outcome

DONE = ["Succeeded"]
BAD = "@div(1, 0)"


def terminate(status: str, *, after: dict[str, list[str]] | None = None, **inputs: Any) -> dict[str, Any]:
    return {"type": "Terminate", "inputs": {"runStatus": status, **inputs}, "runAfter": after or {}}


def test_terminate_cancels_what_is_in_flight_and_skips_the_rest() -> None:
    flow = {
        "Slow": http(),
        "Later": http(after={"Slow": DONE}),
        "Guard": scope({"Stop": terminate("Failed", runError={"code": "E", "message": "m"})}),
    }

    done = drive(flow, {"Slow": NEVER})

    assert done.statuses() == {"Stop": "Succeeded", "Slow": "Cancelled", "Guard": "Cancelled", "Later": "Skipped"}
    assert done.record("Later").code == "Terminated"
    assert [c.id for c in done.commands if isinstance(c, CancelCall)] == ["R1/Slow//1"]
    assert done.finished is not None
    assert (done.status, done.finished.error) == ("Failed", {"code": "E", "message": "m"})
    assert isinstance(done.commands[-1], FinishRun)


def test_guard_clause_ends_the_run_before_any_call() -> None:
    flow = {
        "Check": {
            "type": "If",
            "expression": "@empty(triggerBody()?['id'])",
            "actions": {"Stop": terminate("Failed", runError={"code": "NoId", "message": "id is missing"})},
            "else": {"actions": {}},
            "runAfter": {},
        },
        "Work": http(after={"Check": DONE}),
    }

    done = drive(flow, started={"trigger": {"name": "manual", "outputs": {"body": {}}}})

    assert (done.status, done.calls, done.seconds) == ("Failed", [], 0.0)
    assert done.finished is not None
    assert done.finished.error == {"code": "NoId", "message": "id is missing"}


def test_cancelled_run_cancels_calls_timers_and_containers() -> None:
    flow = {
        "Loop": {
            "type": "Foreach",
            "foreach": "@range(0, 3)",
            "actions": {"Do": http(), "Then": http(after={"Do": DONE})},
        },
        "Pause": {"type": "Wait", "inputs": {"interval": {"count": 1, "unit": "Hour"}}},
        "End": compose(after={"Loop": DONE, "Pause": DONE}),
    }
    driver = Driver(program_of(flow), {"Do": NEVER}).start()

    driver.feed(CancelRequested(at=driver.now, reason="enough"))

    assert driver.status == "Cancelled"
    assert driver.statuses() == {"Pause": "Cancelled", "Loop": "Cancelled", "End": "Skipped"}
    assert [r.status for r in driver.records if r.action == "Then"] == ["Skipped"] * 3
    assert len([c for c in driver.commands if isinstance(c, CancelCall)]) == 3
    assert len([c for c in driver.commands if isinstance(c, CancelTimer)]) == 1
    assert driver.run.in_flight == 0


def test_nothing_happens_after_the_end() -> None:
    done = drive({"A": compose()})

    assert done.run.step(CancelRequested(at=done.now)) == []
    assert done.run.status == "Succeeded"


def test_run_reaches_its_duration_limit() -> None:
    done = drive({"Get": http()}, {"Get": NEVER}, settings={"duration_limit_s": 60})

    assert (done.status, done.seconds) == ("TimedOut", 60.0)
    assert done.record("Get").code == "WorkflowRunTimedOut"


def test_wait_costs_virtual_time_alone() -> None:
    flow = {"Pause": {"type": "Wait", "inputs": {"interval": {"count": "@add(10, 20)", "unit": "Day"}}}}

    done = drive(flow)

    assert done.seconds == 30 * 86_400
    assert done.record("Pause").code == "OK"


def test_jittered_waits_are_drawn_from_the_seed() -> None:
    flow = {"Pause": {"type": "Wait", "inputs": {"interval": {"count": "@rand(2, 6)", "unit": "Second"}}}}

    waits = [drive(flow, seed=seed).seconds for seed in range(40)]

    assert set(waits) == {2.0, 3.0, 4.0, 5.0}
    assert waits == [drive(flow, seed=seed).seconds for seed in range(40)]


def test_response_answers_once_and_only_while_the_caller_waits() -> None:
    answer = {
        "type": "Response",
        "inputs": {"statusCode": 201, "headers": {"a": "b"}, "body": {"x": 1}},
        "runAfter": {},
    }
    flow = {"First": answer, "Second": {**answer, "runAfter": {"First": DONE}}}

    done = drive(flow, started={"caller_waits": True})

    assert [(r.action, r.status_code, r.headers, r.body) for r in done.responses] == [
        ("First", 201, {"a": "b"}, {"x": 1})
    ]
    assert done.record("Second").status == "Skipped"
    assert done.record("Second").error["code"] == "ActionResponseSkipped"
    assert done.status == "Succeeded"


def test_response_is_skipped_when_the_caller_has_left() -> None:
    flow = {"Work": http(), "Answer": {"type": "Response", "inputs": {"statusCode": 200}, "runAfter": {"Work": DONE}}}
    driver = Driver(program_of(flow), started={"caller_waits": True}).start()

    driver.feed(CallerLeft(at=driver.now))
    driver.until_done()

    assert driver.record("Answer").status == "Skipped"


def test_outputs_of_the_run_are_evaluated_at_its_end() -> None:
    done = drive({"A": compose(5)}, outputs={"five": {"type": "Int", "value": "@outputs('A')"}})

    assert done.finished is not None
    assert done.finished.outputs == {"five": 5}


def test_missing_parameter_is_named() -> None:
    done = drive({"A": compose("@parameters('site')")}, parameters={"site": {"type": "String"}})

    assert done.finished is not None
    assert (done.status, "'site'" in done.finished.error["message"]) == ("Failed", True)


def test_given_parameters_go_before_defaults_in_any_case() -> None:
    declared = {"Site": {"type": "String", "defaultValue": "old"}, "Other": {"type": "Int", "defaultValue": 3}}

    done = drive(
        {"A": compose("@concat(parameters('site'), parameters('other'))")},
        parameters=declared,
        started={"parameters": {"site": "new"}},
    )

    assert done.record("A").outputs == "new3"


def test_failure_names_expression_and_items() -> None:
    flow = {
        "Loop": {
            "type": "Foreach",
            "foreach": "@createArray('a,b', null)",
            "actions": {"Parts": compose("@split(item(), ',')")},
        }
    }

    done = drive(flow)

    failure = done.record("Parts", 1).failure
    assert failure["loops"] == [{"loop": "Loop", "index": 1}]
    assert "split(item(), ',')" in failure["expression"]
    assert {"expression": "item()", "value": None} in failure["values"]
    assert done.record("Parts", 0).outputs == ["a", "b"]


def test_failure_shows_objects_as_json() -> None:
    done = drive({"Read": compose("@int(concat(json('{\"a\": [1, true, null]}')))")})

    assert {"expression": "json('{\"a\": [1, true, null]}')", "value": '{"a":[1,true,null]}'} in done.record(
        "Read"
    ).failure["values"]


def test_failure_in_a_selection_names_the_item() -> None:
    flow = {"Pick": {"type": "Select", "inputs": {"from": ["1", "x", "3"], "select": "@int(item())"}}}

    done = drive(flow)

    assert done.record("Pick").failure["item"] == "x"
    assert {"expression": "item()", "value": "x"} in done.record("Pick").failure["values"]


OK_, FAIL, SLOW = compose(), compose(BAD), http(limit={"timeout": "PT1S"})


def after(action: dict[str, Any], **names: str) -> dict[str, Any]:
    short = {"S": "Succeeded", "F": "Failed", "K": "Skipped", "T": "TimedOut"}
    return {**action, "runAfter": {name: [short[c] for c in wished] for name, wished in names.items()}}


_BLOCKS: list[tuple[str, dict[str, Any], str]] = [
    ("empty", {}, "Succeeded"),
    ("one success", {"A": OK_}, "Succeeded"),
    ("one failure", {"A": FAIL}, "Failed"),
    ("one time-out", {"A": SLOW}, "TimedOut"),
    ("success then failure", {"A": OK_, "B": after(FAIL, A="S")}, "Failed"),
    ("failure then skip", {"A": FAIL, "B": after(OK_, A="S")}, "Failed"),
    ("failure, two skips in a row", {"A": FAIL, "B": after(OK_, A="S"), "C": after(OK_, B="S")}, "Failed"),
    ("caught", {"A": FAIL, "B": after(OK_, A="F")}, "Succeeded"),
    ("caught, the catch fails", {"A": FAIL, "B": after(FAIL, A="F")}, "Failed"),
    ("caught beside a skipped leaf", {"A": FAIL, "B": after(OK_, A="F"), "C": after(OK_, A="S")}, "Failed"),
    ("unneeded catch", {"A": OK_, "B": after(OK_, A="F")}, "Succeeded"),
    ("unneeded catch beside success", {"A": OK_, "B": after(OK_, A="F"), "C": after(OK_, A="S")}, "Succeeded"),
    ("time-out caught", {"A": SLOW, "B": after(OK_, A="T")}, "Succeeded"),
    ("time-out not caught by Failed", {"A": SLOW, "B": after(OK_, A="F")}, "TimedOut"),
    ("time-out beside failure", {"A": SLOW, "B": FAIL}, "Failed"),
    ("time-out beside success", {"A": SLOW, "B": OK_}, "TimedOut"),
    ("success beside failure", {"A": OK_, "B": FAIL}, "Failed"),
    ("finally after all", {"A": FAIL, "B": after(OK_, A="SFKT")}, "Succeeded"),
    ("catch and finally", {"A": FAIL, "B": after(OK_, A="F"), "C": after(OK_, B="SK")}, "Succeeded"),
    ("finally without need of catch", {"A": OK_, "B": after(OK_, A="F"), "C": after(OK_, B="SK")}, "Succeeded"),
    ("join of success and failure", {"A": OK_, "B": FAIL, "C": after(OK_, A="S", B="S")}, "Failed"),
    ("join that takes failure", {"A": OK_, "B": FAIL, "C": after(OK_, A="S", B="SF")}, "Succeeded"),
    ("skip wished", {"A": FAIL, "B": after(OK_, A="S"), "C": after(OK_, B="K")}, "Succeeded"),
    ("nested scope fails", {"In": scope({"A": FAIL})}, "Failed"),
    ("nested scope caught inside", {"In": scope({"A": FAIL, "B": after(OK_, A="F")})}, "Succeeded"),
    ("nested scope caught outside", {"In": scope({"A": FAIL}), "C": after(OK_, In="F")}, "Succeeded"),
    ("nested scope times out", {"In": scope({"A": SLOW})}, "TimedOut"),
    ("skipped nested scope", {"A": OK_, "In": after(scope({"B": FAIL}), A="F")}, "Succeeded"),
    (
        "diamond with a failed side",
        {"A": OK_, "B": after(FAIL, A="S"), "C": after(OK_, A="S"), "D": after(OK_, B="S", C="S")},
        "Failed",
    ),
    ("failure behind two skipped leaves", {"A": FAIL, "B": after(OK_, A="S"), "C": after(OK_, A="S")}, "Failed"),
    (
        "failed until forgiven",
        {"U": {"type": "Foreach", "foreach": [1], "actions": {"A": FAIL}}, "C": after(OK_, U="F")},
        "Succeeded",
    ),
]


@pytest.mark.parametrize(("actions", "status"), [case[1:] for case in _BLOCKS], ids=[case[0] for case in _BLOCKS])
def test_status_of_a_scope_comes_from_its_leaves(actions: dict[str, Any], status: str) -> None:
    done = drive({"Block": scope(actions)}, lambda call: NEVER)

    assert done.statuses()["Block"] == status


def test_terminate_inside_a_scope_leaves_the_scope_cancelled() -> None:
    done = drive({"Block": scope({"A": OK_, "Stop": terminate("Succeeded", after={"A": DONE})})})

    assert (done.statuses()["Block"], done.status) == ("Cancelled", "Succeeded")


def test_items_fail_one_by_one_and_summaries_need_no_variables() -> None:
    flow = {
        "Loop": {
            "type": "Foreach",
            "foreach": "@range(1, 30)",
            "actions": {
                "Create": http(inputs={"body": "@item()"}),
                "Note": compose("@outputs('Create')?['statusCode']", after={"Create": ["Failed"]}),
                "Row": compose({"id": "@body('Create')?['id']", "of": "@item()"}, after={"Create": DONE}),
                "Outcome": compose(
                    "@equals(actions('Create')?['status'], 'Succeeded')", after={"Row": ["Succeeded", "Skipped"]}
                ),
            },
            "runtimeConfiguration": {"concurrency": {"repetitions": 50}},
        },
        "Good": {
            "type": "Query",
            "inputs": {"from": "@outputs('Outcome')", "where": "@item()"},
            "runAfter": {"Loop": ["Succeeded", "Failed"]},
        },
        "Count": compose("@length(body('Good'))", after={"Good": DONE}),
    }

    def answer(call: Any) -> tuple[Outcome, float]:
        number = call.inputs["body"]
        if number % 10 == 0:
            return Outcome(status_code=400, body={"error": number}), float(number % 7)
        return Outcome(status_code=200, body={"id": number * 1000}), float(number % 5)

    done = drive(flow, answer)

    assert done.record("Count").outputs == 27
    assert [
        r.outputs
        for r in sorted(
            (r for r in done.records if r.action == "Row" and r.status == "Succeeded"), key=lambda r: r.repetition
        )
    ] == [{"id": n * 1000, "of": n} for n in range(1, 31) if n % 10]


def test_bounded_lock_ends_with_a_clear_error() -> None:
    flow = {
        "Acquire": {
            "type": "Until",
            "expression": "@equals(outputs('Lease')?['statusCode'], 201)",
            "limit": {"count": 5, "timeout": "PT1H"},
            "actions": {
                "Lease": http(),
                "Pause": {
                    "type": "Wait",
                    "inputs": {"interval": {"count": 2, "unit": "Second"}},
                    "runAfter": {"Lease": ["Failed"]},
                },
            },
            "runAfter": {},
        },
        "Held": {
            "type": "If",
            "expression": "@not(equals(outputs('Lease')?['statusCode'], 201))",
            "actions": {"Stop": terminate("Failed", runError={"code": "LockTimeout", "message": "the lock is held"})},
            "else": {"actions": {}},
            "runAfter": {"Acquire": ["Succeeded", "Failed"]},
        },
    }

    done = drive(flow, {"Lease": Outcome(status_code=409)})

    assert len(done.calls) == 5
    assert done.finished is not None
    assert (done.status, done.finished.error["code"]) == ("Failed", "LockTimeout")


def test_saga_runs_each_compensation_once_in_reverse() -> None:
    flow = {
        "Reserve": http(),
        "Charge": http(after={"Reserve": DONE}),
        "Ship": http(after={"Charge": DONE}),
        "Refund": http(after={"Ship": ["Failed"], "Charge": DONE}),
        "Release": http(after={"Ship": ["Failed", "Skipped"], "Refund": ["Succeeded", "Skipped"], "Reserve": DONE}),
    }

    done = drive(flow, {"Ship": Outcome(status_code=400)})

    assert [call.action for _, call in done.calls] == ["Reserve", "Charge", "Ship", "Refund", "Release"]
    assert done.status == "Succeeded"
    assert OK.status_code == 200


def test_an_item_that_times_out_fails_its_loop() -> None:
    loop = {
        "type": "Foreach",
        "foreach": "@createArray(1, 2)",
        "actions": {"Get": http(limit={"timeout": "PT5S"})},
        "runAfter": {},
    }

    done = drive({"Loop": loop, "Catch": compose(1, after={"Loop": ["Failed"]})}, {"Get": NEVER})

    assert (done.record("Get", 0).status, done.record("Loop").status) == ("TimedOut", "Failed")
    assert done.record("Catch").status == "Succeeded"
    assert done.status == "Succeeded"


def test_a_scope_that_holds_a_timeout_does_not_claim_a_limit_of_its_own() -> None:
    done = drive({"S": scope({"Slow": http(limit={"timeout": "PT30S"})})}, {"Slow": NEVER})

    assert (done.record("S").status, done.record("S").code) == ("TimedOut", "ActionTimedOut")
    assert done.record("S").error["message"] == "An action timed out. No dependent actions succeeded."


@pytest.mark.parametrize("kind", ["Foreach", "Until"])
def test_result_of_a_loop_that_was_timed_out_shows_what_it_did(kind: str) -> None:
    over = {"foreach": "@range(1, 3)"} if kind == "Foreach" else {"expression": "@equals(1, 2)", "limit": {"count": 9}}
    inner = {
        "type": kind,
        **over,
        "actions": {"Do": http(), "Say": compose("@iterationIndexes('Loop')", after={"Do": DONE})},
        "runAfter": {},
    }
    flow = {
        "Around": scope({"Loop": inner}, limit={"timeout": "PT1M"}),
        "See": compose("@result('Loop')", after={"Around": ["TimedOut"]}),
    }
    answers = [(OK, 1.0), (OK, 1.0), (NEVER, 0.0)]

    done = drive(flow, lambda call: answers[call.repetition[-1]])

    do, say = done.record("See").outputs
    seen = [entry["status"] for entry in do["outputs"]]
    assert (do["name"], seen) == ("Do", ["Succeeded", "Succeeded", "Cancelled"] if kind == "Foreach" else ["Cancelled"])
    assert [entry["status"] for entry in say["outputs"]][-1] == "Skipped"


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"code": 404, "message": True}, {"code": "404", "message": "True"}),
        ("just a text", {"code": "Terminated", "message": "just a text"}),
        ({"message": {"a": 1}}, {"message": '{"a":1}'}),
    ],
)
def test_the_error_of_a_terminate_is_an_object_of_texts(given: Any, error: dict[str, str]) -> None:
    done = drive(
        {"Stop": terminate("Failed", runError="@triggerBody()")}, started={"trigger": {"outputs": {"body": given}}}
    )

    assert done.finished is not None
    assert done.finished.error == error


@pytest.mark.parametrize("value", ["@1e400", "@float('1e300')", "²", "9" * 5000, "PT" + "9" * 400 + "S", "@null", -1])
@pytest.mark.parametrize("place", ["wait", "until count", "until timeout", "status code", "retry count", "limit"])
def test_no_number_or_duration_is_too_odd_for_the_engine(place: str, value: Any) -> None:
    given = "@triggerBody()"
    if isinstance(value, str) and value.startswith("@"):
        given = value
    inner = {"Do": compose()}
    action = {
        "wait": {"type": "Wait", "inputs": {"interval": {"count": given, "unit": "Second"}}},
        "until count": {"type": "Until", "expression": "@true", "limit": {"count": given}, "actions": inner},
        "until timeout": {"type": "Until", "expression": "@true", "limit": {"timeout": given}, "actions": inner},
        "status code": {"type": "Response", "inputs": {"statusCode": given}},
        "retry count": http(retry={"type": "fixed", "count": given, "interval": "PT5S"}),
        "limit": http(limit={"timeout": given}),
    }[place]

    done = drive({"Odd": action}, started={"trigger": {"outputs": {"body": value}}, "caller_waits": True})

    assert done.record("Odd").status in {"Failed", "Succeeded"}
    if place in {"wait", "until count", "status code", "retry count"}:
        assert done.record("Odd").error["code"] in {"InvalidTemplate", "ExpressionEvaluationFailed"}


def test_a_choice_of_the_wrong_type_quotes_its_expression() -> None:
    inner = {"Do": compose()}
    flow = {
        "If": {"type": "If", "expression": "@string('x')", "actions": inner},
        "Each": {"type": "Foreach", "foreach": "@triggerBody()?['rows']", "actions": {"One": compose()}},
        "Pick": {
            "type": "Switch",
            "expression": "@add(1, 1)",
            "cases": {"Two": {"case": "2", "actions": {"Hit": compose()}}},
            "default": {"actions": {"Miss": compose()}},
        },
        "None": {"type": "Switch", "expression": "@json('{}')?['gone']", "cases": {}, "default": {"actions": {}}},
    }

    done = drive(flow)

    told = {name: done.record(name).error["message"] for name in ("If", "Each", "None", "Hit", "Miss")}
    assert "action expression '@string('x')' is not valid. It is of type 'String'" in told["If"]
    assert told["Each"].endswith(
        "'foreach' expression '@triggerBody()?['rows']' is of type 'Null'. The result must be a valid array."
    )
    assert "of 'scope' action expression '@json('{}')?['gone']' is not valid. It is of type 'Null'" in told["None"]
    assert told["Hit"].startswith("The execution of template action 'Hit' failed: an unexpected exception")
    assert (done.record("Miss").code, done.record("Miss").error["code"]) == (
        "InternalServerError",
        "ActionConditionFailed",
    )
