"""The database in trouble while runs go on: full, locked. Real time, short waits."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest
from tests.contracts.databases import new_postgres_url
from tests.hosts.flows import TRIGGER, Echo, chain, http, load, load_program

from runafter.hosts.embedded.host import Host
from runafter.hosts.embedded.settings import HostSettings
from runafter.journal.leases import Leases
from runafter.storage.faults import DatabaseFull
from runafter.storage.open import open_storage
from runafter.storage.sqlite import open_sqlite

QUICK = HostSettings(lease_s=2.0, renew_s=0.2, retry_min_s=0.02, retry_max_s=0.1, stop_grace_s=0.5, poll_s=0.05)
QUICK_STOP = HostSettings(stop_grace_s=0.0)
FIVE = chain(**{f"A{n}": http() for n in range(5)})


async def test_a_disk_that_fills_up_delays_a_run_and_repeats_no_call(tmp_path) -> None:
    storage = await open_sqlite(tmp_path / "a.db")
    echo = Echo(body="x" * 50_000)
    host = Host(storage, echo, load_program=load_program, settings=QUICK)
    await host.start()
    run_id = await host.start_run(load(FIVE), TRIGGER, source=FIVE)
    limit = storage.session.connection
    pages = limit.execute("PRAGMA page_count").fetchone()[0]
    limit.execute(f"PRAGMA max_page_count = {pages + 2}")
    await asyncio.sleep(0.3)

    header = await host.journal.run(run_id)
    assert header is not None
    assert not header.is_finished
    with pytest.raises(DatabaseFull):
        await host.start_run(load(FIVE), {**TRIGGER, "outputs": {"body": "y" * 500_000}}, source=FIVE)
    limit.execute("PRAGMA max_page_count = 1000000")

    assert (await asyncio.wait_for(host.wait(run_id), 10)).status == "Succeeded"
    assert set(echo.calls.values()) == {1}
    assert len(await host.journal.read(run_id)) == 6
    assert len(await host.journal.runs()) == 1
    await host.stop()
    await storage.close()


async def test_a_locked_database_delays_a_run_and_repeats_no_call(tmp_path) -> None:
    storage = await open_sqlite(tmp_path / "a.db", busy_timeout_s=0.05)
    echo = Echo(delay_s=0.05)
    host = Host(storage, echo, load_program=load_program, settings=QUICK)
    await host.start()
    run_id = await host.start_run(load(FIVE), TRIGGER, source=FIVE)
    other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    await asyncio.sleep(0.4)
    other.execute("ROLLBACK")
    other.close()

    assert (await asyncio.wait_for(host.wait(run_id), 10)).status == "Succeeded"
    assert set(echo.calls.values()) == {1}
    await host.stop()
    await storage.close()


async def test_a_run_that_is_owned_and_not_driven_is_found(tmp_path) -> None:
    storage = await open_sqlite(tmp_path / "a.db")
    first = Host(storage, Echo(delay_s=10), load_program=load_program, settings=QUICK_STOP)
    await first.start()
    run_id = await first.start_run(load(FIVE), TRIGGER, source=FIVE)
    await first.stop()
    host = Host(storage, Echo(), load_program=load_program, settings=QUICK)
    leases = Leases(host.journal)
    assert await leases.take_one(host.owner, host.clock(), run_id)
    host._tenure.is_unsure = True

    await host.start()

    assert (await asyncio.wait_for(host.wait(run_id), 5)).status == "Succeeded"
    await host.stop()
    await storage.close()


@pytest.mark.postgres
async def test_a_lost_connection_delays_a_run_and_repeats_no_call() -> None:
    url = new_postgres_url()
    storage = await open_storage(url)
    echo = Echo(delay_s=0.05)
    host = Host(storage, echo, load_program=load_program, settings=QUICK)
    await host.start()
    run_id = await host.start_run(load(FIVE), TRIGGER, source=FIVE)
    other = await open_storage(url)
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE $1"
    for _ in range(3):
        await other.fetch_text(end, ("COMMIT%",))
        await asyncio.sleep(0.06)
    await other.close()

    assert (await asyncio.wait_for(host.wait(run_id), 10)).status == "Succeeded"
    assert set(echo.calls.values()) == {1}
    assert len(await host.journal.read(run_id)) == 6
    await host.stop()
    await storage.close()


async def test_a_listener_that_fails_does_not_stop_the_run(tmp_path) -> None:
    storage = await open_sqlite(tmp_path / "a.db")
    host = Host(storage, Echo(), load_program=load_program, settings=QUICK)
    await host.start()
    host.subscribe(lambda run_id, notice: 1 / 0)

    run_id = await host.start_run(load(FIVE), TRIGGER, source=FIVE)

    assert (await asyncio.wait_for(host.wait(run_id), 5)).status == "Succeeded"
    await host.stop()
    await storage.close()
