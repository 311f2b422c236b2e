"""`runafter init`: a folder that runs as it is, from nothing or from an export; and its connections."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from aiohttp import web
from click.testing import CliRunner, Result

from runafter.cli.main import cli
from runafter.connectors.tokens import Bearer
from runafter.local.connected import Connected
from runafter.local.read import read
from runafter.project.connections import read_connections
from runafter.project.project import InvalidProject, read_project
from runafter.protocol.commands import CallOperation, Target

EXAMPLES = Path(__file__).parents[2] / "examples"
ORDER = EXAMPLES / "order_fan_out" / "flow.json"


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def test_a_new_project_is_read_and_runs_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "mine"

    made = call("init", str(folder))
    ran = call("run", str(folder / "flows" / "welcome"), "--virtual")

    assert made.exit_code == ran.exit_code == 0
    assert read_project(folder, read).name == "mine"
    assert "Welcome, Adele  → adele.vance@contoso.example" in ran.stdout


def test_an_export_becomes_a_project_with_its_connections_emulated(tmp_path: Path) -> None:
    made = call("init", str(tmp_path / "p"), "--from", str(ORDER))

    project = read_project(tmp_path / "p", read)

    assert made.exit_code == 0
    assert [flow.name for flow in project.flows] == ["order_fan_out"]
    assert {row["transport"] for row in project.connections["connections"].values()} == {"emulated"}
    assert json.loads((tmp_path / "p/flows/order_fan_out/flow.json").read_text("utf-8")) == json.loads(
        ORDER.read_text("utf-8")
    )


def test_values_from_outside_the_flow_become_defaults(tmp_path: Path) -> None:
    template = {
        "definition": {
            "triggers": {},
            "actions": {},
            "parameters": {"Region": {"type": "String"}},
            "contentVersion": "1",
        },
        "parameters": {"Region": {"value": "west"}},
    }
    (tmp_path / "app.json").write_text(json.dumps(template), "utf-8")

    call("init", str(tmp_path / "p"), "--from", str(tmp_path / "app.json"))

    (flow,) = read_project(tmp_path / "p", read).flows
    assert flow.definition.node.value["parameters"]["Region"]["defaultValue"] == "west"


def test_files_that_are_there_are_kept(tmp_path: Path) -> None:
    (tmp_path / "tenant.yaml").write_text("user: mine@contoso.example\n", "utf-8")

    refused = call("init", str(tmp_path))

    assert refused.exit_code == 2
    assert "--force" in refused.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tenant.yaml"]


# -- connections.toml -------------------------------------------------------------------------------------------------


def test_a_live_connection_reads_its_secret_by_reference(tmp_path: Path) -> None:
    row = {
        "transport": "live",
        "base_url": "https://x.example",
        "credential": {"kind": "bearer", "token": {"env": "T"}},
    }

    found = read_connections({"connections": {"c": row}}, file=tmp_path / "connections.toml", environ={"T": "s3cret"})

    assert found["c"].live is not None
    assert found["c"].live.credential == Bearer(token="s3cret")
    assert "s3cret" not in repr(found)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"transport": "wire"}, "neither emulated nor live"),
        ({"transport": "live"}, "needs base_url or settings"),
        ({"transports": "live"}, "no setting 'transports'"),
        (
            {"transport": "live", "base_url": "u", "credential": {"kind": "bearer", "token": "plain"}},
            "not written here",
        ),
        (
            {"transport": "live", "base_url": "u", "credential": {"kind": "bearer", "token": {"env": "N"}}},
            "N of 'token'",
        ),
        ({"transport": "live", "base_url": "u", "credential": {"kind": "basic"}}, "lacks username, password"),
        ({"transport": "live", "base_url": "u", "timeout": "soon"}, "no ISO 8601 duration"),
        ({"identity": "robot"}, "neither service nor person"),
    ],
)
def test_a_wrong_setting_is_told_by_name(row: dict[str, object], problem: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidProject, match=problem):
        read_connections({"connections": {"c": row}}, file=tmp_path / "connections.toml", environ={})


def test_virtual_time_refuses_live_connections_by_name(tmp_path: Path) -> None:
    call("init", str(tmp_path))
    (tmp_path / "connections.toml").write_text(
        '[connections.shared_office365]\ntransport = "live"\nbase_url = "https://x.example"\n', "utf-8"
    )

    found = call("run", str(tmp_path / "flows" / "welcome"), "--virtual")

    assert found.exit_code == 1
    assert "Send_mail" in found.stdout
    assert "LiveConnection" in found.stdout


async def test_a_live_connection_reaches_its_service(tmp_path: Path) -> None:
    seen: list[tuple[str, str, str]] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append((request.method, request.path, request.headers.get("Authorization", "")))
        return web.json_response({}, status=200)

    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    row = {
        "transport": "live",
        "base_url": f"http://127.0.0.1:{port}/apim/outlook",
        "credential": {"kind": "bearer", "token": {"env": "T"}},
    }
    settings = read_connections(
        {"connections": {"shared_office365": row}}, file=tmp_path / "connections.toml", environ={"T": "t"}
    )
    connected = Connected(settings, is_real=True)
    target = Target(
        type="OpenApiConnection", api="shared_office365", operation="SendEmailV2", connection="shared_office365"
    )
    mail = {"emailMessage/To": "a@x.example", "emailMessage/Subject": "s", "emailMessage/Body": "b"}

    command = CallOperation(id="r/a/1", run_id="r", action="a", target=target, inputs={"parameters": mail})
    outcome = await connected.perform(command)
    await connected.close()
    await runner.cleanup()

    assert connected.serves(command)
    assert outcome.status_code == 200
    assert seen == [("POST", "/apim/outlook/v2/Mail", "Bearer t")]
