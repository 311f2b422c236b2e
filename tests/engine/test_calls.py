"""Calls: retries, time limits, the 202 pattern, webhooks, static results, secured values."""

from __future__ import annotations

import itertools

import pytest
from tests.engine.driver import NEVER, OK, START, Driver, compose, drive, http, program_of, scope

from runafter.protocol.commands import CallOperation, CancelCall
from runafter.protocol.events import CallerLeft, CallFinished, Outcome, SignalReceived, TimerFired

DONE = ["Succeeded"]
BUSY = Outcome(status_code=503)
FIXED = {"type": "fixed", "count": 3, "interval": "PT10S"}


def test_failed_call_is_named_by_its_status_and_keeps_its_outputs() -> None:
    done = drive({"Get": http()}, {"Get": Outcome(status_code=404, headers={"a": "b"}, body="gone")})

    record = done.record("Get")
    assert (record.status, record.code, record.error) == ("Failed", "NotFound", None)
    assert record.outputs == {"statusCode": 404, "headers": {"a": "b"}, "body": "gone"}


def test_call_without_an_answer_carries_its_error() -> None:
    done = drive({"Get": http()}, {"Get": Outcome(code="UnresolvableHostName", message="no such host")})

    record = done.record("Get")
    assert (record.code, record.error["message"]) == ("UnresolvableHostName", "no such host")
    assert not record.has_outputs


def test_fixed_retry_waits_between_attempts_and_notes_them() -> None:
    done = drive({"Get": http(retry=FIXED)}, {"Get": [BUSY, BUSY, OK]})

    assert [at for at, _ in done.calls] == [0.0, 11.0, 22.0]
    record = done.record("Get")
    assert record.status == "Succeeded"
    assert [(a.code, a.wait_s) for a in record.attempts] == [("ServiceUnavailable", 10.0), ("ServiceUnavailable", 10.0)]


def test_retries_carry_one_idempotency_key_and_ids_of_their_own() -> None:
    done = drive({"Get": http(retry=FIXED)}, {"Get": [BUSY, BUSY, OK]})

    assert {call.idempotency_key for _, call in done.calls} == {done.calls[0][1].idempotency_key}
    assert [call.id for _, call in done.calls] == ["R1/Get//1", "R1/Get//2", "R1/Get//3"]


@pytest.mark.parametrize("status_code", [400, 401, 404, 409, 501])
def test_only_some_answers_are_tried_again(status_code: int) -> None:
    done = drive({"Get": http(retry=FIXED)}, {"Get": Outcome(status_code=status_code)})

    assert len(done.calls) == (4 if status_code >= 500 else 1)


def test_connector_may_overrule_what_is_retriable() -> None:
    done = drive({"Get": http(retry=FIXED)}, {"Get": Outcome(status_code=500, retriable=False)})

    assert len(done.calls) == 1


@pytest.mark.parametrize("draw", [0.0, 0.3, 0.999])
def test_retry_never_comes_before_retry_after(draw: float) -> None:
    policy = {"type": "exponential", "count": 4, "interval": "PT5S"}
    busy = Outcome(status_code=429, retry_after_s=37.5)

    done = drive({"Get": http(retry=policy)}, {"Get": [busy, busy, busy, OK]}, draw=draw)

    times = [at for at, _ in done.calls]
    assert all(later - earlier >= 1.0 + 37.5 for earlier, later in itertools.pairwise(times))


@pytest.mark.parametrize(
    ("profile", "attempts"), [("logic-apps-consumption", 5), ("logic-apps-standard", 5), ("power-automate", 13)]
)
def test_default_policy_is_the_profiles(profile: str, attempts: int) -> None:
    flow = {"Get": {"type": "Http", "inputs": {"method": "GET", "uri": "https://example.test"}, "runAfter": {}}}

    done = drive(flow, {"Get": BUSY}, profile=profile)

    assert len(done.calls) == attempts
    assert len(done.record("Get").attempts) == attempts


def test_wait_for_a_retry_holds_no_slot() -> None:
    flow = {"Get": http(retry=FIXED), "Other": http()}

    done = drive(flow, {"Get": [BUSY, OK]}, settings={"in_flight": 1})

    assert [(at, call.action) for at, call in done.calls] == [(0.0, "Get"), (1.0, "Other"), (11.0, "Get")]


def test_time_limit_gives_timed_out_cancels_the_call_and_runs_the_branch() -> None:
    flow = {"Get": http(limit={"timeout": "PT30S"}), "Late": compose(after={"Get": ["TimedOut"]})}

    done = drive(flow, {"Get": NEVER})

    assert done.seconds == 30.0
    assert (done.record("Get").status, done.record("Get").code) == ("TimedOut", "ActionTimedOut")
    assert [c.id for c in done.commands if isinstance(c, CancelCall)] == ["R1/Get//1"]
    assert done.statuses()["Late"] == "Succeeded"
    assert done.status == "Succeeded"


