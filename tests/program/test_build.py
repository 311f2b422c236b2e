"""Whole programs: shapes, defaults by profile, what stays readable."""

from __future__ import annotations

from typing import Any

import pytest
from tests.program.flows import (
    CONSUMPTION,
    PA,
    STANDARD,
    compose,
    definition_of,
    findings_of,
    foreach,
    initialize,
    program_of,
    scope,
)

from runafter.definition.read import read_bytes
from runafter.errors import EvaluationError, InvalidDefinition
from runafter.profiles.load import get_profile
from runafter.program.build import build, content_hash, problems
from runafter.program.steps import (
    CallStep,
    EvaluateStep,
    ForeachStep,
    IfStep,
    RespondStep,
    SwitchStep,
    TerminateStep,
    UntilStep,
    VariableStep,
    WaitStep,
)

HTTP: dict[str, Any] = {"type": "Http", "inputs": {"method": "GET", "uri": "https://example.com"}, "runAfter": {}}


def test_a_program_has_its_graph_steps_and_names() -> None:
    program = program_of({"B": compose(2, "a"), "A": compose(1)})

    assert program.root.names == ("B", "A")
    assert program.root.predecessors["B"] == (("A", ("Succeeded",)),)
    assert (program.root.roots, program.root.leaves) == (("A",), ("B",))
    assert program.names == {"a": "A", "b": "B"}
    assert program.steps["B"].pointer == "/actions/B"
    assert [program.steps[name].order for name in ("B", "A")] == [0, 1]


def test_errors_refuse_the_program_and_carry_all_findings() -> None:
    with pytest.raises(InvalidDefinition) as caught:
        program_of({"A": {"type": "Nope"}, "B": compose(1, "Gone")})

    assert {finding.code for finding in caught.value.findings} == {"ACT001", "GRF002"}


def test_a_refusal_names_the_file() -> None:
    document = b'{"definition": {"triggers": {}, "actions": {"A": {"type": "Nope"}}}}'
    [definition] = read_bytes(document, "orders.json")

    with pytest.raises(InvalidDefinition) as caught:
        build(definition)

    assert caught.value.file == "orders.json"


def test_warnings_and_notes_stay_with_the_program() -> None:
    program = program_of({"A": {"type": "Agent", "inputs": {}}})

    assert [finding.code for finding in program.findings] == ["ACT006"]


@pytest.mark.parametrize(("profile", "concurrency"), [(PA, 1), (CONSUMPTION, 20), (STANDARD, 20)])
def test_foreach_concurrency_is_the_dialects_unless_set(profile: str, concurrency: int) -> None:
    program = program_of(
        {
            "Plain": foreach({}),
            "Set": foreach({}, runtimeConfiguration={"concurrency": {"repetitions": 7}}),
            "Old": foreach({}, operationOptions="Sequential"),
        },
        profile=profile,
    )

    found = {name: step.concurrency for name, step in program.steps.items() if isinstance(step, ForeachStep)}
    assert found == {"Plain": concurrency, "Set": 7, "Old": 1}


def test_until_limits_default_by_profile() -> None:
    until = {"type": "Until", "expression": "@equals(1, 1)", "actions": {}}

    plain = program_of({"U": until}).steps["U"]
    stateless = program_of({"U": until}, profile=STANDARD, workflow_kind="Stateless").steps["U"]
    written = program_of(
        {"U": {**until, "limit": {"count": 3, "timeout": "PT2M"}, "operationOptions": "FailWhenLimitsReached"}}
    ).steps["U"]

    assert isinstance(plain, UntilStep)
    assert isinstance(stateless, UntilStep)
    assert isinstance(written, UntilStep)
    assert (plain.limit_count, plain.limit_timeout_s, plain.fails_at_limit) == (60, 3600, False)
    assert stateless.limit_timeout_s == 300
    assert (written.limit_count, written.limit_timeout_s, written.fails_at_limit) == (3, 120, True)


