"""What somebody types first and gets wrong: each is told in a line what to do next, and nothing is a traceback."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from runafter.cli.main import main

FLOW = {
    "name": "0b9e9a0e-0000-4000-8000-000000000001",
    "properties": {
        "displayName": "Count the stock",
        "definition": {
            "triggers": {"manual": {"type": "Request", "kind": "Button"}},
            "actions": {"Answer": {"type": "Compose", "inputs": 42, "runAfter": {}}},
        },
    },
}


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    assert isinstance(stop.value.code, int)
    return stop.value.code


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr("manifest.json", json.dumps({"schema": "1.0", "resources": {}}))
        archive.writestr(f"Microsoft.Flow/flows/{FLOW['name']}/definition.json", json.dumps(FLOW))
    return "export.zip"


@pytest.mark.parametrize("command", ["run", "inspect", "check"])
def test_a_profile_that_there_is_not_is_a_usage_error(
    command: str, package: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = call(command, package, "--profile", "logicapp")

    assert code == 2
    assert "logic-apps-consumption" in capsys.readouterr().err


def test_an_expression_of_an_unknown_profile_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    code = call("eval", "@add(1, 2)", "--profile", "azure")

    assert code == 2
    assert "logic-apps-standard" in capsys.readouterr().err


def test_hardening_a_package_says_how_to_unpack_it(package: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = call("harden", package)

    assert code == 2
    assert "runafter init DIR --from export.zip" in capsys.readouterr().err


def test_a_flow_of_a_project_is_found_by_the_name_it_had_in_its_package(
    package: str, capsys: pytest.CaptureFixture[str]
) -> None:
    call("init", "stock", "--from", package)
    capsys.readouterr()

    code = call("graph", "stock", "--flow", "Count the stock")

    assert code == 0
    assert "Answer" in capsys.readouterr().out


def test_flows_of_one_template_that_share_a_name_are_told_apart_by_their_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    resources = [
        {
            "type": "Microsoft.Logic/workflows",
            "name": "Job",
            "properties": {"definition": {"triggers": {}, "actions": {action: {"type": "Compose", "inputs": 1}}}},
        }
        for action in ("First", "Second")
    ]
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    template = tmp_path / "jobs.json"
    template.write_text(json.dumps({"$schema": schema, "contentVersion": "1.0.0.0", "resources": resources}))

    refused = call("graph", str(template), "--flow", "Job")
    place = "jobs.json#/resources/1/properties/definition"
    assert (refused, place in capsys.readouterr().err) == (2, True)
    assert call("graph", str(template), "--flow", place) == 0
    drawn = capsys.readouterr().out
    assert ("Second" in drawn, "First" in drawn) == (True, False)


def test_a_database_that_is_not_there_is_not_made_by_looking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    code = call("runs", "list", "--db", "rnus.db")

    assert code == 2
    assert "no database rnus.db" in capsys.readouterr().err
    assert not (tmp_path / "rnus.db").exists()


@pytest.mark.parametrize("command", ["runs", "tenant", "limits", "flows", "approvals", "review", "db"])
def test_the_list_of_commands_gives_whole_sentences(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = call(command, "--help")

    assert code == 0
    _, _, listed = capsys.readouterr().out.partition("Commands:\n")
    assert listed
    assert "..." not in listed


STOCK = {
    "definition": {
        "parameters": {"limit": {"type": "Int", "defaultValue": 3}},
        "triggers": {"manual": {"type": "Request", "kind": "Button"}},
        "actions": {
            "Read_stock": {
                "type": "OpenApiConnection",
                "inputs": {
                    "host": {
                        "apiId": "/providers/Microsoft.PowerApps/apis/shared_sharepointonline",
                        "operationId": "GetItem",
                    },
                    "parameters": {"dataset": "https://fabrikam.example/sites/stock", "table": "Stock", "id": 7},
                },
                "runAfter": {},
            }
        },
    }
}


@pytest.fixture
def stock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flow.json").write_text(json.dumps(STOCK), encoding="utf-8")
    (tmp_path / "tenant.yaml").write_text("user: ada@fabrikam.example\n", encoding="utf-8")
    return "flow.json"


def test_a_parameter_that_the_flow_does_not_have_is_refused(stock: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = call("run", stock, "--virtual", "--mock", "auto", "--set", "limt=4")

    assert code == 2
    assert "did you mean 'limit'?" in capsys.readouterr().err


def test_what_a_service_says_of_its_refusal_is_told(stock: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = call("run", stock, "--virtual")

    assert code == 1
    assert "Read_stock: answered 404 NotFound: Item does not exist." in " ".join(capsys.readouterr().out.split())


def test_a_fault_that_no_call_meets_is_told(stock: str, capsys: pytest.CaptureFixture[str]) -> None:
    call("run", stock, "--virtual", "--faults", "dataverze.*=503", "--faults", "sharepoint.*=404")

    assert "No call met  the fault of dataverze.*\n" in capsys.readouterr().out


def test_a_fault_without_a_status_is_refused(stock: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = call("run", stock, "--virtual", "--faults", "sharepoint.*=1")

    assert code == 2
    assert "1 is no HTTP status" in capsys.readouterr().err


def test_a_flow_of_a_project_calls_its_child_as_in_the_solution(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    child_id = "c1d2e3f4-0000-4000-8000-000000000002"
    call_child = {"host": {"workflowReferenceName": child_id}, "body": {}}
    answer = {"type": "Response", "kind": "Http", "inputs": {"statusCode": 200, "body": {"seen": True}}, "runAfter": {}}
    button = {"manual": {"type": "Request", "kind": "Button"}}
    flows = {
        "Parent-C1D2E3F4-0000-4000-8000-000000000001": {
            "Call": {"type": "Workflow", "inputs": call_child, "runAfter": {}},
            "Seen": {"type": "Compose", "inputs": "@body('Call')['seen']", "runAfter": {"Call": ["Succeeded"]}},
        },
        f"Child-{child_id.upper()}": {"Answer": answer},
    }
    entries = "".join(
        f'<Workflow WorkflowId="{{{file.split("-", 1)[1].lower()}}}" Name="{file.split("-", 1)[0]}">'
        f"<JsonFileName>/Workflows/{file}.json</JsonFileName><Category>5</Category></Workflow>"
        for file in flows
    )
    with zipfile.ZipFile(tmp_path / "solution.zip", "w") as archive:
        archive.writestr("solution.xml", "<ImportExportXml><SolutionManifest/></ImportExportXml>")
        archive.writestr("customizations.xml", f"<ImportExportXml><Workflows>{entries}</Workflows></ImportExportXml>")
        for file, actions in flows.items():
            properties = {"connectionReferences": {}, "definition": {"triggers": button, "actions": actions}}
            document = {"properties": properties, "schemaVersion": "1.0.0.0"}
            archive.writestr(f"Workflows/{file}.json", json.dumps(document))
    assert call("init", "project", "--from", "solution.zip") == 0
    capsys.readouterr()

    code = call("run", "project", "--flow", "Parent", "--virtual", "--trigger", "{}")

    assert code == 0, capsys.readouterr()
