"""Each code of the program room: a flow that has the fault, and one that nearly has it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.program.flows import CONSUMPTION, PA, STANDARD, codes_of, compose, findings_of, foreach, initialize, scope

from runafter.program.codes import CODES

SET: dict[str, Any] = {"type": "SetVariable", "inputs": {"name": "v", "value": "x"}, "runAfter": {"I": ["Succeeded"]}}
HTTP: dict[str, Any] = {"type": "Http", "inputs": {"method": "GET", "uri": "https://example.com"}, "runAfter": {}}


def http(**inputs: Any) -> dict[str, Any]:
    return {"type": "Http", "inputs": {"method": "GET", "uri": "https://example.com", **inputs}, "runAfter": {}}


def until(actions: dict[str, Any], expression: Any = "@equals(1, 1)", **more: Any) -> dict[str, Any]:
    return {"type": "Until", "expression": expression, "actions": actions, "runAfter": {}, **more}


def switch(*cases: Any) -> dict[str, Any]:
    rows = {f"Case {n}": {"case": case, "actions": {}} for n, case in enumerate(cases)}
    return {"type": "Switch", "expression": "@triggerBody()", "cases": rows, "default": {"actions": {}}, "runAfter": {}}


def condition(
    expression: Any, then: dict[str, Any] | None = None, other: dict[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "type": "If",
        "expression": expression,
        "actions": then or {},
        "else": {"actions": other or {}},
        "runAfter": {},
    }


def case(code: str, bad: dict[str, Any], good: dict[str, Any], *, why: str, **more: Any) -> Any:
    return pytest.param(code, bad, good, more, id=f"{code} {why}")


ACTION_CASES = [
    case("EXP001", {"A": compose("@concat('a', ")}, {"A": compose("@concat('a', 'b')")}, why="broken expression"),
    case("EXP001", {"A": compose("x @{concat('a'} y")}, {"A": compose("x @{concat('a')} y")}, why="broken part"),
    case("EXP002", {"A": compose("@string()")}, {"A": compose("@string(1)")}, why="too few"),
    case("EXP003", {"A": compose("@toUppr('a')")}, {"A": compose("@toupper('a')")}, why="unknown"),
    case("EXP004", {"A": compose("@toUpper(1)")}, {"A": compose("@toUpper('1')")}, why="literal"),
    case("EXP006", {"A": compose(["@placeholder"])}, {"A": compose(["@true", "@odata.type", "@@placeholder"])}, why="placeholder"),
    case("EXP010", {"A": compose("@length(filter(triggerBody(), 'x'))")}, {"A": compose("@length(triggerBody())")}, why="other language"),
    case("EXP020", {"A": compose(), "B": compose("@outputs('A')")}, {"A": compose(), "B": compose("@outputs('A')", "A")}, why="sibling not run after"),
    case("EXP020", {"A": compose("@outputs('B')"), "B": compose(1, "A")}, {"A": compose(), "B": compose("@outputs('A')", "A")}, why="successor"),
    case("EXP020", {"A": compose("@outputs('a')")}, {"A": compose()}, why="itself"),
    case(
        "EXP020",
        {"S": scope({"A": compose(), "B": compose("@result('S')", "A")})},
        {"S": scope({"A": compose()}), "B": compose("@result('S')", "S")},
        why="own container",
    ),
    case(
        "EXP020",
        {"I": condition("@equals(1, 1)", {"A": compose()}, {"B": compose("@outputs('A')")})},
        {"I": condition("@equals(1, 1)", {"A": compose(), "B": compose("@outputs('A')", "A")})},
        why="other branch",
    ),
    case(
        "EXP020",
        {"L": foreach({"A": compose()}), "B": compose("@outputs('A')")},
        {"L": foreach({"A": compose()}), "B": compose("@outputs('A')", "L")},
        why="loop not run after",
    ),
    case(
        "EXP020",
        {"L": foreach({"A": compose()}, "@outputs('A')")},
        {"L": until({"A": compose()}, "@equals(outputs('A'), 1)")},
        why="source reads the body, an Until's condition may",
    ),
    case("GRF001", {"A": compose(1, "B"), "B": compose(1, "A")}, {"A": compose(), "B": compose(1, "A")}, why="cycle"),
    case("GRF001", {"S": scope({"A": compose(1, "A")})}, {"S": scope({"A": compose()})}, why="cycle inside a scope"),
    case("GRF002", {"A": compose(1, "Gone")}, {"A": compose(), "B": compose(1, "a")}, why="missing"),
    case("GRF003", {"S": scope({"A": compose()}), "B": compose(1, "A")}, {"S": scope({"A": compose()}), "B": compose(1, "S")}, why="no sibling"),
    case("GRF004", {"A": compose(), "B": compose(runAfter={"A": ["Done"]})}, {"A": compose(), "B": compose(runAfter={"A": ["SUCCEEDED", "TIMEDOUT"]})}, why="status"),
    case("GRF004", {"A": compose(), "B": compose(runAfter={"A": "Succeeded"})}, {"A": compose(), "B": compose(runAfter={"A": ["Skipped"]})}, why="no list"),
    case("REF001", {"A": compose(), "B": compose("@body('Aa')", "A")}, {"A": compose(), "B": compose("@body('a')", "A")}, why="unknown action"),
    case("REF002", {"I": initialize("v"), "A": compose("@variables('w')", "I")}, {"I": initialize("v"), "A": compose("@variables('V')", "I")}, why="read"),
    case("REF002", {"I": initialize("w"), "A": SET}, {"I": initialize("v"), "A": SET}, why="changed"),
    case("REF003", {"A": compose("@parameters('p')")}, {"A": compose("@parameters('$connections')")}, why="unknown parameter"),
    case("REF004", {"L": foreach({"A": compose("@items('M')")})}, {"L": foreach({"A": compose("@items('l')")})}, why="items of no loop"),
    case("REF004", {"L": foreach({"A": compose()}), "B": compose("@items('L')", "L")}, {"L": foreach({"S": scope({"A": compose("@items('L')")})})}, why="after the loop"),
    case("REF005", {"A": compose("@item()")}, {"L": foreach({"A": compose("@item()")})}, why="item alone"),
    case(
        "REF005",
        {"A": {"type": "Select", "inputs": {"from": "@item()", "select": "@item()"}}},
        {"A": {"type": "Select", "inputs": {"from": "@triggerBody()", "select": "@item()"}}},
        why="item per row",
    ),
    case("REF006", {"A": compose("@appsetting('x')")}, {"A": compose("appsetting('x')")}, why="in Power Automate"),
    case(
        "REF008",
        {"A": {**HTTP, "runtimeConfiguration": {"staticResult": {"name": "H0", "staticResultOptions": "Enabled"}}}},
        {"A": {**HTTP, "runtimeConfiguration": {"staticResult": {"name": "H0", "staticResultOptions": "Disabled"}}}},
        why="static result",
    ),
    case("REF009", {"I": initialize("v"), "A": compose("@variables('v')")}, {"I": initialize("v"), "A": compose("@variables('v')", "I")}, why="no wait"),
    case("REF010", {"A": compose(), "B": compose("@result('A')", "A")}, {"A": scope({"X": compose()}), "B": compose("@result('A')", "A")}, why="result of no container"),
    case("REF011", {"A": compose("@action()?['name']")}, {"A": {**compose(1), "trackedProperties": {"n": "@action()?['name']"}}}, why="before the action ends"),
    case("ACT001", {"A": {"type": "Compos", "inputs": 1}}, {"A": {"type": "COMPOSE", "inputs": 1}}, why="type"),
    case("ACT002", {"A": {"type": "Http", "inputs": {"method": "GET"}}}, {"A": HTTP}, why="no uri"),
    case("ACT002", {"A": {"type": "Query", "inputs": {"from": []}}}, {"A": {"type": "Query", "inputs": {"from": [], "where": "@equals(1, 1)"}}}, why="no where"),
    case("ACT002", {"A": {"inputs": 1}}, {"A": compose()}, why="no type"),
    case("ACT002", {"A": {"type": "If", "actions": {}}}, {"A": condition("@equals(1, 1)")}, why="no expression"),
    case("ACT003", {"S": scope({"I": initialize("v")})}, {"I": initialize("v")}, why="variable in a scope"),
    case("ACT003", {"L": foreach({"T": {"type": "Terminate", "inputs": {"runStatus": "Failed"}}})}, {"S": scope({"T": {"type": "Terminate", "inputs": {"runStatus": "Failed"}}})}, why="terminate in a loop"),
    case("ACT003", {"L": until({"R": {"type": "Response", "inputs": {"statusCode": 200}}})}, {"S": scope({"R": {"type": "Response", "inputs": {"statusCode": 200}}})}, why="response in a loop"),
    case("ACT004", {"A": compose(), "S": scope({"a": compose()})}, {"A": compose(), "S": scope({"b": compose()})}, why="names in two blocks"),
    case("ACT004", {"A": compose(), "a": compose()}, {"A": compose(), "B": compose()}, why="names in one block"),
    case("ACT005", {"A": {"type": "Terminate", "inputs": {"runStatus": "Dead"}}}, {"A": {"type": "Terminate", "inputs": {"runStatus": "cancelled"}}}, why="run status"),
    case("ACT005", {"A": {**HTTP, "limit": {"timeout": "30s"}}}, {"A": {**HTTP, "limit": {"timeout": "PT30S"}}}, why="timeout"),
    case("ACT005", {"A": {**HTTP, "limit": {"timeout": "-PT5S"}}}, {"A": {**HTTP, "limit": {"timeout": "P1D"}}}, why="negative timeout"),
    case("ACT005", {"A": condition({"and": [{"equal": [1, 1]}]})}, {"A": condition({"and": [{"equals": [1, 1]}]})}, why="operator"),
    case("ACT005", {"A": switch(True)}, {"A": switch("x", 1)}, why="case value"),
    case("ACT006", {"A": {"type": "Agent", "inputs": {}}}, {"A": HTTP}, why="agent"),
    case("ACT008", {"A": 5}, {"A": compose()}, why="no object"),
    case("ACT009", {"A": switch("x", "x")}, {"A": switch("x", "X", "1", 1)}, why="cases"),
    case("ACT011", {"A": http(retryPolicy={"type": "fixed", "count": 91, "interval": "PT20S"})}, {"A": http(retryPolicy={"type": "fixed", "count": 90, "interval": "PT20S"})}, why="count"),
    case("ACT011", {"A": http(retryPolicy={"type": "fixed", "count": 2, "interval": "20"})}, {"A": http(retryPolicy={"type": "fixed", "count": "@triggerBody()", "interval": "PT20S"})}, why="interval"),
    case("ACT012", {"A": compose(), "B": {"type": "Compose", "inputs": 1, "conditions": [{"expression": "@equals(1, 1)"}]}}, {"A": compose(), "B": {"type": "Compose", "inputs": "@outputs('A')", "conditions": [{"dependsOn": "A"}]}}, why="of 2015"),
    case("ACT013", {"A": compose(), "B": {**compose(), "dependsOn": ["A"]}}, {"A": compose(), "B": compose(1, "A", description="x")}, why="depends on"),
    case("ACT013", {"A": {**HTTP, "foreach": "@triggerBody()"}}, {"L": foreach({"A": HTTP})}, why="foreach of a call"),
    case("ACT013", {"A": {**HTTP, "actions": {"B": compose()}}}, {"S": scope({"A": HTTP, "B": compose()})}, why="actions of a call"),
    case("EXP020", {"A": compose(), "B": {"type": "Compose", "inputs": "@outputs('A')", "conditions": []}}, {"A": compose(), "B": {"type": "Compose", "inputs": "@outputs('A')", "conditions": [{"dependsOn": "A"}]}}, why="depends on, of 2015"),
    case("GRF002", {"B": {"type": "Compose", "inputs": 1, "conditions": [{"dependsOn": "A"}]}}, {"A": compose(), "B": {"type": "Compose", "inputs": 1, "conditions": [{"dependsOn": "A"}]}}, why="depends on, of 2015"),
    case("VAR001", {"I": initialize("v"), "J": initialize("V")}, {"I": initialize("v"), "J": initialize("w")}, why="twice"),
    case("VAR002", {"I": initialize("v"), "A": {**SET, "inputs": {"name": "v", "value": "@concat(variables('V'), 'x')"}}}, {"I": initialize("v"), "A": SET}, why="from itself"),
    case("VAR003", {"I": initialize("v", "integer", value="many")}, {"I": initialize("v", "integer", value="12")}, why="first value"),
    case("VAR003", {"I": initialize("v", "array"), "A": SET}, {"I": initialize("v", "array"), "A": {**SET, "inputs": {"name": "v", "value": []}}}, why="set"),
    case("VAR004", {"I": initialize("v"), "A": {**SET, "type": "IncrementVariable", "inputs": {"name": "v", "value": 1}}}, {"I": initialize("v", "float"), "A": {**SET, "type": "IncrementVariable", "inputs": {"name": "v"}}}, why="increment"),
    case("VAR005", {"I": initialize("v", "number")}, {"I": initialize("v", "Float")}, why="type"),
    case("LIM021", {"L": foreach({}, runtimeConfiguration={"concurrency": {"repetitions": 0}})}, {"L": foreach({}, runtimeConfiguration={"concurrency": {"repetitions": 1}})}, why="0"),
    case("LIM021", {"L": foreach({}, runtimeConfiguration={"concurrency": {"repetitions": 51}})}, {"L": foreach({}, runtimeConfiguration={"concurrency": {"repetitions": 50}})}, why="51"),
    case("LIM010", {f"A{n}": compose() for n in range(501)}, {f"A{n}": compose() for n in range(500)}, why="actions"),
    case("LIM012", {"A" * 81: compose()}, {"A" * 80: compose()}, why="name"),
    case("LIM013", {"A": compose("@concat('" + "a" * 8200 + "')")}, {"A": compose("@concat('" + "a" * 8000 + "')")}, why="expression"),
    case("LIM014", {"A": switch(*range(26))}, {"A": switch(*range(25))}, why="cases"),
    case("LIM015", {f"I{n}": initialize(f"v{n}") for n in range(251)}, {f"I{n}": initialize(f"v{n}") for n in range(250)}, why="variables"),
    case("LIM018", {"U": until({}, limit={"count": 5001})}, {"U": until({}, limit={"count": 5000, "timeout": "PT1H"})}, why="until"),
    case("LIM020", {"A": compose(description="d" * 257)}, {"A": compose(description="d" * 256)}, why="description"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "bad", "good", "more"), ACTION_CASES)
def test_a_fault_gives_its_code(code: str, bad: dict[str, Any], good: dict[str, Any], more: dict[str, Any]) -> None:
    found = findings_of(bad, **more)

    assert code in [finding.code for finding in found]
    assert all(finding.pointer and finding.line for finding in found if finding.code == code)


@pytest.mark.parametrize(("code", "bad", "good", "more"), ACTION_CASES)
def test_a_sound_flow_does_not(code: str, bad: dict[str, Any], good: dict[str, Any], more: dict[str, Any]) -> None:
    assert code not in codes_of(good, **more)


def recurrence(**fields: Any) -> dict[str, Any]:
    return {"t": {"type": "Recurrence", "recurrence": {"frequency": "Day", "interval": 1, **fields}}}


def window(delay: str) -> dict[str, Any]:
    recurrence = {"frequency": "Day", "interval": 1}
    return {"t": {"type": "SlidingWindow", "recurrence": recurrence, "inputs": {"delay": delay}}}


def request(**fields: Any) -> dict[str, Any]:
    return {"t": {"type": "Request", "kind": "Http", "inputs": {}, **fields}}


def runs(count: Any) -> dict[str, Any]:
    return request(runtimeConfiguration={"concurrency": {"runs": count}})


@pytest.mark.parametrize(
    ("code", "bad", "good"),
    [
        ("ACT001", {"t": {"type": "Requst"}}, {"t": {"type": "request", "kind": "http"}}),
        ("ACT010", {}, request()),
        ("ACT002", {"t": {"type": "Recurrence"}}, recurrence()),
        ("TRG010", recurrence(interval=501), recurrence(interval=500)),
        ("TRG010", window("-PT1H"), window("PT1H")),
        ("TRG010", window("soon"), window("@parameters('delay')")),
        ("TRG010", recurrence(timeZone="Nowhere"), recurrence(timeZone="W. Europe Standard Time")),
        ("TRG010", recurrence(frequency="Second", interval=59), recurrence(frequency="Second", interval=60)),
        (
            "TRG011",
            request(operationOptions="SingleInstance", runtimeConfiguration={"concurrency": {"runs": 1}}),
            request(operationOptions="SingleInstance"),
        ),
        ("LIM021", runs(0), runs(1)),
        ("LIM021", runs(101), runs(100)),
        ("EXP001", request(splitOn="@triggerBody("), request(splitOn="@triggerBody()")),
        (
            "EXP020",
            request(conditions=[{"expression": "@equals(outputs('A'), 1)"}]),
            request(conditions=[{"expression": "@equals(triggerBody(), 1)"}]),
        ),
        ("LIM019", {f"t{n}": request()["t"] for n in range(11)}, {f"t{n}": request()["t"] for n in range(10)}),
    ],
)
def test_trigger_faults(code: str, bad: dict[str, Any], good: dict[str, Any]) -> None:
    assert code in codes_of({"A": compose()}, triggers=bad)
    assert code not in codes_of({"A": compose()}, triggers=good)


def test_a_cycle_is_named_as_a_path() -> None:
    (finding,) = [f for f in findings_of({"A": compose(1, "B"), "B": compose(1, "A")}) if f.code == "GRF001"]

    assert "A -> B -> A" in finding.message


@pytest.mark.parametrize(
    ("actions", "hint"),
    [
        (
            {"A": compose(1, "C"), "B": compose("@outputs('A')", "A"), "C": compose("@outputs('B')", "B")},
            "drop the run-after of 'A' on 'C': 'A' reads nothing of it",
        ),
        (
            {"A": compose("@outputs('B')", "B"), "B": compose(1, "A")},
            "drop the run-after of 'A' on 'B': 'A' comes before it in the file",
        ),
        ({"A": compose(1, "A")}, "drop the run-after of 'A' on itself"),
    ],
)
def test_a_cycle_comes_with_an_edge_to_drop(actions: dict[str, Any], hint: str) -> None:
    (finding,) = [f for f in findings_of(actions) if f.code == "GRF001"]

    assert finding.hint == hint


def test_a_misspelt_action_is_met_with_the_near_name() -> None:
    (finding,) = [
        f
        for f in findings_of({"Get_order": compose(), "B": compose("@body('Get_ordr')", "Get_order")})
        if f.code == "REF001"
    ]

    assert finding.hint is not None
    assert "Get_order" in finding.hint


def test_all_faults_of_a_flow_are_found_in_one_pass() -> None:
    codes = codes_of({"A": compose("@nosuch('x')"), "B": compose("@body('C')", "D"), "E": {"type": "Nope"}})

    assert {"REF001", "GRF002", "ACT001"} <= set(codes)
    assert any(code.startswith("EXP") for code in codes)


def test_the_place_of_an_expression_is_its_string() -> None:
    (finding,) = [f for f in findings_of({"A": compose({"x": ["@concat('a'"]})}) if f.code == "EXP001"]

    assert finding.pointer == "/actions/A/inputs/x/0"
    assert finding.line > 0
    assert "^" in (finding.hint or "")


def test_what_a_lone_logic_apps_definition_lacks_may_stand_beside_it() -> None:
    flow = {"A": compose("@parameters('p')")}

    severities = {profile: [f.severity for f in findings_of(flow, profile=profile)] for profile in (PA, CONSUMPTION)}

    assert severities == {PA: ["error"], CONSUMPTION: ["warning"]}


@pytest.mark.parametrize("profile", [CONSUMPTION, STANDARD])
def test_appsetting_exists_in_standard_alone(profile: str) -> None:
    codes = codes_of({"A": compose("@appsetting('x')")}, profile=profile)

    assert ("REF006" in codes) == (profile == CONSUMPTION)


def test_limits_of_the_whole_definition_are_warnings() -> None:
    many = {f"p{n}": {"type": "String", "defaultValue": ""} for n in range(51)}
    outputs = {f"o{n}": {"type": "String", "value": "x"} for n in range(11)}

    found = findings_of({"A": compose()}, parameters=many, outputs=outputs)

    assert {(f.code, f.severity) for f in found} == {("LIM016", "warning"), ("LIM017", "warning")}


def test_nine_containers_around_an_action_are_one_too_many() -> None:
    actions: dict[str, Any] = {"deepest": compose()}
    for level in range(8):
        actions = {f"S{level}": scope(actions)}

    assert "LIM011" not in codes_of(actions)
    assert "LIM011" in codes_of({"top": scope(actions)})


def test_every_row_says_what_it_means_and_what_to_do() -> None:
    assert all(info.title and info.meaning.endswith(".") and info.remedy.endswith(".") for info in CODES.values())
    assert all(len(code) == 6 and code[:3].isalpha() and code[3:].isdigit() for code in CODES)


@pytest.mark.parametrize("type_", ["", " ", "number", None, 5, ["string"]])
def test_a_variable_of_no_known_type_is_said_once_where_it_is_initialized(type_: Any) -> None:
    change = {"type": "IncrementVariable", "inputs": {"name": "v"}, "runAfter": {"I": ["Succeeded"]}}

    found = codes_of({"I": initialize("v", type_), "A": change, "B": {**SET, "runAfter": {"A": ["Succeeded"]}}})

    assert [code for code in found if code.startswith("VAR")] == ["VAR005"]


def test_a_first_value_of_very_many_digits_is_an_integer() -> None:
    assert codes_of({"I": initialize("v", "integer", value=10**400)}) == codes_of({"I": initialize("v", "integer")})