def test_the_default_retry_follows_the_profile() -> None:
    definition = definition_of({"A": HTTP})

    counts = {}
    for name in ("power-automate", "pa-low", "logicapps"):
        step = build(definition, profile=name).steps["A"]
        assert isinstance(step, CallStep)
        counts[name] = (step.retry.count, step.retry.is_default)

    assert counts == {"power-automate": (12, True), "pa-low": (2, True), "logicapps": (4, True)}
    assert build(definition, profile=get_profile("pa-low")).profile.name == "power-automate-low"


def test_a_call_keeps_what_the_author_set() -> None:
    step = program_of(
        {
            "A": {
                **HTTP,
                "inputs": {**HTTP["inputs"], "retryPolicy": {"type": "fixed", "count": 2, "interval": "PT10S"}},
                "limit": {"timeout": "PT30S"},
                "operationOptions": "DisableAsyncPattern, SuppressWorkflowHeaders",
                "runtimeConfiguration": {
                    "secureData": {"properties": ["inputs", "outputs"]},
                    "paginationPolicy": {"minimumItemCount": 5000},
                    "contentTransfer": {"transferMode": "Chunked", "uploadChunkSize": 1000},
                },
                "trackedProperties": {"id": "@actions('A').status"},
            }
        }
    ).steps["A"]

    assert isinstance(step, CallStep)
    assert (step.retry.kind, step.retry.count, step.retry.interval_s) == ("fixed", 2, 10)
    assert step.timeout_s == 30
    assert (step.async_pattern, step.chunked, step.minimum_items) == (False, True, 5000)
    assert (step.secure_inputs, step.secure_outputs) == (True, True)
    assert step.options["operation_options"] == ("DisableAsyncPattern", "SuppressWorkflowHeaders")
    assert step.options["upload_chunk_bytes"] == 1000
    assert step.tracked is not None


def test_a_computed_retry_policy_is_kept_as_a_template() -> None:
    policy = {"type": "fixed", "count": "@triggerBody()", "interval": "PT10S"}

    step = program_of({"A": {**HTTP, "inputs": {**HTTP["inputs"], "retryPolicy": policy}}}).steps["A"]

    assert isinstance(step, CallStep)
    assert step.retry_template is not None


def test_a_static_result_is_resolved() -> None:
    static = {"H0": {"status": "Failed", "outputs": {"statusCode": 500}, "error": {"code": "X"}}}
    wished = {"staticResult": {"name": "H0", "staticResultOptions": "Enabled"}}

    step = program_of({"A": {**HTTP, "runtimeConfiguration": wished}}, staticResults=static).steps["A"]

    assert step.static_result is not None
    assert (step.static_result.status, step.static_result.outputs) == ("Failed", {"statusCode": 500})
    assert step.static_result.error == {"code": "X"}


def test_a_type_without_handler_is_refused_by_name() -> None:
    step = program_of({"A": {"type": "flatFileDecoding", "inputs": {"content": "x"}}}).steps["A"]

    assert isinstance(step, CallStep)
    assert step.type == "FlatFileDecoding"
    assert step.refusal is not None
    assert "FlatFileDecoding" in step.refusal


def test_a_webhook_waits_and_keeps_its_closing_call() -> None:
    step = program_of(
        {
            "W": {
                "type": "HttpWebhook",
                "inputs": {
                    "subscribe": {"method": "POST", "uri": "https://example.com", "body": "@listCallbackUrl()"},
                    "unsubscribe": {"method": "DELETE", "uri": "https://example.com/@{actions('W').outputs}"},
                },
            }
        }
    ).steps["W"]

    assert isinstance(step, CallStep)
    assert step.waits_for_signal
    assert step.unsubscribe is not None


def test_branches_become_blocks() -> None:
    program = program_of(
        {
            "I": {
                "type": "If",
                "expression": {"equals": [1, 1]},
                "actions": {"Yes": compose()},
                "else": {"actions": {"No": compose()}},
            },
            "W": {
                "type": "Switch",
                "expression": "@triggerBody()",
                "cases": {"One": {"case": "x", "actions": {"X": compose()}}},
                "default": {"actions": {"D": compose()}},
            },
        }
    )

    branch, switch = program.steps["I"], program.steps["W"]
    assert isinstance(branch, IfStep)
    assert isinstance(switch, SwitchStep)
    assert (branch.then.names, branch.otherwise.names) == (("Yes",), ("No",))
    assert [(name, block.names) for name, _, block in switch.cases] == [("One", ("X",))]
    assert switch.default.names == ("D",)
    assert program.steps["X"].container == "W"


