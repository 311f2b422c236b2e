"""The connections of a served project: read from its files, taken over when they change, never half."""

from __future__ import annotations

import asyncio
import logging
import re
from pathlib import Path

import pytest
from tests.server.world import HTTP, flow, project, settle

from runafter.local.outside import LocalOutside
from runafter.local.package import load_program
from runafter.local.tenant import HostClock
from runafter.project.connections import read_connections
from runafter.project.project import InvalidProject, Sidecar
from runafter.protocol.commands import CallOperation, Target
from runafter.server.connections import ServedConnections, project_connections, tell_unused
from runafter.server.runtime import Runtime
from runafter.simulator.host import run_virtual
from runafter.tenant.seeds import apply_seed
from runafter.tenant.tenant import Tenant


def written(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_the_files_of_the_project_and_of_its_flows_count(tmp_path: Path) -> None:
    written(tmp_path / "connections.toml", '[connections.mail]\nuser = "ada@contoso.example"\n')
    written(tmp_path / "flows" / "orders" / "connections.toml", "[connections.sql]\nidempotent = true\n")

    found = project_connections(tmp_path, environ={})

    assert (found["mail"].user, found["sql"].idempotent) == ("ada@contoso.example", True)
    assert project_connections(tmp_path / "flows" / "orders" / "flow.json", environ={}).keys() == {"sql"}


def test_two_files_that_disagree_on_a_reference_are_refused(tmp_path: Path) -> None:
    written(tmp_path / "connections.toml", '[connections.mail]\nuser = "ada@contoso.example"\n')
    written(tmp_path / "flows" / "one" / "connections.toml", '[connections.mail]\nuser = "ada@contoso.example"\n')
    assert project_connections(tmp_path, environ={})["mail"].user == "ada@contoso.example"
    other = tmp_path / "flows" / "two" / "connections.toml"
    written(other, '# other\n[connections.MAIL]\nuser = "bob@contoso.example"\n')

    with pytest.raises(InvalidProject) as caught:
        project_connections(tmp_path, environ={})

    assert (caught.value.file, caught.value.line) == (str(other), 2)
    assert f"{tmp_path / 'connections.toml'}:1 says otherwise" in caught.value.message


def _settings(**rows: object):
    return read_connections({"connections": rows}, file=Path("connections.toml"), environ={})


def test_a_change_gives_back_what_the_seed_said() -> None:
    tenant = Tenant()
    tenant.connect("mail", user="seeded@contoso.example")
    outside = LocalOutside(tenant=tenant)
    served = ServedConnections(outside)
    target = Target(type="OpenApiConnection", api="shared_sql", operation="GetItems", connection="sql")
    call = CallOperation(id="c", run_id="r", action="a", target=target)

    asyncio.run(
        served.take_over(
            _settings(mail={"user": "ada@contoso.example"}, sql={"transport": "live", "base_url": "https://x.example"})
        )
    )
    assert tenant.connection("mail").user == "ada@contoso.example"
    assert outside.live is not None
    assert outside.live.serves(call)

    asyncio.run(served.take_over(_settings(sql={"user": "bob@contoso.example"})))
    assert tenant.connection("mail").user == "seeded@contoso.example"
    assert tenant.connection("sql").user == "bob@contoso.example"
    assert not outside.live.serves(call)


def test_a_reference_that_no_flow_has_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    written(tmp_path / "connections.toml", "[connections.shared_offce365]\nidempotent = true\n")

    with caplog.at_level(logging.WARNING):
        tell_unused(project_connections(tmp_path, environ={}), [flow()])

    assert f"{tmp_path / 'connections.toml'}:1: no flow has a connection 'shared_offce365'" in caplog.text


def test_an_http_call_to_the_tenant_carries_its_key_in_the_header_of_the_sidecar() -> None:
    asked = flow(actions={"Send": HTTP}, sidecar=Sidecar(key_headers={"*": "Idempotency-Key"}))

    async def play(simulation):
        tenant = Tenant()
        apply_seed(tenant, {"http": {"endpoints": [{"url": "https://example.test/x", "collection": "orders"}]}})
        outside = LocalOutside(tenant=tenant)
        kept = simulation.storage()
        made = Runtime(
            kept,
            outside,
            lambda inbox, respond: simulation.host(inbox, storage=kept, load_program=load_program, responder=respond),
            tenant=tenant,
        )
        tenant.clock = HostClock(made.host.clock)
        await made.start(project(asked))
        (fired,) = await made.run_now("flow", given={"id": 1})
        await made.host.wait(fired.run_id)
        await settle()
        await made.stop()
        return fired.run_id, tenant.served

    run_id, served = run_virtual(play)

    assert len(served) == 1
    assert served[0].run_id == run_id
    assert re.fullmatch("[0-9a-f]{32}", served[0].arguments["headers"]["Idempotency-Key"])
