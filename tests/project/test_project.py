from __future__ import annotations

import json
from pathlib import Path

import pytest

from runafter.errors import UnreadableSource
from runafter.local.read import read
from runafter.project.project import InvalidProject, flow_id, read_project, read_sidecar

FLOW = {"triggers": {"manual": {"type": "Request", "kind": "Http", "inputs": {}}}, "actions": {}}


def put(folder: Path, sidecar: str = "") -> None:
    folder.mkdir(parents=True)
    (folder / "flow.json").write_text(json.dumps(FLOW))
    if sidecar:
        (folder / "flow.toml").write_text(sidecar)


def test_flows_are_named_by_their_folders_and_carry_their_sidecars(tmp_path):
    put(tmp_path / "flows" / "first", 'owner = "ann@contoso.example"\n[trigger]\ndeduplication_ttl = "PT5M"\n')
    put(tmp_path / "flows" / "second")

    project = read_project(tmp_path, read)

    assert [flow.name for flow in project.flows] == ["first", "second"]
    assert project.flows[0].sidecar.owner == "ann@contoso.example"
    assert project.flows[0].sidecar.deduplication_ttl_s == 300
    assert project.flow("SECOND") is project.flows[1]


def test_settings_and_connections_are_read(tmp_path):
    put(tmp_path / "flows" / "one")
    (tmp_path / "runafter.toml").write_text('[project]\nname = "Contoso"\n[server]\nport = 7000\n')
    (tmp_path / "connections.toml").write_text('[shared_teams]\nuser = "ann"\n')

    project = read_project(tmp_path, read)

    assert (project.name, project.settings["server"]["port"]) == ("Contoso", 7000)
    assert project.connections["shared_teams"]["user"] == "ann"


def test_a_folder_of_sample_folders_is_a_project():
    project = read_project(Path(__file__).parents[2] / "examples", read)

    assert "order_fan_out" in [flow.name for flow in project.flows]
    assert all(flow.sidecar.owner for flow in project.flows)


def test_equal_names_are_told_apart(tmp_path):
    put(tmp_path / "flows" / "a b")
    put(tmp_path / "flows" / "a_b")

    assert [flow.name for flow in read_project(tmp_path, read).flows] == ["a_b", "a_b-2"]


@pytest.mark.parametrize(
    "text",
    [
        "owner = 1",
        'criticality = "huge"',
        '[trigger]\ndeduplication_ttl = "soon"',
        "owner =",
        'review = [["Failed"]]',
        'review = "Failed"',
        "deduplication_key = \"@triggerBody()?['id']\"",
        "[trigger]\nkey = \"@triggerBody()?['id']\"",
    ],
)
def test_a_wrong_sidecar_is_refused_by_its_file(tmp_path, text):
    put(tmp_path / "flows" / "one", text)

    with pytest.raises(InvalidProject) as caught:
        read_project(tmp_path, read)

    assert caught.value.file == str(tmp_path / "flows" / "one" / "flow.toml")


def test_a_sidecar_names_idempotency_headers(tmp_path):
    file = tmp_path / "flow.toml"
    file.write_text('[idempotency_headers]\n"*" = "Idempotency-Key"\nPut_order = "X-Key"\n')

    assert read_sidecar(file).key_headers == {"*": "Idempotency-Key", "Put_order": "X-Key"}

    file.write_text('[idempotency_headers]\nPut = "bad header"\n')
    with pytest.raises(InvalidProject, match="no name of an HTTP header"):
        read_sidecar(file)


def test_an_empty_folder_is_no_project(tmp_path):
    with pytest.raises(UnreadableSource):
        read_project(tmp_path, read)


def test_ids_are_safe_in_addresses():
    assert flow_id("../Über flow?") == "Uber_flow"
    assert flow_id("…") == "flow"