def test_loops_around_an_action_are_named_outermost_first() -> None:
    until = {"type": "Until", "expression": "@equals(1, 1)", "actions": {"S": scope({"A": compose()})}}

    program = program_of({"L": foreach({"U": until})})

    assert program.steps["A"].loops == ("L", "U")
    assert program.steps["U"].loops == ("L",)


def test_data_actions_split_their_inputs() -> None:
    program = program_of(
        {
            "Q": {"type": "Query", "inputs": {"from": "@triggerBody()", "where": "@equals(item(), 1)"}},
            "S": {"type": "Select", "inputs": {"from": "@triggerBody()", "select": {"a": "@item()"}}},
            "T": {
                "type": "Table",
                "inputs": {"from": "@triggerBody()", "format": "CSV", "columns": [{"header": "A", "value": "@item()"}]},
            },
            "P": {"type": "ParseJson", "inputs": {"content": "@triggerBody()", "schema": {"type": "object"}}},
        }
    )

    query, select, table, parse = (program.steps[name] for name in "QSTP")
    assert isinstance(query, EvaluateStep)
    assert isinstance(select, EvaluateStep)
    assert isinstance(table, EvaluateStep)
    assert isinstance(parse, EvaluateStep)
    assert (query.operation, select.operation, table.operation, parse.operation) == (
        "query",
        "select",
        "table",
        "parse_json",
    )
    assert query.each is not None
    assert select.each is not None
    assert table.columns is not None
    assert len(table.columns) == 1
    assert sorted(parse.fields) == ["content", "schema"]


def test_variables_wait_response_and_terminate_have_their_shapes() -> None:
    program = program_of(
        {
            "I": initialize("Count", "Integer", value=1),
            "J": {
                "type": "IncrementVariable",
                "inputs": {"name": "count", "value": 2},
                "runAfter": {"I": ["SUCCEEDED"]},
            },
            "W": {"type": "wait", "inputs": {"interval": {"count": 5, "unit": "Minute"}}},
            "R": {"type": "Response", "inputs": {"statusCode": 200}, "operationOptions": "Asynchronous"},
            "T": {"type": "Terminate", "inputs": {"runStatus": "Failed", "runError": {"code": "1"}}, "runAfter": {}},
        }
    )

    first, change, wait, answer, end = (program.steps[name] for name in "IJWRT")
    assert isinstance(first, VariableStep)
    assert isinstance(change, VariableStep)
    assert [(name, type_) for name, type_, _ in first.declarations] == [("Count", "integer")]
    assert (change.operation, change.variable) == ("increment", "count")
    assert change.run_after == (("I", ("Succeeded",)),)
    assert isinstance(wait, WaitStep)
    assert wait.type == "Wait"
    assert wait.count is not None
    assert isinstance(answer, RespondStep)
    assert answer.asynchronous
    assert isinstance(end, TerminateStep)
    assert program.variables == {"Count": "integer"}


def test_a_wrong_number_of_arguments_builds_and_fails_when_it_runs() -> None:
    step = program_of({"A": compose({"x": "@toUpper('a', 'b')"})}).steps["A"]

    assert isinstance(step, EvaluateStep)
    with pytest.raises(EvaluationError, match="toUpper"):
        step.inputs.evaluate(None)  # type: ignore[arg-type]


def test_a_placeholder_is_text() -> None:
    step = program_of({"A": compose({"x": "@Placeholder", "y": "@{null}"})}).steps["A"]

    assert isinstance(step, EvaluateStep)
    assert step.inputs.evaluate(None) == {"x": "@Placeholder", "y": ""}  # type: ignore[arg-type]


