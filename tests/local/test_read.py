"""`runafter.read` takes a path, a folder or bytes, and says clearly when there is nothing to read."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.definition.cases import CASES, SHARED, files, zipped

import runafter
from runafter.definition.nodes import Definition
from runafter.errors import UnreadableSource

FLOW = '{"triggers": {}, "actions": {"A": {"type": "Compose", "inputs": 1}}}'


def names(found: list[Definition]) -> list[str]:
    return sorted(definition.name for definition in found)


def refusal(source: object) -> UnreadableSource:
    with pytest.raises(UnreadableSource) as caught:
        runafter.read(source)  # type: ignore[arg-type]
    return caught.value


def test_a_file_a_path_and_bytes_give_the_same_flow() -> None:
    path = CASES / "bare.json"

    found = [runafter.read(source)[0] for source in (path, str(path), path.read_bytes())]

    assert found[0].value == found[1].value == found[2].value
    assert [item.file for item in found] == [path.as_posix(), path.as_posix(), ""]
    assert found[0].name == "bare"


def test_a_folder_is_searched_to_the_bottom() -> None:
    found = runafter.read(CASES)

    assert names(found) == ["Daily mail", "Greet", "Notify", "Orders", "Tell_the_team", "bare"]
    assert all(Path(item.file).is_file() for item in found)


def test_a_zip_in_a_folder_is_read_and_other_files_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "sub" / "node_modules").mkdir(parents=True)
    (tmp_path / "sub" / "s.zip").write_bytes(zipped(files("solution")))
    (tmp_path / "sub" / "other.zip").write_bytes(zipped({"readme.txt": b"hello"}))
    (tmp_path / "sub" / "package.json").write_text('{"name": "x"}')
    (tmp_path / "sub" / "node_modules" / "flow.json").write_text(FLOW)
    (tmp_path / "broken.json").write_text("{")

    (definition,) = runafter.read(tmp_path)

    assert (
        definition.file
        == f"{tmp_path.as_posix()}/sub/s.zip!Workflows/DailyMail-1B6A1F6E-1111-4222-8333-444455556666.json"
    )


def test_one_workflow_of_a_project_comes_with_the_project_around_it() -> None:
    path = CASES / "project" / "Orders" / "workflow.json"

    (definition,) = runafter.read(path)

    assert (definition.name, definition.file) == ("Orders", path.as_posix())
    assert set(definition.connections) == {"bus", "mail", "tax", "shop"}
    assert definition.parameter_values["Retries"] == 3
    assert definition.app_settings["SHOP_URL"] == "https://shop.example.com"


def test_one_flow_of_a_solution_folder_comes_with_the_solution_around_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CASES / "solution")

    (definition,) = runafter.read("Workflows/DailyMail-1B6A1F6E-1111-4222-8333-444455556666.json")

    assert (definition.name, definition.container) == ("Daily mail", "solution")
    assert definition.file == "Workflows/DailyMail-1B6A1F6E-1111-4222-8333-444455556666.json"
    assert definition.connections["shared_office365"].display_name == "Team mailbox"
    assert definition.parameter_values == {"Team address (rf_Team)": "team@example.com", "Limit (rf_Limit)": 40}


def test_one_flow_of_an_unpacked_package_comes_with_its_maps() -> None:
    (path,) = (CASES / "package").rglob("definition.json")

    (definition,) = runafter.read(path)

    assert definition.container == "legacy-package"
    assert definition.connections["shared_office365"].display_name == "me@example.com"


def test_a_workflow_alone_keeps_its_folders_name(tmp_path: Path) -> None:
    (tmp_path / "Orders").mkdir()
    shutil.copy(CASES / "project" / "Orders" / "workflow.json", tmp_path / "Orders" / "workflow.json")

    (definition,) = runafter.read(tmp_path / "Orders" / "workflow.json")

    assert (definition.name, definition.workflow_kind, definition.profile) == (
        "Orders",
        "Stateful",
        "logic-apps-standard",
    )


def test_profile_and_parameters_can_be_given() -> None:
    (definition,) = runafter.read(
        CASES / "arm" / "azuredeploy.json", profile="logic-apps-standard", parameters={"Channel": "x"}
    )

    assert definition.profile == "logic-apps-standard"
    assert definition.unresolved == ()
    with pytest.raises(ValueError, match="unknown"):
        runafter.read(CASES / "bare.json", profile="unknown")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"{}", "DEF007"),
        (b"no json", "DEF003"),
        (b"\x89PNG\x81\xff", "DEF001"),
        (b"", "DEF003"),
        (b"PK\x03\x04", "DEF006"),
    ],
)
def test_a_file_named_explicitly_must_hold_a_flow(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)

    fault = refusal(path)

    assert fault.code == code
    assert fault.file is not None
    assert fault.file.startswith(path.as_posix())


def test_nothing_there_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "readme.json").write_text("{}")

    assert refusal(tmp_path / "absent.json").code == "DEF001"
    assert refusal("nul\0name").code == "DEF001"
    assert refusal(tmp_path).code == "DEF007"


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "flow.json"
    path.write_text(FLOW + " " * 1000)

    with pytest.raises(UnreadableSource) as caught:
        runafter.read(path, max_bytes=500)

    assert caught.value.code == "DEF002"
    assert len(runafter.read(path, max_bytes=5000)) == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are not of this platform")
def test_a_pipe_is_read(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=(FLOW,))
    writer.start()

    (definition,) = runafter.read(path)

    writer.join()
    assert definition.value == json.loads(FLOW)


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_links_that_leave_the_folder_are_not_followed(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    for folder in (outside, inside):
        folder.mkdir()
        (folder / f"{folder.name}.json").write_text(FLOW)
    (inside / "link.json").symlink_to(outside / "outside.json")
    (inside / "folder").symlink_to(outside, target_is_directory=True)
    (inside / "loop").symlink_to(inside, target_is_directory=True)
    (inside / "gone.json").symlink_to(tmp_path / "gone.json")

    assert names(runafter.read(inside)) == ["inside"]


def test_importing_the_package_reads_nothing_heavy() -> None:
    code = "import sys, runafter; print([m for m in ('lxml', 'zipfile', 'runafter.local.read') if m in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the raw containers are not beside the repository")
class TestRawContainers:
    def test_solution_zip(self) -> None:
        found = runafter.read(SHARED / "raw" / "solution-invoices.zip")

        assert names(found) == ["Invoice Approval Workflow", "InvoiceLineItems", "Process Invoice from E-mail"]
        approval = next(item for item in found if item.name == "Invoice Approval Workflow")
        assert set(approval.connections) == {
            "shared_office365users", "shared_approvals", "shared_teams", "shared_office365", "shared_sharepointonline",
        }  # fmt: skip
        assert {name: (item.display_name, item.type) for name, item in approval.environment_variables.items()} == {
            "dev_InvoiceLines": ("Invoice Lines", "Data source"),
            "dev_SiteCollection": ("SiteCollection", "Data source"),
            "dev_InvoiceLibrary": ("Invoice Library", "Data source"),
        }

    def test_solution_in_a_package_with_backslashes(self) -> None:
        (definition,) = runafter.read(SHARED / "raw" / "package-deployer-rsvp.zip")

        assert definition.name == "Reminder to RSVP to Upcoming Meetings"
        assert {name: item.logical_name for name, item in definition.connections.items()} == {
            "shared_office365": "a3p_sharedoffice365_d1ee1",
            "shared_teams": "a3p_sharedteams_b81fc",
            "shared_office365users": "a3p_sharedoffice365users_278ac",
        }
        assert definition.parameter_values == {"Time Zone (a3p_RTRTUM_TimeZone)": "Pacific Standard Time"}

    def test_legacy_package(self) -> None:
        (definition,) = runafter.read(SHARED / "raw" / "legacy-package-review.zip")

        assert definition.name == "Request Review and Approval for a Selected File"
        assert {item.api for item in definition.connections.values()} >= {
            "shared_sharepointonline",
            "shared_approvals",
            "shared_office365",
        }
        assert definition.connections["shared_approvals"].display_name == "Approvals"

    def test_solution_folder(self) -> None:
        found = runafter.read(SHARED / "raw" / "solution-folder")

        assert len(found) == 8
        assert {len(item.environment_variables) for item in found} == {6}
        apps = next(item for item in found if "Approval for Apps" in item.name)
        assert apps.parameter_values["InactivityNotifications-PastTime-Interval (admin_ArchivalPastTimeInterval)"] == 6
        references = {item.display_name for flow in found for item in flow.connections.values() if item.display_name}
        assert {"CoE Gov - Dataverse", "CoE Gov - Teams", "CoE Gov - Approvals"} <= references

    def test_standard_project(self) -> None:
        found = runafter.read(SHARED / "raw" / "standard-project")

        assert len(found) == 11
        assert {item.workflow_kind for item in found} == {"Stateful", "Stateless"}
        assert all(item.profile == "logic-apps-standard" for item in found)
        assert found[0].connections["serviceBus"].api == "/serviceProviders/serviceBus"
        assert found[0].parameter_values["ServiceOne-Url"] == "@appsetting('ServiceOne-Url')"
        assert "AzureWebJobsStorage" in found[0].app_settings

    @pytest.mark.parametrize(
        ("file", "name", "connections"),
        [
            (
                "arm-carbonblack.azuredeploy.json",
                "EndpointTakeActionFromTeams-CarbonBlack",
                {
                    "CarbonBlackCloudConnector": "CarbonBlackCloudConnector",
                    "azuresentinel": "azuresentinel",
                    "teams": "teams",
                },
            ),
            ("arm-utf16-regulatory-compliance.json", "ASC Regulatory Compliance", {"sql_1": "sql"}),
        ],
    )
    def test_templates(self, file: str, name: str, connections: dict[str, str]) -> None:
        (definition,) = runafter.read(SHARED / "raw" / file)

        assert definition.name == name
        assert {key: item.api for key, item in definition.connections.items()} == connections
        assert definition.unresolved == ()
        assert definition.source.data() == (SHARED / "raw" / file).read_bytes()
