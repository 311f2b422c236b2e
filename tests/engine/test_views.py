"""A run as its own expressions see it."""

from __future__ import annotations

from typing import Any

from tests.engine.driver import compose, drive, http, scope

from runafter.protocol.events import Outcome

DONE = ["Succeeded"]
ANY = ["Succeeded", "Failed", "Skipped", "TimedOut"]
BAD = "@div(1, 0)"


def _look(actions: dict[str, Any], expression: str, *, after: str, **more: Any) -> Any:
    done = drive({**actions, "Look": compose(expression, after={after: ANY})}, **more)
    return done.record("Look").outputs


def test_record_of_a_scope_has_status_code_error_and_times() -> None:
    found = _look({"Try": scope({"A": compose(BAD)})}, "@actions('try')", after="Try")

    assert found["name"] == "Try"
    assert (found["status"], found["code"], found["error"]["code"]) == ("Failed", "ActionFailed", "ActionFailed")
    assert found["startTime"].endswith("Z")
    assert found["endTime"] >= found["startTime"]
    assert len(found["trackingId"]) == 36
    assert not {"inputs", "outputs"} & set(found)


def test_record_of_a_call_has_inputs_and_outputs() -> None:
    found = _look({"Get": http()}, "@actions('Get')", after="Get")

    assert found["outputs"]["statusCode"] == 200
    assert found["inputs"]["method"] == "POST"
    assert found["code"] == "OK"


def test_result_of_a_scope_is_its_first_level_children() -> None:
    flow = {"Try": scope({"First": compose(1), "Inner": scope({"Deep": compose(BAD)}, after={"First": DONE})})}

    found = _look(flow, "@result('Try')", after="Try")

    assert [(entry["name"], entry["status"]) for entry in found] == [("First", "Succeeded"), ("Inner", "Failed")]


def test_result_of_a_condition_shows_the_branch_that_was_not_taken() -> None:
    branches = {"actions": {"Then": compose(1)}, "else": {"actions": {"Else": compose(2)}}}
    flow = {"Check": {"type": "If", "expression": "@equals(1, 1)", **branches, "runAfter": {}}}

    found = _look(flow, "@result('Check')", after="Check")

    assert [(entry["name"], entry["status"]) for entry in found] == [("Then", "Succeeded"), ("Else", "Skipped")]


def test_result_of_a_skipped_scope_lists_its_skipped_children() -> None:
    flow = {"Root": compose(), "Try": scope({"A": compose()}, after={"Root": ["Failed"]})}

    found = _look(flow, "@result('Try')", after="Try")

    assert [(entry["name"], entry["status"], entry["code"]) for entry in found] == [("A", "Skipped", "ActionSkipped")]


def test_result_of_an_until_is_its_last_iteration() -> None:
    flow = {
        "Loop": {
            "type": "Until",
            "expression": "@equals(outputs('Index'), 2)",
            "limit": {"count": 9, "timeout": "PT1H"},
            "actions": {"Index": compose("@iterationIndexes('Loop')")},
            "runAfter": {},
        }
    }

    (entry,) = _look(flow, "@result('Loop')", after="Loop")

    assert (entry["name"], entry["repetitionCount"]) == ("Index", 3)
    assert [record["outputs"] for record in entry["outputs"]] == [2]


def test_result_of_the_scope_around_is_refused() -> None:
    done = drive({"Try": scope({"A": compose("@result(concat('T', 'ry'))")})})

    assert done.record("A").status == "Failed"
    assert "result" in done.record("A").error["message"]


def test_unknown_action_is_named() -> None:
    loop = {"type": "Foreach", "foreach": [1], "actions": {"A": compose("@items(concat('Ot', 'her'))")}, "runAfter": {}}
    other = {"type": "Foreach", "foreach": [1], "actions": {"B": compose()}, "runAfter": {}}

    done = drive({"Other": other, "Loop": {**loop, "runAfter": {"Other": DONE}}})

    assert "'Other'" in done.record("A", 0).error["message"]


def test_a_hundred_concurrent_iterations_leave_their_results_in_item_order() -> None:
    flow = {
        "Loop": {
            "type": "Foreach",
            "foreach": "@range(0, 100)",
            "actions": {
                "Do": http(),
                "Flag": compose("@equals(actions('Do')?['status'], 'Succeeded')", after={"Do": ANY}),
            },
            "runtimeConfiguration": {"concurrency": {"repetitions": 50}},
            "runAfter": {},
        },
        "Flags": compose("@outputs('Flag')", after={"Loop": ANY}),
    }

    def answer(call: Any) -> tuple[Outcome, float]:
        index = call.repetition[0]
        return Outcome(status_code=400 if index % 7 == 3 else 200), float(index * 37 % 11 + 1)

    assert drive(flow, answer).record("Flags").outputs == [index % 7 != 3 for index in range(100)]


def test_ids_never_cross_items_whatever_the_order_of_answers() -> None:
    flow = {
        "Loop": {
            "type": "Foreach",
            "foreach": "@range(0, 50)",
            "actions": {
                "Create": http(inputs={"body": "@item()"}),
                "Note": http(after={"Create": DONE}, inputs={"body": "@{item()}:@{body('Create')}"}),
            },
            "runtimeConfiguration": {"concurrency": {"repetitions": 50}},
            "runAfter": {},
        }
    }
    for seed in range(20):

        def answer(call: Any, seed: int = seed) -> tuple[Outcome, float]:
            return Outcome(status_code=200, body=call.inputs["body"]), float((call.repetition[0] + 1) * (seed + 3) % 17)

        done = drive(flow, answer)

        notes = {call.repetition: call.inputs["body"] for _, call in done.calls if call.action == "Note"}
        assert notes == {(index,): f"{index}:{index}" for index in range(50)}


def test_trigger_and_workflow_are_what_the_host_gave() -> None:
    flow = {"A": compose({"run": "@workflow()?['run']?['name']", "body": "@triggerBody()?['x']"})}
    started = {"trigger": {"name": "manual", "outputs": {"body": {"x": 4}}}, "workflow": {"name": "w"}}

    assert drive(flow, started=started).record("A").outputs == {"run": "R1", "body": 4}
