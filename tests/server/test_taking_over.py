"""What the server does with changed files of its project: takes them over, says why not, tries again."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest
from tests.server.client import client
from tests.server.world import COMPOSE, REQUEST, SCHEMA

from runafter.local.outside import LocalOutside
from runafter.local.read import read
from runafter.project.project import read_project
from runafter.server import app
from runafter.server.connections import ServedConnections
from runafter.storage.faults import DatabaseLocked


def written(folder, **actions) -> None:
    home = folder / "flows" / "orders"
    home.mkdir(parents=True, exist_ok=True)
    value = {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "triggers": {"start": REQUEST}, "actions": actions}
    (home / "flow.json").write_text(json.dumps(value))


class Watched:
    """A runtime whose project is looked at as `serve` does, without a pause."""

    def __init__(self, path, http) -> None:
        self.path, self.runtime = path, http.runtime
        outside = LocalOutside()
        self.task = asyncio.ensure_future(app._watch(path, self.runtime, outside, ServedConnections(outside)))

    def actions(self) -> list[str]:
        return list(self.runtime.flows.get("orders").definition.value["actions"])

    async def until(self, wanted) -> None:
        async with asyncio.timeout(30):
            while not wanted():
                assert not self.task.done(), self.task.exception()
                await asyncio.sleep(0)


@pytest.fixture
def looks(monkeypatch) -> list[int]:
    """Look without a pause; gives one number per look."""
    found: list[int] = []
    stamps = app._stamps

    def looking(path):
        seen = stamps(path)
        found.append(len(seen))
        return seen

    monkeypatch.setattr(app, "_WATCH_S", 0)
    monkeypatch.setattr(app, "_stamps", looking)
    return found


async def watched(path, work) -> None:
    async with client() as http:
        await http.runtime.load(read_project(path, read))
        watching = Watched(path, http)
        await work(watching)
        watching.task.cancel()


async def test_a_change_that_cannot_be_read_is_told_by_its_place_and_the_next_is_taken_over(tmp_path, caplog, looks):
    written(tmp_path, Note=COMPOSE)

    async def work(watching: Watched) -> None:
        await watching.until(lambda: looks)
        (tmp_path / "flows" / "orders" / "flow.json").write_text('{\n "triggers": nothing}')
        await watching.until(lambda: "not taken over" in caplog.text)
        written(tmp_path, Other=COMPOSE)
        await watching.until(lambda: watching.actions() == ["Other"])

    await watched(tmp_path, work)

    assert f"{tmp_path / 'flows' / 'orders' / 'flow.json'}:2:14" in caplog.text


async def test_a_fault_of_ours_ends_no_watch(tmp_path, caplog, monkeypatch, looks):
    written(tmp_path, Note=COMPOSE)
    faults = [RuntimeError("ours")]

    def reading(path, reader):
        if faults:
            raise faults.pop()
        return read_project(path, reader)

    async def work(watching: Watched) -> None:
        monkeypatch.setattr(app, "read_project", reading)
        await watching.until(lambda: looks)
        written(tmp_path, First=COMPOSE)
        await watching.until(lambda: "ours" in caplog.text)
        written(tmp_path, Second_one=COMPOSE)
        await watching.until(lambda: watching.actions() == ["Second_one"])

    await watched(tmp_path, work)

    assert faults == []


async def test_a_change_that_met_a_locked_database_is_taken_over_later(tmp_path, caplog, monkeypatch, looks):
    caplog.set_level(logging.WARNING)
    written(tmp_path, Note=COMPOSE)

    async def work(watching: Watched) -> None:
        load, faults = watching.runtime.load, [DatabaseLocked("busy"), DatabaseLocked("busy")]

        async def loading(project):
            if faults:
                raise faults.pop()
            return await load(project)

        monkeypatch.setattr(watching.runtime, "load", loading)
        await watching.until(lambda: looks)
        written(tmp_path, Other=COMPOSE)
        await watching.until(lambda: watching.actions() == ["Other"])

    await watched(tmp_path, work)

    assert caplog.text.count("tried again") == 2


async def test_a_flow_with_half_a_character_in_it_is_served(tmp_path):
    written(tmp_path, Note={"type": "Compose", "inputs": {"\ud800": "\udfff"}})

    async with client() as http:
        await http.runtime.load(read_project(tmp_path, read))
        run = (await http("POST", "/api/flows/orders/run", {})).json["fired"][0]["run"]
        await http.runtime.host.wait(run)
        shown = (await http("GET", f"/api/runs/{run}/actions/Note")).json
        listed = await http("GET", "/api/flows/orders")

    assert (shown["status"], shown["outputs"], listed.status) == ("Succeeded", {"\ud800": "\udfff"}, 200)