def test_time_limit_spans_all_retries() -> None:
    done = drive({"Get": http(retry=FIXED, limit={"timeout": "PT15S"})}, {"Get": BUSY})

    assert (done.record("Get").status, done.seconds) == ("TimedOut", 15.0)


def test_time_limit_of_a_scope_cancels_what_is_inside() -> None:
    flow = {"Try": scope({"Get": http(), "Next": http(after={"Get": DONE})}, limit={"timeout": "PT5S"})}

    done = drive(flow, {"Get": NEVER})

    assert done.statuses() == {"Get": "Cancelled", "Next": "Skipped", "Try": "TimedOut"}


def test_late_and_unknown_events_change_nothing() -> None:
    driver = Driver(
        program_of({"Get": http(limit={"timeout": "PT5S"}), "Next": http(after={"Get": ["TimedOut"]})}),
        {"Get": NEVER, "Next": NEVER},
    )
    driver.start()
    driver.until_done()
    before = driver.run.status

    late = CallFinished(id="R1/Get//1", at=START, action="Get", outcome=OK)

    assert driver.run.step(late) == []
    assert driver.run.step(TimerFired(id="no such timer", at=START)) == []
    assert driver.run.step(SignalReceived(action="Nobody", at=START)) == []
    assert driver.run.step(CallerLeft(at=START)) == []
    assert driver.run.status == before


def test_accepted_call_is_polled_until_it_is_done() -> None:
    def answer(call: CallOperation) -> Outcome:
        if call.purpose == "call":
            return Outcome(status_code=202, headers={"Location": "/jobs/7"}, retry_after_s=5.0)
        if call.id.endswith("poll2"):
            return Outcome(status_code=200, body="ready")
        return Outcome(status_code=202, retry_after_s=3.0)

    done = drive({"Job": http()}, answer)

    assert [(at, call.purpose) for at, call in done.calls] == [(0.0, "call"), (6.0, "poll"), (10.0, "poll")]
    assert done.calls[1][1].inputs["uri"] == "https://example.test/jobs/7"
    assert done.record("Job").outputs["body"] == "ready"


def test_accepted_call_is_done_where_the_pattern_is_switched_off() -> None:
    accepted = Outcome(status_code=202, headers={"Location": "/jobs/7"})

    done = drive({"Job": http(operationOptions="DisableAsyncPattern")}, {"Job": accepted})

    assert (len(done.calls), done.record("Job").code) == (1, "Accepted")


def _webhook(**more: object) -> dict[str, object]:
    subscribe = {"method": "POST", "uri": "https://example.test/hook", "body": {"to": "@listCallbackUrl()"}}
    closing = {
        "method": "DELETE",
        "uri": "https://example.test/hook/@{coalesce(action()?['outputs']?['body'], 'none')}",
    }
    return {"type": "HttpWebhook", "inputs": {"subscribe": subscribe, "unsubscribe": closing}, "runAfter": {}, **more}


def test_webhook_waits_for_its_signal_and_unsubscribes() -> None:
    driver = Driver(program_of({"Ask": _webhook()}), started={"callback_base": "https://host.test/cb"})
    driver.start().until_done()
    assert driver.run.status == "Waiting"
    assert driver.calls[0][1].inputs["body"] == {"to": "https://host.test/cb/Ask"}
    assert driver.calls[0][1].callback_url == "https://host.test/cb/Ask"

    driver.feed(SignalReceived(action="ask", at=driver.now, outputs={"statusCode": 200, "body": "yes"}))

    assert driver.record("Ask").outputs == {"statusCode": 200, "body": "yes"}
    closing = driver.calls[-1][1]
    assert (closing.purpose, closing.inputs["uri"]) == ("unsubscribe", "https://example.test/hook/yes")
    assert driver.status == "Succeeded"


def test_webhook_that_nobody_answers_times_out_and_unsubscribes() -> None:
    done = drive({"Ask": _webhook(limit={"timeout": "PT1H"})})

    assert (done.record("Ask").status, done.seconds) == ("TimedOut", 3600.0)
    assert done.calls[-1][1].purpose == "unsubscribe"


def test_any_call_can_be_answered_by_hand() -> None:
    driver = Driver(program_of({"Get": http()}), {"Get": NEVER}).start()

    driver.feed(SignalReceived(action="Get", at=driver.now, outputs={"statusCode": 200, "body": 5}))

    assert driver.record("Get").outputs["body"] == 5
    assert driver.status == "Succeeded"


def test_static_result_stands_in_for_the_call() -> None:
    static = {"Get0": {"status": "Failed", "outputs": {"statusCode": 404, "body": "none"}}}
    action = http(runtimeConfiguration={"staticResult": {"name": "Get0", "staticResultOptions": "Enabled"}})

    done = drive({"Get": action}, staticResults=static)

    assert done.calls == []
    assert (done.record("Get").code, done.record("Get").outputs["body"]) == ("NotFound", "none")


def _secured(*sides: str) -> dict[str, object]:
    return {"secureData": {"properties": list(sides)}}


