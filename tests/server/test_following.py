"""What other processes do to the flows in a server's database, and when the server knows."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tests.server.client import client
from tests.server.process import ask, served
from tests.server.test_changes import until, written
from tests.server.world import COMPOSE, flow, recurrence, runtime, settle, statuses

from runafter.catalog.catalog import Catalog
from runafter.server.flows import FlowBook
from runafter.simulator.host import run_virtual


async def other(http) -> FlowBook:
    """Return what another process on the same database sees and does."""
    book = FlowBook(Catalog(http.runtime.storage), lambda: http.runtime.host.clock() + 1)
    await book.open()
    return book


async def test_a_flow_that_another_process_switches_off_is_off():
    async with client(flow()) as http:
        url = await http.callback_url()
        await (await other(http)).switch("flow", "Disabled")
        before = await http.runtime.follow()
        refused = await http("POST", url, {"n": 1}, token=None)
        await (await other(http)).switch("flow", "Enabled")
        again = await http.runtime.follow()
        accepted = await http("POST", url, {"n": 1}, token=None)
        nothing = await http.runtime.follow()

    assert (before, again, nothing) == (["flow"], ["flow"], [])
    assert (refused.code, accepted.status) == ("SRV002", 202)


async def test_flows_that_another_process_imports_changes_and_removes_are_followed():
    async with client(flow(), flow("third")) as http:
        book = await other(http)
        await book.install(flow("second"))
        await book.install(flow(actions={"Other": COMPOSE}))
        await book.remove("third")
        changed = await http.runtime.follow()
        shown = (await http("GET", "/api/flows")).json["flows"]
        actions = list(http.runtime.flows.get("flow").definition.value["actions"])

    assert (changed, [each["name"] for each in shown], actions) == (
        ["flow", "second", "third"],
        ["flow", "second"],
        ["Other"],
    )


async def test_what_the_server_does_itself_is_no_news():
    async with client(flow(), flow("second")) as http:
        await http("POST", "/api/flows/flow/disable")
        await http("POST", "/api/flows/flow/enable")
        await http.runtime.remove("second")
        found = await http.runtime.follow()

    assert found == []


def test_a_recurrence_that_another_process_switches_off_stops():
    async def main(simulation):
        made = await runtime(simulation, flow(trigger=recurrence("Minute", 1)))
        await settle(300)
        book = FlowBook(Catalog(made.storage), made.host.clock)
        await book.open()
        await book.switch("flow", "Disabled")
        await made.follow()
        before = len(await statuses(made))
        await settle(600)
        after = len(await statuses(made))
        await made.stop()
        return before, after

    before, after = run_virtual(main)

    assert before == after > 0


@pytest.mark.slow
def test_a_served_flow_is_switched_off_from_a_terminal(tmp_path):
    written(tmp_path, "orders", Note=COMPOSE)

    def flows(*arguments: str) -> None:
        command = [sys.executable, "-m", "runafter", "flows", *arguments, "--db", str(tmp_path / "runs.db")]
        subprocess.run(command, check=True, capture_output=True)

    def state(server) -> str:
        return ask("GET", f"{server.base}/api/flows/orders")[2]["flow"]["state"]

    with served(tmp_path) as server:
        flows("disable", "orders")
        off = until(lambda: state(server), lambda found: found == "Disabled")
        refused = ask("POST", f"{server.base}/api/flows/orders/run", {})[0]
        flows("enable", "orders")
        on = until(lambda: state(server), lambda found: found == "Enabled")

    assert (off, refused, on) == ("Disabled", 409, "Enabled")