def test_only_read_records_need_to_stay() -> None:
    program = program_of({"A": compose(1), "B": compose("@outputs('a')", "A"), "C": compose(1, "B")})

    assert {name: step.is_read for name, step in program.steps.items()} == {"A": True, "B": False, "C": False}


def test_result_of_a_container_reads_its_children() -> None:
    program = program_of(
        {"S": scope({"A": compose(), "T": scope({"X": compose()})}), "B": compose("@result('S')", "S")}
    )

    assert {name: step.is_read for name, step in program.steps.items()} == {
        "S": True,
        "A": True,
        "T": True,
        "X": False,
        "B": False,
    }


def test_a_computed_name_reads_everything() -> None:
    program = program_of({"A": compose(), "B": compose("@outputs(triggerBody())", "A")})

    assert all(step.is_read for step in program.steps.values())


def test_outputs_of_the_flow_read_too() -> None:
    program = program_of({"A": compose()}, outputs={"o": {"type": "Int", "value": "@outputs('A')"}})

    assert program.steps["A"].is_read
    assert list(program.outputs) == ["o"]


def test_parameters_tell_null_from_absent() -> None:
    program = program_of(
        {"A": compose()},
        parameters={
            "p": {"type": "String", "defaultValue": None, "metadata": {"schemaName": "new_p"}},
            "q": {"type": "Int", "allowedValues": [1, 2]},
        },
    )

    assert program.parameters["p"].has_default
    assert program.parameters["p"].schema_name == "new_p"
    assert not program.parameters["q"].has_default
    assert program.parameters["q"].allowed == (1, 2)


@pytest.mark.parametrize("metadata", [{"schemaName": {"a": 1}}, {"schemaName": 7}, "none", ["x"], None])
def test_metadata_of_a_parameter_that_names_no_variable_is_passed_over(metadata: Any) -> None:
    program = program_of({"A": compose()}, parameters={"p": {"type": "String", "metadata": metadata}})

    assert program.parameters["p"].schema_name is None


def test_tools_of_an_agent_are_checked_but_have_no_place_in_a_block() -> None:
    agent = {"type": "Agent", "inputs": {}, "tools": {"Look": {"actions": {"A": compose("@body('Gone')")}}}}

    assert "REF001" in [finding.code for finding in findings_of({"Agent": agent})]
    agent["tools"]["Look"]["actions"]["A"] = compose()  # type: ignore[index]
    assert list(program_of({"Agent": agent}).steps) == ["Agent"]


def test_an_agent_hands_over_to_another_by_a_tool() -> None:
    hand = {"type": "AgentHandOff", "inputs": {"name": "Second"}}
    first = {"type": "Agent", "inputs": {}, "tools": {"to_Second": {"actions": {"to_Second": hand}}}}
    second = {"type": "Agent", "inputs": {}, "tools": {}}

    found = findings_of({"First": first, "Second": second})

    assert [(finding.code, finding.severity) for finding in found] == [("ACT006", "note")] * 3


def test_the_hash_names_the_content_alone() -> None:
    first = definition_of({"A": compose(), "B": compose()})
    second = definition_of({"B": compose(), "A": compose()})
    third = definition_of({"A": compose(), "B": compose(2)})

    assert build(first).hash == build(second).hash != build(third).hash
    assert content_hash({"a": 1}) == content_hash({"a": 1})


def test_problems_come_in_the_order_of_the_file() -> None:
    found = problems(definition_of({"A": compose(1, "Gone"), "B": {"type": "Nope"}, "C": compose("@body('Gone')")}))

    assert [finding.code for finding in found] == ["GRF002", "ACT001", "REF001"]
    assert [finding.line for finding in found] == sorted(finding.line for finding in found)


def test_an_action_that_runs_after_the_trigger_is_told_to_run_after_nothing() -> None:
    (found,) = problems(definition_of({"A": compose(1, "Manual")}))

    assert found.code == "GRF002"
    assert found.hint is not None
    assert "this is the trigger: leave it out" in found.hint


def test_an_empty_definition_has_a_program() -> None:
    program = program_of({})

    assert program.root.names == ()
    assert list(program.triggers) == ["manual"]