def test_secured_values_stay_out_of_history_and_of_what_is_made_from_them() -> None:
    secret = Outcome(status_code=200, body={"key": "s3cret"})
    flow = {
        "Get": http(runtimeConfiguration=_secured("outputs")),
        "Copy": compose("@body('Get')?['key']", after={"Get": DONE}),
        "Send": http(after={"Copy": DONE}, inputs={"body": "@outputs('Copy')"}),
        "Fail": compose("@int(outputs('Copy'))", after={"Send": DONE}),
        "Loop": {
            "type": "Foreach",
            "foreach": "@createArray(outputs('Copy'))",
            "actions": {"Each": compose("@item()")},
            "runAfter": {"Send": DONE},
        },
    }

    done = drive(flow, {"Get": secret})

    assert "s3cret" not in repr(done.records)
    assert done.calls[1][1].inputs["body"] == "s3cret"
    assert done.calls[1][1].secure_inputs
    assert done.record("Fail").status == "Failed"


def test_secured_inputs_hide_the_error_as_well() -> None:
    flow = {"Fail": compose("@int('s3cret')", runtimeConfiguration=_secured("inputs"))}

    done = drive(flow)

    assert done.record("Fail").status == "Failed"
    assert "s3cret" not in repr(done.records)


def test_an_empty_secure_parameter_hides_nothing() -> None:
    authentication = {"$authentication": {"type": "SecureObject", "defaultValue": {}}}
    inputs = {"authentication": "@parameters('$authentication')", "body": "shown"}
    program = program_of({"Send": http(inputs=inputs)}, parameters=authentication)

    done = drive(program, {"Send": OK})

    assert done.record("Send").inputs["body"] == "shown"
    assert not done.calls[0][1].secure_inputs


def test_secure_parameters_stay_out_of_history() -> None:
    program = program_of(
        {
            "Copy": compose("@parameters('key')"),
            "Send": http(after={"Copy": DONE}, inputs={"headers": {"k": "@parameters('Key')"}}),
            "Plain": compose("@parameters('name')"),
        },
        parameters={
            "Key": {"type": "SecureString", "defaultValue": "s3cret"},
            "name": {"type": "String", "defaultValue": "n"},
        },
    )

    done = drive(program, {"Send": OK})

    assert "s3cret" not in repr(done.records)
    assert done.calls[0][1].inputs["headers"] == {"k": "s3cret"}
    assert done.record("Plain").outputs == "n"


def test_a_call_says_in_which_header_its_key_goes() -> None:
    flow = {
        "Get": http(),
        "Put": http(),
        "Ask": {"type": "ApiConnection", "inputs": {"host": {}, "method": "get", "path": "/a"}},
    }
    settings = {"key_headers": {"*": "Idempotency-Key", "PUT": "X-Key"}}

    done = drive(flow, dict.fromkeys(flow, OK), settings=settings)

    assert {call.action: call.options.get("key_header") for _, call in done.calls} == {
        "Get": "Idempotency-Key",
        "Put": "X-Key",
        "Ask": None,
    }


def test_credentials_never_reach_history() -> None:
    inputs = {"headers": {"Authorization": "Bearer s3cret", "X": "y"}, "authentication": {"password": "s3cret"}}

    done = drive({"Get": http(inputs=inputs)})

    assert "s3cret" not in repr(done.records)
    assert done.calls[0][1].inputs["authentication"] == {"password": "s3cret"}
    assert done.record("Get").inputs["headers"]["X"] == "y"


def test_tracked_properties_see_the_action_that_ended() -> None:
    flow = {"Get": http(trackedProperties={"code": "@action()['outputs']['statusCode']", "name": "@action()['name']"})}

    done = drive(flow)

    assert done.record("Get").tracked == {"code": 200, "name": "Get"}


def test_too_large_inputs_fail_before_they_are_sent() -> None:
    flow = {"Text": compose("x" * 1024), "Get": http(after={"Text": DONE}, inputs={"body": "@outputs('Text')"})}
    program = program_of(flow)
    limit = program.profile.limits["message_bytes"]

    done = Driver(_with_limit(program, "message_bytes", 1000)).start().until_done()

    assert limit.value > 1000
    assert done.record("Get").code == "RequestEntityTooLarge"
    assert done.calls == []


def _with_limit(program, name: str, value: int):
    from dataclasses import replace

    limits = {**program.profile.limits, name: replace(program.profile.limits[name], value=value)}
    return replace(program, profile=replace(program.profile, limits=limits))


def test_resubmission_reuses_what_an_earlier_run_recorded() -> None:
    reuse = {"Get": {"status": "Succeeded", "outputs": {"statusCode": 200, "body": "old"}}}
    flow = {"Get": http(), "Send": http(after={"Get": DONE}, inputs={"body": "@body('Get')"})}

    done = drive(flow, started={"reuse": reuse})

    assert [call.action for _, call in done.calls] == ["Send"]
    assert done.calls[0][1].inputs["body"] == "old"
