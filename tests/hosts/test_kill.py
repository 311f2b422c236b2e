"""Real processes, really killed. The long run: `python -m bench.kill --moments 60`."""

from __future__ import annotations

import asyncio
import json
import os
import signal

import pytest
from bench.kill import begin_victim, counting_server, finished_calls, kill_at_random_moments, outcome_of_run
from tests.contracts.databases import new_postgres_url

from runafter.journal.journal import Journal
from runafter.storage.open import open_storage

pytestmark = pytest.mark.slow


async def test_runs_survive_kills_at_random_moments(tmp_path) -> None:
    moments = int(os.environ.get("RUNAFTER_KILLS", "8"))

    facts = await kill_at_random_moments(str(tmp_path / "kill.db"), moments, seed=11)

    assert facts["kills"] == moments


@pytest.mark.postgres
async def test_a_killed_process_loses_nothing_to_another_on_postgres() -> None:
    url = new_postgres_url()
    async with counting_server() as server:
        storage = await open_storage(url)
        names = ["a", "b", "c"]
        first = await begin_victim(url, server, names)
        assert first.stdout is not None
        assert await first.stdout.readline() == b"ready\n"
        second = await begin_victim(url, server, names)
        assert second.stdout is not None
        assert await second.stdout.readline() == b"ready\n"
        first.send_signal(signal.SIGKILL)
        await first.communicate()
        recorded = await finished_calls(storage)
        before = {call: server.calls[call] for call in recorded}
        journal = Journal(storage)
        lengths = {run.id: run.position for run in await journal.runs()}
        while {run.id: run.position for run in await journal.runs()} == lengths:
            await asyncio.sleep(0.1)
        output, errors = await asyncio.wait_for(second.communicate(), 60)

        assert json.loads(output.splitlines()[-1])["ends"] == ["Succeeded"] * 3, errors.decode()
        assert {call: server.calls[call] for call in recorded} == before
        assert all(len(keys) == 1 for keys in server.keys.values())
        await storage.close()


@pytest.mark.postgres
async def test_late_writes_of_a_process_stopped_past_its_lease_are_refused() -> None:
    url = new_postgres_url()
    async with counting_server() as server:
        server.delay_s = 0.2
        storage = await open_storage(url)
        journal = Journal(storage)
        names = ["a", "b", "c"]
        frozen = await begin_victim(url, server, names, lease_s=1.0)
        assert frozen.stdout is not None
        assert await frozen.stdout.readline() == b"ready\n"
        await asyncio.sleep(0.5)
        frozen.send_signal(signal.SIGSTOP)
        owner = {run.owner for run in await journal.runs()}
        other = await begin_victim(url, server, names, lease_s=1.0)
        while owner & {run.owner for run in await journal.runs()}:
            await asyncio.sleep(0.1)
        frozen.send_signal(signal.SIGCONT)
        outputs = await asyncio.wait_for(asyncio.gather(frozen.communicate(), other.communicate()), 60)

        told = [json.loads(output.splitlines()[-1]) for output, _ in outputs]
        assert [each["ends"] for each in told] == [["Succeeded"] * 3] * 2
        assert told[0]["refused"] > 0
        ends = [await outcome_of_run(storage, run.id) for run in await journal.runs()]
        assert len(ends) == 3
        assert ends[0] == ends[1] == ends[2]
        assert all(len(keys) == 1 for keys in server.keys.values())
        await storage.close()
