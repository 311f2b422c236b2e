"""`runafter.read` takes files, folders and bytes; real containers are read with all that came with them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from tests.definition.flows import clientdata, definition, solution, standard_project, zipped

import runafter
from runafter.definition.read import read_bytes
from runafter.definition.write import canonical, write
from runafter.errors import UnreadableSource
from runafter.profiles.detect import detect

SHARED = Path(__file__).resolve().parents[3] / "shared"
needs_shared = pytest.mark.skipif(
    not SHARED.exists(), reason="the public flows lie beside the repository, and are not there"
)


def lay_out(folder: Path, files: dict[str, object]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


def test_a_folder_of_mixed_containers_is_read_to_the_bottom(tmp_path: Path) -> None:
    lay_out(tmp_path / "solution", solution())
    lay_out(tmp_path / "project", standard_project())
    lay_out(
        tmp_path / "loose",
        {"flow.json": definition(), "package.json": {"name": "no flow"}, "deep/er/x.json": clientdata()},
    )
    (tmp_path / "archive.zip").write_bytes(zipped(solution()))
    lay_out(tmp_path / "node_modules", {"flow.json": definition()})

    found = runafter.read(tmp_path)

    assert sorted(item.container for item in found) == ["clientdata", "definition", "solution", "solution", "standard"]
    assert all(item.file.startswith(tmp_path.as_posix()) for item in found)


def test_a_dialect_can_be_chosen_and_must_exist(tmp_path: Path) -> None:
    lay_out(tmp_path, {"flow.json": definition()})

    (found,) = runafter.read(tmp_path / "flow.json", profile="power-automate")

    assert found.profile == "power-automate"
    with pytest.raises(ValueError, match="power-autmate"):
        runafter.read(tmp_path / "flow.json", profile="power-autmate")


@pytest.mark.parametrize("name", ["gone.json", "empty"])
def test_nothing_to_read_is_said_clearly(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(UnreadableSource) as caught:
        runafter.read(tmp_path / name)

    assert caught.value.file == str(tmp_path / name)


def test_links_that_leave_the_folder_are_not_followed(tmp_path: Path) -> None:
    lay_out(tmp_path / "outside", {"flow.json": definition()})
    lay_out(tmp_path / "inside", {"mine.json": definition()})
    (tmp_path / "inside" / "link.json").symlink_to(tmp_path / "outside" / "flow.json")

    assert [item.name for item in runafter.read(tmp_path / "inside")] == ["mine"]


@needs_shared
def test_every_raw_container_is_read_with_what_came_with_it() -> None:
    raw = SHARED / "corpus" / "raw"
    found = {path.name: runafter.read(path) for path in sorted(raw.iterdir()) if path.name != "README.md"}

    assert {name: len(items) for name, items in found.items()} == {
        "arm-carbonblack.azuredeploy.json": 1,
        "arm-utf16-regulatory-compliance.json": 1,
        "legacy-package-review.zip": 1,
        "package-deployer-rsvp.zip": 1,
        "solution-folder": 8,
        "solution-invoices.zip": 3,
        "standard-project": 11,
    }
    assert set(found["arm-carbonblack.azuredeploy.json"][0].connections) == {
        "CarbonBlackCloudConnector",
        "azuresentinel",
        "teams",
    }
    assert found["package-deployer-rsvp.zip"][0].parameter_values.keys() == {"Time Zone (a3p_RTRTUM_TimeZone)"}
    assert len(found["solution-folder"][0].environment_variables) == 6
    assert len(found["solution-invoices.zip"][0].environment_variables) == 3
    project = found["standard-project"][0]
    assert project.connections["serviceBus"].api == "/serviceProviders/serviceBus"
    assert project.parameter_values["ServiceOne-Url"] == "@appsetting('ServiceOne-Url')"
    assert project.app_settings


def records() -> list[dict[str, object]]:
    found = []
    for archive in sorted((SHARED / "corpus").glob("*.jsonl.gz")):
        with gzip.open(archive, "rt", encoding="utf-8") as lines:
            found.extend(json.loads(line) for line in lines)
    return found


@needs_shared
def test_all_public_definitions_are_read_and_round_trip_without_loss() -> None:
    count = 0
    for record in records():
        data = json.dumps({"definition": record["definition"]}, ensure_ascii=False, indent=1).encode(
            "utf-8", "surrogatepass"
        )
        (found,) = read_bytes(data, str(record["path"]))
        count += 1

        assert found.value == record["definition"]
        assert write(found.document) == data
        assert json.loads(canonical(found.document)) == {"definition": record["definition"]}

    assert count == 746


@needs_shared
def test_the_dialect_is_detected_in_nearly_all_public_definitions_without_their_container() -> None:
    wrong, decidable = [], 0
    for record in records():
        value = record["definition"]
        text = json.dumps(value)
        if not any(
            mark in text for mark in ('"OpenApiConnection', '"ApiConnection', '"ServiceProvider"', '"$authentication"')
        ):
            continue
        decidable += 1
        if detect(value) != record["kind"]:
            wrong.append(record["path"])

    assert decidable > 400
    assert len(wrong) <= decidable * 0.02, wrong
