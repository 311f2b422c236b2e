"""The sample flows keep the rules that their README promises."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import runafter
from runafter.connectors.registry import catalogue
from runafter.lint.run import check

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = ("employee_onboarding", "invoice_approval", "order_fan_out", "support_escalation", "weekly_reports")
OUTBOUND = {"OpenApiConnection", "OpenApiConnectionWebhook", "Http"}
LAYERS = ("trigger", "validation", "core", "errors", "monitor")
ALL_FLOWS = [EXAMPLES / name / part / "flow.json" for name in NAMES for part in ("", "fragile")]

Named = tuple[str, dict[str, Any]]


def _definition(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["properties"]["definition"]
    return found


def _groups(action: dict[str, Any]) -> Iterator[dict[str, Any]]:
    blocks = [action, action.get("else", {}), action.get("default", {}), *action.get("cases", {}).values()]
    yield from (block["actions"] for block in blocks if "actions" in block)


def _walk(actions: dict[str, Any], in_loop: bool = False) -> Iterator[tuple[str, dict[str, Any], bool]]:
    for name, action in actions.items():
        yield name, action, in_loop
        for group in _groups(action):
            yield from _walk(group, in_loop or action["type"] in {"Foreach", "Until"})


def _actions(name: str, part: str = "") -> list[tuple[str, dict[str, Any], bool]]:
    return list(_walk(_definition(EXAMPLES / name / part / "flow.json")["actions"]))


def _sidecar(name: str) -> dict[str, Any]:
    return tomllib.loads((EXAMPLES / name / "flow.toml").read_text(encoding="utf-8"))


def _outbound(name: str) -> list[Named]:
    return [(label, action) for label, action, _ in _actions(name) if action["type"] in OUTBOUND]


def test_every_folder_of_examples_is_tested() -> None:
    folders = {path.parent.name for path in EXAMPLES.glob("*/flow.json")}

    assert folders == set(NAMES)


@pytest.mark.parametrize("path", ALL_FLOWS, ids=lambda path: str(path.parent.relative_to(EXAMPLES)))
def test_a_sample_reads_as_one_cloud_flow(path: Path) -> None:
    (definition,) = runafter.read(path)

    assert (definition.container, definition.profile) == ("clientdata", "power-automate")
    assert definition.findings == ()


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_reads_as_the_hardened_flow_and_its_twin(name: str) -> None:
    found = {Path(definition.file).parent.name for definition in runafter.read(EXAMPLES / name)}

    assert found == {name, "fragile"}


@pytest.mark.parametrize("path", ALL_FLOWS, ids=lambda path: str(path.parent.relative_to(EXAMPLES)))
def test_a_sample_is_written_with_an_indent_of_two(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("name", NAMES)
def test_check_has_no_more_than_notes_for_a_hardened_flow(name: str) -> None:
    report = check(runafter.read(EXAMPLES / name / "flow.json"), catalogue=catalogue())

    assert [issue.finding for issue in report.issues if issue.finding.severity != "note"] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_outbound_action_of_a_hardened_flow_says_its_retries(name: str) -> None:
    without = [label for label, action in _outbound(name) if "retryPolicy" not in action["inputs"]]

    assert without == []


@pytest.mark.parametrize("name", NAMES)
def test_every_outbound_action_of_a_hardened_flow_has_a_time_limit(name: str) -> None:
    without = [label for label, action in _outbound(name) if "timeout" not in action.get("limit", {})]

    assert without == []


@pytest.mark.parametrize("name", NAMES)
def test_no_loop_of_a_hardened_flow_writes_a_variable(name: str) -> None:
    writers = [label for label, action, in_loop in _actions(name) if in_loop and "Variable" in action["type"]]

    assert writers == []


@pytest.mark.parametrize("name", NAMES)
def test_every_loop_of_a_hardened_flow_says_its_concurrency(name: str) -> None:
    loops = [action for _, action, _ in _actions(name) if action["type"] == "Foreach"]

    assert all("repetitions" in loop.get("runtimeConfiguration", {}).get("concurrency", {}) for loop in loops)


@pytest.mark.parametrize("name", NAMES)
def test_a_hardened_flow_has_the_five_layers_its_sidecar_names(name: str) -> None:
    definition = _definition(EXAMPLES / name / "flow.json")
    present = {label for label, _, _ in _actions(name)} | set(definition["triggers"])
    layers = _sidecar(name)["layers"]

    assert tuple(layers) == LAYERS
    assert all(layers.values())
    assert {label for part in layers.values() for label in part} <= present


@pytest.mark.parametrize("name", NAMES)
def test_the_trigger_of_a_hardened_flow_is_controlled(name: str) -> None:
    (trigger,) = _definition(EXAMPLES / name / "flow.json")["triggers"].values()
    sidecar = _sidecar(name)["trigger"]

    assert 1 <= trigger["runtimeConfiguration"]["concurrency"]["runs"] <= 100
    assert sidecar["deduplication_key"].startswith("@")
    assert sidecar["deduplication_ttl"].startswith("P")


@pytest.mark.parametrize("name", NAMES)
def test_the_error_scope_takes_failures_and_timeouts_of_the_core(name: str) -> None:
    root = _definition(EXAMPLES / name / "flow.json")["actions"]
    (core,) = _sidecar(name)["layers"]["core"]

    assert root["Handle_failure"]["runAfter"] == {core: ["Failed", "TimedOut"]}
    assert set(root["Record_metrics"]["runAfter"]) == {core, "Handle_failure"}


@pytest.mark.parametrize("name", NAMES)
def test_validation_ends_the_run_before_the_core_is_reached(name: str) -> None:
    root = _definition(EXAMPLES / name / "flow.json")["actions"]
    check, refuse = _sidecar(name)["layers"]["validation"]
    (core,) = _sidecar(name)["layers"]["core"]
    ends = [action for _, action, _ in _walk(root[refuse]["actions"]) if action["type"] == "Terminate"]

    assert root[core]["runAfter"] == {check: ["Succeeded"]}
    assert root[refuse]["runAfter"] == {check: ["Failed", "TimedOut"]}
    assert [end["inputs"]["runStatus"] for end in ends] == ["Failed"]
    assert all(end["inputs"]["runError"]["message"] for end in ends)


@pytest.mark.parametrize("name", NAMES)
def test_the_sidecar_names_only_actions_that_exist(name: str) -> None:
    present = {label for label, _, _ in _actions(name)}
    sidecar = _sidecar(name)
    named = {label for part in ("idempotency", "accepts_duplicates", "compensation") for label in sidecar[part]}

    assert named <= present


@pytest.mark.parametrize("name", NAMES)
def test_a_field_that_carries_a_key_is_a_field_of_its_action(name: str) -> None:
    actions = {label: action["inputs"] for label, action in _outbound(name)}
    missing = [
        label
        for label, field in _sidecar(name)["idempotency"].items()
        if field.removeprefix("header ") not in (actions[label].get("parameters") or actions[label]["headers"])
    ]

    assert missing == []


@pytest.mark.parametrize("name", NAMES)
def test_a_fragile_twin_has_none_of_the_protections(name: str) -> None:
    types = {action["type"] for _, action, _ in _actions(name, "fragile")}
    outbound = [action for _, action, _ in _actions(name, "fragile") if action["type"] in OUTBOUND]

    assert not types & {"Scope", "Terminate", "ParseJson"}
    assert not any("retryPolicy" in action["inputs"] or "limit" in action for action in outbound)


@pytest.mark.parametrize("name", ["employee_onboarding", "weekly_reports"])
def test_a_fragile_loop_writes_variables_in_parallel(name: str) -> None:
    actions = _actions(name, "fragile")
    (loop,) = [action for _, action, _ in actions if action["type"] == "Foreach"]

    assert loop["runtimeConfiguration"]["concurrency"]["repetitions"] > 1
    assert any(in_loop and "Variable" in action["type"] for _, action, in_loop in actions)


def test_the_fragile_join_is_strict_where_the_hardened_one_is_graduated() -> None:
    actions = {label: action for label, action, _ in _actions("order_fan_out")}
    fragile = {label: action for label, action, _ in _actions("order_fan_out", "fragile")}

    assert set(map(tuple, fragile["Update_order_status"]["runAfter"].values())) == {("Succeeded",)}
    assert actions["Confirm_order"]["runAfter"]["Create_CRM"] == ["Succeeded"]
    assert "Failed" in actions["Confirm_order"]["runAfter"]["Notify_customer"]
    assert "Failed" in actions["Confirm_order"]["runAfter"]["Tell_the_team"]


def test_compensation_of_an_order_runs_backwards() -> None:
    actions = {label: action for label, action, _ in _actions("order_fan_out")}
    backwards = ["Mark_order_failed", "Cancel_in_SQL", "Correct_the_mail", "Find_CRM_record", "Delete_CRM_records"]
    backwards.append("Release_inventory")

    assert list(actions["Compensate"]["actions"]) == backwards
    assert [list(actions[name]["runAfter"]) for name in backwards] == [[], *([name] for name in backwards[:-1])]


def test_a_hire_takes_about_thirty_actions() -> None:
    actions = {label: action for label, action, _ in _actions("employee_onboarding")}
    hire = list(_walk({"Hire": actions["Hire"], "Onboard_hire": actions["Onboard_hire"]}))

    assert 25 <= len(hire) <= 40


@pytest.mark.parametrize("name", NAMES)
def test_every_connection_a_sample_uses_is_declared(name: str) -> None:
    for part in ("", "fragile"):
        document = json.loads((EXAMPLES / name / part / "flow.json").read_text(encoding="utf-8"))
        hosts = [
            action["inputs"]["host"] for _, action, _ in _actions(name, part) if "host" in action.get("inputs", {})
        ]

        used = {host["connectionName"] for host in hosts}

        assert used <= set(document["properties"]["connectionReferences"])


@pytest.mark.parametrize("name", NAMES)
def test_lists_and_tables_that_a_sample_uses_are_in_its_tenant(name: str) -> None:
    tenant = yaml.safe_load((EXAMPLES / name / "tenant.yaml").read_text(encoding="utf-8"))
    lists = {name for site in tenant["sharepoint"]["sites"].values() for name in site["lists"]}
    procedures = tenant.get("sql", {}).get("databases", {}).get("default", {}).get("procedures", {})
    tables = tenant.get("dataverse", {}).get("tables", {})
    for part in ("", "fragile"):
        for _, action, _ in _actions(name, part):
            parameters = action.get("inputs", {}).get("parameters", {}) if action["type"] in OUTBOUND else {}
            assert parameters.get("table", "Flow Errors") in lists
            assert parameters.get("procedure", "").replace("[", "").replace("]", "") in {"", *procedures}
            entity = parameters.get("entityName", "@")
            assert entity.startswith("@") or entity in tables


def test_the_exercise_starts_with_thirty_pending_reports() -> None:
    tenant = yaml.safe_load((EXAMPLES / "weekly_reports" / "tenant.yaml").read_text(encoding="utf-8"))
    (site,) = tenant["sharepoint"]["sites"].values()

    items = site["lists"]["Weekly Reports"]["items"]

    assert len(items) == 30
    assert {item["Status"] for item in items} == {"Pending"}
    assert len({item["Title"] for item in items}) == 30


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*/trigger*/*.json")) + sorted(EXAMPLES.glob("*/trigger.json")))
def test_a_trigger_body_is_an_object(path: Path) -> None:
    body = json.loads(path.read_text(encoding="utf-8"))

    assert isinstance(body, dict)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*/faults/*.yaml")), ids=lambda path: path.stem)
def test_a_fault_file_names_operations_and_says_what_comes_out(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    faults = yaml.safe_load(text)["faults"]

    assert text.startswith("# ")
    assert faults
    assert all("." in fault["operation"] for fault in faults)


@pytest.mark.parametrize("name", NAMES)
def test_a_readme_names_the_layers_and_how_the_twin_fails(name: str) -> None:
    text = (EXAMPLES / name / "README.md").read_text(encoding="utf-8")

    assert all(f"| {layer.capitalize()} |" in text for layer in LAYERS)
    assert "## How the fragile twin fails" in text
    assert "## What to try" in text
