"""The review queue: runs that ended badly wait for somebody, and are closed by API, page or command line."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.server.world import Answers, flow, runtime, settle, statuses

from runafter.project.project import InvalidProject, Sidecar, read_sidecar
from runafter.server.firing import FlowDisabled
from runafter.server.runtime import NotAnswerable
from runafter.simulator.host import run_virtual

FAIL = {"Stop": {"type": "Terminate", "inputs": {"runStatus": "Failed", "runError": {"code": "E1", "message": "no"}}}}
REVIEWED = Sidecar(review=("Failed",))


def test_a_failed_run_lands_in_the_queue_once_over_restarts():
    async def main(simulation):
        storage = simulation.storage()
        for _ in range(2):
            made = await runtime(simulation, flow(actions=FAIL, sidecar=REVIEWED), storage=storage)
            if not await statuses(made):
                await made.run_now("flow", given={})
                await settle(2)
            items = await made.catalog.items(status="open")
            await made.stop()
        return [(item.kind, item.detail["title"], item.detail["details"]) for item in items]

    assert run_virtual(main) == [("review", "flow: a run ended Failed", "E1: no")]


def test_a_review_is_closed_or_run_again_but_not_twice():
    async def main(simulation):
        made = await runtime(simulation, flow(actions=FAIL, sidecar=REVIEWED), outside=Answers())
        await made.run_now("flow", given={})
        await settle(2)
        (item,) = await made.catalog.items(status="open")
        closed = await made.answer(item.id, "Run again", comments="fixed")
        await settle(2)
        with pytest.raises(NotAnswerable):
            await made.answer(item.id, "Done")
        told = closed.status, closed.detail["comments"], await statuses(made)
        waiting = [each.kind for each in await made.catalog.items(status="open")]
        await made.stop()
        return *told, waiting

    assert run_virtual(main) == ("closed", "fixed", ["Failed", "Failed"], ["review"])


def test_of_two_who_run_it_again_at_once_one_is_told_that_it_is_done():
    async def main(simulation):
        made = await runtime(simulation, flow(actions=FAIL, sidecar=REVIEWED))
        await made.run_now("flow", given={})
        await settle(2)
        (item,) = await made.catalog.items(status="open")
        both = await asyncio.gather(*(made.answer(item.id, "Run again") for _ in range(2)), return_exceptions=True)
        await settle(2)
        found = sorted(type(each).__name__ for each in both), len(await statuses(made))
        kept = await made.catalog.item(item.id)
        runs = [header.id for header in await made.host.journal.runs()]
        await made.stop()
        return *found, kept.detail["again"] == runs[0]

    assert run_virtual(main) == (["InboxItem", "NotAnswerable"], 2, True)


def test_a_review_that_cannot_be_run_again_stays_open():
    async def main(simulation):
        made = await runtime(simulation, flow(actions=FAIL, sidecar=REVIEWED))
        await made.run_now("flow", given={})
        await settle(2)
        (item,) = await made.catalog.items(status="open")
        await made.switch("flow", "Disabled")
        with pytest.raises(FlowDisabled):
            await made.answer(item.id, "Run again")
        (left,) = await made.catalog.items(status="open")
        done = await made.answer(left.id, "Done")
        await made.stop()
        return done.status

    assert run_virtual(main) == "closed"


def test_flows_that_ask_for_no_review_get_none():
    async def main(simulation):
        made = await runtime(simulation, flow(actions=FAIL))
        await made.run_now("flow", given={})
        await settle(2)
        told = await made.catalog.items(status="open")
        await made.stop()
        return told

    assert run_virtual(main) == []


def test_an_unknown_end_is_refused_in_the_sidecar(tmp_path: Path):
    (tmp_path / "flow.toml").write_text('review = ["Faild"]')

    with pytest.raises(InvalidProject, match="review"):
        read_sidecar(tmp_path / "flow.toml")


def test_the_queue_is_listed_and_closed_from_a_terminal(tmp_path: Path):
    def runafter(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "runafter", *arguments, "--db", "t.db"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    folder = tmp_path / "flows" / "broken"
    folder.mkdir(parents=True)
    document = {"triggers": {"manual": {"type": "Request", "kind": "Http", "inputs": {}}}, "actions": FAIL}
    (folder / "flow.json").write_text(json.dumps(document))
    (folder / "flow.toml").write_text('review = ["Failed"]')
    assert runafter("import", str(tmp_path)).returncode == 0
    started = runafter("flows", "run", "broken", "--trigger", "{}")
    run = started.stdout.split()[-1]

    # A server puts the item there; the command line reads the same database.
    from runafter.catalog.catalog import Catalog
    from runafter.server.inbox import Inbox
    from runafter.storage.open import open_storage

    async def ask() -> None:
        storage = await open_storage(str(tmp_path / "t.db"))
        await Inbox(Catalog(storage), lambda: 1, None).ask_review("broken", run, "Failed", {"message": "no"})  # type: ignore[arg-type]
        await storage.close()

    asyncio.run(ask())

    listed = runafter("review", "list", "--json")
    closed = runafter("review", "close", run[:20], "--comment", "seen")
    empty = runafter("review", "list")
    again = runafter("review", "close", run[:20])

    assert [item["title"] for item in json.loads(listed.stdout)] == ["broken: a run ended Failed"]
    assert closed.returncode == 0, closed.stderr
    assert "Nothing to review." in empty.stdout
    assert again.returncode == 2
    assert "nothing open begins" in again.stderr
