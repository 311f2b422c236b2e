"""Each repair of a whole flow: what it writes, that it runs as before, and when it is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.lint.cases import definition_of

import runafter
from runafter.connectors.registry import catalogue
from runafter.definition.nodes import Definition
from runafter.lint.harden import harden
from runafter.lint.run import check

EVENT = {"When": {"type": "Request", "kind": "Http", "inputs": {"schema": {"properties": {"orderId": {}}}}}}
ITEMS = [{"n": 1}, {"n": 2}, {"n": 3}]


def compose(value: Any, *after: str) -> dict[str, Any]:
    return {"type": "Compose", "inputs": value, "runAfter": {name: ["Succeeded"] for name in after}}


def http(method: str, uri: str, *after: str, **inputs: Any) -> dict[str, Any]:
    inputs = {"method": method, "uri": uri, **inputs}
    return {"type": "Http", "inputs": inputs, "runAfter": {name: ["Succeeded"] for name in after}}


def variable(name: str, kind: str, *after: str, **value: Any) -> dict[str, Any]:
    inputs = {"variables": [{"name": name, "type": kind, **value}]}
    return {"type": "InitializeVariable", "inputs": inputs, "runAfter": {name: ["Succeeded"] for name in after}}


def hardened(actions: dict[str, Any], *only: str, **case: Any) -> Definition:
    before = definition_of({"actions": actions, "triggers": EVENT, **case})
    done = harden([before], catalogue=catalogue(), **({"only": only} if only else {}))
    again = harden(done.definitions, catalogue=catalogue(), **({"only": only} if only else {}))
    assert not again.is_changed
    return done.definitions[0]


def test_variables_stay_in_front_of_the_scope_and_keep_their_order() -> None:
    flow = hardened(
        {
            "Send": http("POST", "https://a.example/x"),
            "Begin": variable("Count", "integer", "Send", value=0),
            "Add": {
                "type": "IncrementVariable",
                "inputs": {"name": "Count", "value": 2},
                "runAfter": {"Begin": ["Succeeded"]},
            },
        },
        "scopes",
    )

    actions = flow.value["actions"]
    assert list(actions) == ["Begin", "Try", "Catch", "Record_the_run", "End_as_failed"]
    assert actions["Begin"]["runAfter"] == {}
    assert actions["Try"]["runAfter"] == {"Begin": ["Succeeded"]}
    assert actions["Try"]["actions"]["Add"]["runAfter"] == {"Send": ["Succeeded"]}
    assert runafter.run(flow, mocks="auto").variables["Count"] == 2


def test_what_a_variable_waits_for_stays_in_front_and_its_failure_is_handled() -> None:
    flow = hardened(
        {
            "Read": http("GET", "https://a.example/x"),
            "Begin": variable("Whole", "string", "Read", value="@{body('Read')}"),
            "Send": http("POST", "https://a.example/y", "Begin", body="@variables('Whole')"),
        },
        "scopes",
    )

    result = runafter.run(flow, trigger={}, mocks={"actions": {"Read": {"status": 404}}})

    assert list(flow.value["actions"])[:3] == ["Read", "Begin", "Try"]
    assert flow.value["actions"]["Catch"]["runAfter"] == {"Try": ["Failed", "Skipped", "TimedOut"]}
    assert result.status == "Failed"
    assert result.error["message"].startswith("Read: ")


def test_a_caller_hears_of_a_failure_once() -> None:
    answer = {"type": "Response", "inputs": {"statusCode": 200}, "runAfter": {"Send": ["Succeeded"]}}
    flow = hardened({"Send": http("POST", "https://a.example/x"), "Answer": answer}, "scopes")

    failed = runafter.run(flow, trigger={}, mocks={"actions": {"Send": {"status": 400}}})
    good = runafter.run(flow, trigger={}, mocks={"actions": {"Send": {"status": 200}}})

    assert failed.response is not None
    assert failed.response.status_code == 500
    assert good.response is not None
    assert good.response.status_code == 200
    assert (failed.status, good.status) == ("Failed", "Succeeded")


def test_a_record_of_every_run_is_posted_where_an_address_is_set() -> None:
    flow = hardened({"Send": http("POST", "https://a.example/x")}, "scopes")
    mocks = {"actions": {"Send": {"status": 200}, "Post_the_record": {"status": 503}}}

    silent = runafter.run(flow, trigger={}, mocks=mocks)
    spoken = runafter.run(flow, trigger={}, mocks=mocks, parameters={"runRecordAddress": "https://log.example"})

    assert silent.action("Post_the_record").status == "Skipped"
    assert spoken.action("Post_the_record").status == "Failed"
    assert silent.succeeded
    assert spoken.succeeded


def connector(api: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    host = {"apiId": f"/providers/Microsoft.PowerApps/apis/{api}", "connectionName": api, "operationId": operation}
    return {"type": "OpenApiConnection", "inputs": {"host": host, "parameters": parameters}, "runAfter": {}}


MAIL = {"emailMessage/To": "@triggerBody()?['who']", "emailMessage/Subject": "Hello", "emailMessage/Body": "Hello"}
POST = {
    "poster": "Flow bot",
    "location": "Channel",
    "body/recipient/groupId": "11111111-0000-4000-8000-000000000001",
    "body/recipient/channelId": "19:orders@thread.tacv2",
    "body/messageBody": "Hello",
}


@pytest.mark.parametrize(
    ("api", "operation", "parameters", "teller", "to", "receiver"),
    [
        ("shared_office365", "SendEmailV2", MAIL, "Mail_the_failure", "failureMailbox", "emailMessage/To"),
        (
            "shared_teams",
            "PostMessageToConversation",
            POST,
            "Post_the_failure",
            "failureChannel",
            "body/recipient/channelId",
        ),
    ],
)
def test_somebody_hears_of_a_failure_once_an_address_is_set(
    api: str, operation: str, parameters: dict[str, Any], teller: str, to: str, receiver: str
) -> None:
    parameters = {key: value.replace("@thread", "-thread") for key, value in parameters.items()}
    flow = hardened({"Send": connector(api, operation, parameters)}, "scopes")
    mocks = {"actions": {"Send": {"status": 400, "body": "refused"}, teller: {"status": 200}}}

    silent = runafter.run(flow, trigger={}, mocks=mocks)
    spoken = runafter.run(flow, trigger={}, mocks=mocks, parameters={to: "them"})

    sent = spoken.action(teller)
    assert silent.action(teller).status == "Skipped"
    assert sent.inputs["parameters"][receiver] == "them"
    assert any("Send: refused" in str(value) for value in sent.inputs["parameters"].values())
    assert (silent.status, spoken.status) == ("Failed", "Failed")


def test_a_list_that_a_loop_appends_to_becomes_a_select() -> None:
    append = {"type": "AppendToArrayVariable", "inputs": {"name": "All", "value": "@{items('Each')?['n']}!"}}
    actions = {
        "Begin": variable("All", "array", value=[]),
        "Each": {
            "type": "Foreach",
            "foreach": "@triggerBody()?['rows']",
            "actions": {"Append": append},
            "runAfter": {"Begin": ["Succeeded"]},
        },
        "Send": http("POST", "https://a.example/x", "Each", body="@join(variables('All'), ',')"),
    }

    flow = hardened(actions, "accumulators", "validation")

    assert list(flow.value["actions"]) == ["Check_the_trigger", "Each", "Send"]
    assert flow.value["actions"]["Each"]["type"] == "Select"
    result = runafter.run(flow, trigger={"rows": ITEMS}, mocks="auto")
    assert result.succeeded
    assert result.action("Send").inputs["body"] == "1!,2!,3!"


@pytest.mark.parametrize("is_read_in_branch", [True, False])
def test_a_list_made_in_a_branch_becomes_a_select_only_for_readers_there(is_read_in_branch: bool) -> None:
    append = {"type": "AppendToArrayVariable", "inputs": {"name": "All", "value": "@items('Each')?['n']"}}
    each = {"type": "Foreach", "foreach": "@triggerBody()?['rows']", "actions": {"Append": append}, "runAfter": {}}
    send = http("POST", "https://a.example/x", "Each" if is_read_in_branch else "Maybe", body="@variables('All')")
    inner = {"Each": each, "Send": send} if is_read_in_branch else {"Each": each}
    test = {"equals": ["@triggerBody()?['is']", True]}
    maybe = {"type": "If", "expression": test, "actions": inner, "runAfter": {"Begin": ["Succeeded"]}}
    actions = {
        "Begin": variable("All", "array", value=[]),
        "Maybe": maybe,
        **({} if is_read_in_branch else {"Send": send}),
    }

    flow = hardened(actions, "accumulators", "validation")

    made = flow.value["actions"]["Maybe"]["actions"]["Each"]
    assert made["type"] == ("Select" if is_read_in_branch else "Foreach")
    assert made["runAfter"] == {}
    result = runafter.run(flow, trigger={"is": True, "rows": ITEMS}, mocks="auto")
    assert result.action("Send").inputs["body"] == [1, 2, 3]


def test_a_value_of_an_iteration_becomes_a_compose_and_a_sum_takes_turns() -> None:
    loop = {
        "type": "Foreach",
        "foreach": "@triggerBody()?['rows']",
        "runtimeConfiguration": {"concurrency": {"repetitions": 20}},
        "runAfter": {"Sum": ["Succeeded"]},
        "actions": {
            "Keep": {"type": "SetVariable", "inputs": {"name": "One", "value": "@{items('Each')?['n']}"}},
            "Send": http("POST", "https://a.example/x", "Keep", body="@variables('One')"),
            "Count": {
                "type": "IncrementVariable",
                "inputs": {"name": "Sum", "value": 1},
                "runAfter": {"Send": ["Succeeded"]},
            },
        },
    }
    actions = {"One": variable("One", "string"), "Sum": variable("Sum", "integer", "One", value=0), "Each": loop}

    flow = hardened(actions, "accumulators")

    each = flow.value["actions"]["Each"]
    assert "One" not in flow.value["actions"]
    assert flow.value["actions"]["Sum"]["runAfter"] == {}
    assert each["actions"]["Keep"] == {"type": "Compose", "inputs": "@{items('Each')?['n']}"}
    assert each["actions"]["Send"]["inputs"]["body"] == "@outputs('Keep')"
    assert each["runtimeConfiguration"]["concurrency"]["repetitions"] == 1


def test_branches_that_set_one_variable_take_turns() -> None:
    def put(value: str) -> dict[str, Any]:
        return {"type": "SetVariable", "inputs": {"name": "Who", "value": value}, "runAfter": {"Begin": ["Succeeded"]}}

    flow = hardened({"Begin": variable("Who", "string"), "One": put("a"), "Two": put("b")}, "accumulators")

    assert flow.value["actions"]["Two"]["runAfter"] == {"Begin": ["Succeeded"], "One": ["Succeeded"]}
    assert runafter.run(flow, mocks="auto").variables["Who"] == "b"


def test_a_write_of_what_was_read_is_repeated_while_somebody_else_writes() -> None:
    actions = {
        "Read": http("GET", "https://a.example/n/1"),
        "Write": http("PUT", "https://a.example/n/1", "Read", body={"n": "@add(body('Read')?['n'], 1)"}),
        "After": compose("@body('Write')", "Write"),
    }
    flow = hardened(actions, "versions")
    read = {"status": 200, "headers": {"ETag": '"7"'}, "body": {"n": 1}}
    write = {"items": [{"status": 412}, {"status": 412}, {"status": 200, "body": "written"}]}

    result = runafter.run(flow, trigger={}, mocks={"actions": {"Read": read, "Write": write}})

    assert flow.value["actions"]["After"]["runAfter"] == {"Repeat_until_Write_fits": ["Succeeded"]}
    assert result.succeeded, result.error
    assert [record.inputs["headers"]["If-Match"] for record in result.actions["Write"]] == ['"7"'] * 3
    assert result.action("After").outputs == "written"


def test_a_long_branch_gets_a_scope_that_the_join_waits_for() -> None:
    actions = {
        "Start": compose(1),
        "A1": http("POST", "https://a.example/1", "Start"),
        "A2": compose("@body('A1')", "A1"),
        "A3": http("POST", "https://a.example/2", "A2", body="@outputs('A2')"),
        "A4": compose("@body('A3')", "A3"),
        "B1": compose(2, "Start"),
        "Join": http("POST", "https://a.example/3", "A4", "B1", body="@outputs('A4')"),
    }

    flow = hardened(actions, "branches")

    made = flow.value["actions"]
    assert list(made) == ["Start", "Branch_A1", "B1", "Join"]
    assert list(made["Branch_A1"]["actions"]) == ["A1", "A2", "A3", "A4"]
    assert made["Join"]["runAfter"] == {"Branch_A1": ["Succeeded"], "B1": ["Succeeded"]}
    assert runafter.run(flow, mocks="auto").succeeded


def test_a_request_that_makes_something_carries_a_key_when_that_is_asked_for() -> None:
    loop = {"type": "Foreach", "foreach": "@triggerBody()", "actions": {"In": http("POST", "https://a.example/2")}}

    flow = hardened({"Make it": http("POST", "https://a.example/1"), "Loop": loop}, "keys")

    made = flow.value["actions"]
    assert made["Make it"]["inputs"]["headers"] == {"Idempotency-Key": "@{workflow()?['run']?['name']}-Make-it"}
    assert "headers" not in made["Loop"]["actions"]["In"]["inputs"]


def test_what_waits_for_people_waits_one_day_less_than_a_run_may_last() -> None:
    wait = {"type": "HttpWebhook", "inputs": {"subscribe": {"method": "POST", "uri": "https://a.example"}}}

    flow = hardened({"Ask": wait}, "timeout", "scopes", profile="logic-apps-consumption")

    assert flow.value["actions"]["Try"]["actions"]["Ask"]["limit"] == {"timeout": "P89D"}


@pytest.mark.parametrize("has_answer", [True, False])
def test_runs_are_limited_unless_somebody_waits_for_their_answer(has_answer: bool) -> None:
    actions = {"Send": http("PUT", "https://a.example/x")}
    if has_answer:
        actions["Answer"] = {"type": "Response", "inputs": {"statusCode": 200}, "runAfter": {"Send": ["Succeeded"]}}

    (trigger,) = hardened(actions, "concurrency").value["triggers"].values()

    limited = trigger.get("runtimeConfiguration", {}).get("concurrency")
    assert limited == (None if has_answer else {"runs": 25, "maximumWaitingRuns": 100})


@pytest.mark.parametrize(
    ("schema", "body", "is_checked"),
    [
        ({}, "@coalesce(triggerBody()?['note'], 'none')", False),
        ({"properties": {"note": {}}}, "@coalesce(triggerBody()?['note'], 'none')", True),
        ({}, "@toLower(triggerBody()?['note'])", True),
        ({}, "@if(equals(1, 2), toLower(triggerBody()?['note']), 'none')", False),
    ],
)
def test_only_what_a_good_run_needs_is_demanded(schema: Any, body: str, is_checked: bool) -> None:
    trigger = {"When": {"type": "Request", "kind": "Http", "inputs": {"schema": schema}}}

    flow = hardened({"Send": http("POST", "https://a.example/x", body=body)}, "validation", triggers=trigger)

    assert ("Check_the_trigger" in flow.value["actions"]) == is_checked


def test_a_flow_that_is_as_deep_as_the_platform_allows_keeps_its_shape() -> None:
    inner: dict[str, Any] = {"Send": http("POST", "https://a.example/x")}
    for depth in range(7):
        inner = {f"Scope_{depth}": {"type": "Scope", "actions": inner, "runAfter": {}}}

    flow = hardened(inner, "scopes")

    assert list(flow.value["actions"]) == ["Scope_6"]


def test_names_that_are_taken_are_left_to_their_owners() -> None:
    actions = {
        "Try": http("POST", "https://a.example/x"),
        "Catch": http("POST", "https://a.example/y", "Try", body="@body('Try')"),
    }

    flow = hardened(actions, "scopes")

    assert list(flow.value["actions"]) == ["Try_2", "Catch_2", "Record_the_run", "End_as_failed"]
    assert runafter.run(flow, mocks="auto").succeeded


def test_a_template_is_repaired_where_its_text_stands() -> None:
    workflow = {
        "type": "Microsoft.Logic/workflows",
        "name": "[parameters('name')]",
        "properties": {
            "definition": {
                "$schema": "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/"
                "workflowdefinition.json#",
                "contentVersion": "1.0.0.0",
                "triggers": EVENT,
                "actions": {"Send": http("POST", "[concat('https://', parameters('name'), '.example')]")},
            }
        },
    }
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {"name": {"type": "string", "defaultValue": "one"}},
        "resources": [workflow],
    }

    done = harden(runafter.read(json.dumps(template, indent=2).encode()), catalogue=catalogue())

    written = json.loads(done.after.source.text)["resources"][0]["properties"]["definition"]["actions"]
    assert written["Try"]["actions"]["Send"]["inputs"]["uri"] == "[concat('https://', parameters('name'), '.example')]"
    assert done.definitions[0].value["actions"]["Try"]["actions"]["Send"]["inputs"]["uri"] == "https://one.example"
    assert not harden(done.definitions, catalogue=catalogue()).is_changed


def test_what_is_waived_is_left_alone() -> None:
    waived = {"runafter": {"waive": [{"code": "RTY", "reason": "as the plan has it"}]}}
    actions = {"Send": {**http("POST", "https://a.example/x"), "metadata": waived}}

    flow = hardened(actions, "retry", "keys", "timeout")

    inputs = flow.value["actions"]["Send"]["inputs"]
    assert inputs == {"method": "POST", "uri": "https://a.example/x"}
    assert flow.value["actions"]["Send"]["limit"] == {"timeout": "PT2M"}


def test_every_offered_repair_says_what_it_does() -> None:
    flow = definition_of({"actions": {"Send": http("POST", "https://a.example/x")}, "triggers": EVENT})

    titles = {issue.code: issue.fix.title for issue in check([flow]).issues if issue.fix is not None}

    assert titles == {
        "ERR001": "put the work into a scope, with a handler, a record and an end",
        "RTY001": "retry 4 times, exponentially",
        "TMO001": "limit the call to two minutes",
    }


def test_runs_take_turns_where_iterations_work_on_rows_of_their_own() -> None:
    def item(operation: str, *after: str, **parameters: str) -> dict[str, Any]:
        host = {
            "apiId": "/providers/Microsoft.PowerApps/apis/shared_sharepointonline",
            "connectionName": "shared_sharepointonline",
            "operationId": operation,
        }
        named = {name.replace("__", "/"): value for name, value in parameters.items()}
        place = {"dataset": "https://contoso.sharepoint.com", "table": "Stock"}
        return {
            "type": "OpenApiConnection",
            "inputs": {"host": host, "parameters": place | named},
            "runAfter": {name: ["Succeeded"] for name in after},
        }

    row = item("PatchItem", id="@items('Each')?['ID']", item__Left="@sub(items('Each')?['Left'], 1)")
    each = {
        "type": "Foreach",
        "foreach": "@outputs('Find')?['body/value']",
        "actions": {"Take": row},
        "runAfter": {"Find": ["Succeeded"]},
        "runtimeConfiguration": {"concurrency": {"repetitions": 4}},
    }

    flow = hardened({"Find": item("GetItems"), "Each": each}, "versions")

    assert flow.value["actions"]["Each"]["runtimeConfiguration"] == {"concurrency": {"repetitions": 4}}
    assert flow.value["triggers"]["When"]["runtimeConfiguration"] == {"concurrency": {"runs": 1}}


def listed(operation: str, *after: str, table: str = "Customers", **parameters: str) -> dict[str, Any]:
    host = {
        "apiId": "/providers/Microsoft.PowerApps/apis/shared_sharepointonline",
        "connectionName": "shared_sharepointonline",
        "operationId": operation,
    }
    place = {"dataset": "https://contoso.sharepoint.com", "table": table}
    named = {name.replace("__", "/"): value for name, value in parameters.items()}
    return {
        "type": "OpenApiConnection",
        "inputs": {"host": host, "parameters": place | named},
        "runAfter": {name: ["Succeeded"] for name in after},
    }


def test_iterations_that_search_and_make_take_turns() -> None:
    found = {"equals": ["@length(outputs('Find')?['body/value'])", 0]}
    make = {
        "type": "If",
        "expression": found,
        "actions": {"Make": listed("PostItem")},
        "runAfter": {"Find": ["Succeeded"]},
    }
    inner = {"Find": listed("GetItems", **{"$filter": "Mail eq '@{item()?['mail']}'"}), "Is it new": make}
    each = {
        "type": "Foreach",
        "foreach": "@triggerBody()?['rows']",
        "actions": inner,
        "runAfter": {},
        "runtimeConfiguration": {"concurrency": {"repetitions": 9}},
    }

    assert hardened({"Each": each}, "turns").value["actions"]["Each"]["runtimeConfiguration"] == {
        "concurrency": {"repetitions": 1}
    }


def test_a_search_before_the_loop_is_not_helped_by_turns() -> None:
    found = {"equals": ["@length(outputs('Find')?['body/value'])", 0]}
    make = {"type": "If", "expression": found, "actions": {"Make": listed("PostItem")}, "runAfter": {}}
    each = {
        "type": "Foreach",
        "foreach": "@triggerBody()?['rows']",
        "actions": {"Is it new": make},
        "runAfter": {"Find": ["Succeeded"]},
        "runtimeConfiguration": {"concurrency": {"repetitions": 9}},
    }

    flow = hardened({"Find": listed("GetItems"), "Each": each}, "turns")

    assert flow.value["actions"]["Each"]["runtimeConfiguration"] == {"concurrency": {"repetitions": 9}}


@pytest.mark.parametrize(
    ("one", "other", "waits"),
    [
        (listed("PostItem"), listed("GetItems"), "Other"),
        (listed("GetItems"), listed("PostItem"), "One"),
        (listed("PatchItem", id="7"), listed("PatchItem", id="7"), "Other"),
    ],
)
def test_a_branch_waits_for_the_one_that_writes_what_it_touches(
    one: dict[str, Any], other: dict[str, Any], waits: str
) -> None:
    flow = hardened({"One": one, "Other": other}, "turns").value["actions"]

    before = "One" if waits == "Other" else "Other"
    assert flow[waits]["runAfter"] == {before: ["Succeeded"]}
    assert flow[before]["runAfter"] == {}
